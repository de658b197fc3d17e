"""Print one table of everything that the new physics is compared with: ``python validate.py``.

Both codes at high precision. Progress goes to the standard error, the table also to
docs/validation.md. Exits with 1 if a line does not hold.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import comparisons
from closed_forms import ALLOWED, random_universe, worst_of
from codes import BIN_POINTS, EDE_POINTS, Codes, Compared
from conservation import conservation
from lines import Line
from spectra import EDE, W10, compute

from ede_wbins.boltzmann import install, load
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.installer import place
from ede_wbins.boltzmann.loader import import_package
from ede_wbins.boltzmann.sdist import CLASSY

DOCUMENT = Path(__file__).parents[2] / "docs" / "validation.md"
HEADER = ("quantity", "reference", "worst difference", "floor", "verdict")
TITLE = """\
# What was checked

Written by `make validate`. The worst difference is relative, that of TE in units of sqrt(TT EE),
over all l, k in [1e-3, 1]/Mpc and z = 0, 1, 2; EE and TE against CAMB from l = 30 on. Against CAMB
the floor is what the two codes differ by for LambdaCDM, both at high precision, with RECFAST and
the same neutrinos. A response is a model's difference minus that of LambdaCDM. A floor of 0 means
every digit. EDE points are (fEDE, log10z_c, thetai_ede).

"""


def sections(classy, stock) -> Iterator[tuple[str, list[Line]]]:
    """Name and lines of one comparison after the other, computed when asked for."""
    yield "closed forms", closed_forms(classy, range(200))
    yield "released CLASS", comparisons.released_class(classy, stock)
    lcdm = compute(classy)
    yield "no dark energy", comparisons.no_dark_energy(classy, lcdm)
    yield "equal bins", comparisons.equal_bins(classy)
    yield "large n", comparisons.large_n(classy)
    yield "gauges", comparisons.gauges(classy, lcdm, compute(classy, **EDE, **W10))
    yield "smooth bins", comparisons.smooth_bins(classy)
    yield "tolerance", comparisons.power_at_default_tolerance(classy)
    for log10z_c in (3.0, 3.55, 4.3):
        yield f"averaging, 10^{log10z_c}", comparisons.late_averaging(classy, log10z_c)
    yield "precision parameters", comparisons.convergence(classy)
    for model in ("fluid", "scalar"):
        yield f"conservation, {model}", conservation(classy, ede_model=model)
    against_camb = Compared(Codes(classy, high=True))
    yield "CAMB, LambdaCDM", against_camb.lambda_cdm()
    for point in EDE_POINTS:
        yield f"CAMB, fluid {point}", against_camb.fluid(point)
    for w, edges in BIN_POINTS:
        yield f"CAMB, bins {w}", against_camb.bins(w, edges)
    for point in EDE_POINTS:
        yield f"CAMB, field {point}", against_camb.field(point)


def closed_forms(classy, seeds: range) -> list[Line]:
    """The background of random points of the prior."""
    worst = dict.fromkeys(ALLOWED, 0.0)
    for seed in seeds:
        for name, difference in worst_of(classy, random_universe(seed)).items():
            worst[name] = max(worst[name], difference)
    reference = f"closed form, {len(seeds)} points"
    return [Line(name, reference, worst[name], allowed) for name, allowed in ALLOWED.items()]


def table(lines: list[Line]) -> str:
    """Markdown, columns aligned."""
    rows = [HEADER, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-p", "--packages", default=os.environ.get("COBAYA_PACKAGES_PATH", "packages")
    )
    packages = parser.parse_args().packages
    install(packages)
    classy = load(packages)
    folder = Path(classy.__file__).parent.with_name("classy_stock")
    place(folder, CLASSY, Patch())
    lines, start = [], time.monotonic()
    for name, section in sections(classy, import_package(folder.name, folder)):
        failed = sum(not line.holds for line in section)
        verdict = f"{failed} of {len(section)} fail" if failed else f"{len(section)} hold"
        print(f"[{time.monotonic() - start:5.0f} s] {name}: {verdict}", file=sys.stderr, flush=True)
        lines += section
    print(table(lines))
    DOCUMENT.write_text(TITLE + table(lines) + "\n")
    sys.exit(not all(line.holds for line in lines))


if __name__ == "__main__":
    main()
