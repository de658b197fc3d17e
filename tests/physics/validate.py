"""Print one table of everything that the new physics is compared with: ``python validate.py``.

Both codes at high precision. Progress goes to the standard error, the table also to
docs/validation.md. Comparisons done are kept beside it, so that a stopped run goes on. Exits with 1
if a line does not hold.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

import comparisons
from closed_forms import ALLOWED, random_universe, worst_of
from codes import BIN_POINTS, EDE_POINTS, Codes, Compared
from conservation import conservation
from lines import Line
from spectra import compute

from ede_wbins.boltzmann import install, load
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.installer import place
from ede_wbins.boltzmann.loader import import_package
from ede_wbins.boltzmann.sdist import CLASSY

DOCUMENT = Path(__file__).parents[2] / "docs" / "validation.md"
KEPT = DOCUMENT.with_suffix(".json")
HEADER = ("quantity", "reference", "worst difference", "floor", "verdict")
TITLE = """\
# What was checked

Written by `make validate`. The worst difference is relative, that of TE in units of sqrt(TT EE),
over all l, k in [1e-3, 1]/Mpc and z = 0, 1, 2; against CAMB EE and TE from l = 30 on. There the
floor is what the two codes differ by for LambdaCDM, both at high precision, with RECFAST as CAMB
has tuned it and the same neutrinos, and CAMB computing each multipole up to l = 150. Bins have the
H0 that leaves the acoustic peaks where LambdaCDM has them; a response is a model's difference minus
that of LambdaCDM. A floor of 0 means every digit. EDE points are (fEDE, log10z_c, thetai_ede).

"""


def sections(classy, stock) -> dict[str, Callable[[], list[Line]]]:
    """The comparisons, by name, to be computed when asked for."""
    lcdm = cache(lambda: compute(classy))
    against_camb = cache(lambda: Compared(Codes(classy, high=True)))
    return {
        "closed forms": lambda: closed_forms(classy, range(200)),
        "released CLASS": lambda: comparisons.released_class(classy, stock),
        "no dark energy": lambda: comparisons.no_dark_energy(classy, lcdm()),
        "equal bins": lambda: comparisons.equal_bins(classy),
        "nearly equal bins": lambda: comparisons.nearly_equal_bins(classy),
        "large n": lambda: comparisons.large_n(classy),
        "gauges": lambda: comparisons.gauges(classy),
        "smooth bins": lambda: comparisons.smooth_bins(classy),
        "tolerance": lambda: comparisons.power_at_default_tolerance(classy),
        **{
            f"averaging, 10^{z}": partial(comparisons.late_averaging, classy, z)
            for z in (3.0, 3.55, 4.3)
        },
        "late times": lambda: comparisons.late_times(classy),
        "between times": lambda: comparisons.power_between_times(classy),
        "precision parameters": lambda: comparisons.convergence(classy),
        **{
            f"conservation, {model}": partial(conservation, classy, ede_model=model)
            for model in ("fluid", "fluid_matched", "scalar")
        },
        "CAMB, LambdaCDM": lambda: against_camb().lambda_cdm(),
        **{f"CAMB, fluid {x}": lambda x=x: against_camb().fluid(x) for x in EDE_POINTS},
        **{f"CAMB, bins {x[0]}": lambda x=x: against_camb().bins(*x) for x in BIN_POINTS},
        **{f"CAMB, field {x}": lambda x=x: against_camb().field(x) for x in EDE_POINTS},
    }


def computed(work: dict[str, Callable[[], list[Line]]], patch: str) -> Iterator[list[Line]]:
    """The lines of one comparison after the other; what a run with this patch has kept is read."""
    done = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    found = done["lines"] if done.get("patch") == patch else {}
    start = time.monotonic()
    for name, compare in work.items():
        if name not in found:
            found[name] = [asdict(line) for line in compare()]
            KEPT.write_text(json.dumps({"patch": patch, "lines": found}, indent=1) + "\n")
        lines = [Line(**line) for line in found[name]]
        failed = sum(not line.holds for line in lines)
        verdict = f"{failed} of {len(lines)} fail" if failed else f"{len(lines)} hold"
        print(f"[{time.monotonic() - start:5.0f} s] {name}: {verdict}", file=sys.stderr, flush=True)
        yield lines


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
    work = sections(classy, import_package(folder.name, folder))
    lines, left = [], list(work)
    for section in computed(work, classy.ede_wbins_patch):
        lines += section
        left = left[1:]
        unfinished = f"\nStopped before: {'; '.join(left)}.\n" if left else ""
        DOCUMENT.write_text(TITLE + table(lines) + "\n" + unfinished)
    print(table(lines))
    sys.exit(not all(line.holds for line in lines))


if __name__ == "__main__":
    main()
