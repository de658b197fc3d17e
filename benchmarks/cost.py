"""What a computation costs and how exact it is: ours, the released CLASS, CAMB.

CPU seconds of one thread for lensed C_l to l = 2508 and P(k) to 1/Mpc with one neutrino of 0.06 eV,
interleaved over n rounds, medians. Beside each the accuracy sqrt(D^T C^-1 D), D the change of
bandpowers against the same code at reference precision, for plik-lite, and for ACT DR4-like noise
with top-hat windows (bins that end at l <= 2508).

    OMP_NUM_THREADS=1 python benchmarks/cost.py -p packages [-n 5] [-o docs/cost.md]

Rounds and spectra are kept beside the output, so that a stopped run goes on. Where others use the
machine, trust the ratios more than the seconds. Ours are at `precision: default` unless the row
says otherwise.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from bandpowers import act_dr4, plik_lite
from universes import (
    EDE,
    L_MAX,
    bins,
    camb_field,
    camb_fluid,
    released_class,
    with_camb,
    with_class,
)

from ede_wbins.boltzmann import load
from ede_wbins.theory.options import precision_settings

Job = Callable[[], tuple[float, dict]]
SCALAR = EDE | {"ede_model": "scalar"}
MATCHED = EDE | {"ede_model": "fluid_matched"}


def jobs(packages: Path) -> dict[str, tuple[Job, str]]:
    """What is timed, and the name of the reference that its accuracy is measured against."""
    released, ours = released_class(packages), load(packages)

    def our(preset: str, **inputs) -> Job:
        return lambda: with_class(ours, **precision_settings(preset), **inputs)

    full = EDE | bins(10)
    return {
        "classy LambdaCDM": (lambda: with_class(released), "LambdaCDM"),
        "camb LambdaCDM": (with_camb, "camb LambdaCDM"),
        "camb EDE fluid": (lambda: with_camb(camb_fluid()), "camb EDE fluid"),
        "camb EDE field": (lambda: with_camb(camb_field()), "camb EDE field"),
        "LambdaCDM": (our("default"), "LambdaCDM"),
        "EDE fluid": (our("default", **EDE), "EDE fluid"),
        "3 bins": (our("default", **bins(3)), "3 bins"),
        "5 bins": (our("default", **bins(5)), "5 bins"),
        "10 bins": (our("default", **bins(10)), "10 bins"),
        "EDE fluid + 10 bins": (our("default", **full), "full"),
        "EDE fluid + 10 bins, planck": (our("planck", **full), "full"),
        "EDE fluid + 10 bins, CLASS's own": (lambda: with_class(ours, **full), "full"),
        "EDE fluid + 10 bins, halofit": (our("default", non_linear="halofit", **full), ""),
        "EDE fluid + 10 bins, hmcode": (our("default", non_linear="hmcode", **full), ""),
        "EDE field": (our("default", **SCALAR), "EDE field"),
        "EDE matched fluid": (our("default", **MATCHED), "EDE matched fluid"),
    }


def references(packages: Path) -> dict[str, Job]:
    """The same at reference precision."""
    ours, settings = load(packages), precision_settings("reference")
    universes = {
        **{"full": EDE | bins(10), "LambdaCDM": {}, "EDE fluid": EDE, "EDE field": SCALAR},
        "EDE matched fluid": MATCHED,
        **{f"{n} bins": bins(n) for n in (3, 5, 10)},
    }

    def reference(inputs: dict) -> Job:
        return lambda: with_class(ours, **settings, **inputs)

    return {
        **{name: reference(inputs) for name, inputs in universes.items()},
        "camb LambdaCDM": lambda: with_camb(None, 2),
        "camb EDE fluid": lambda: with_camb(camb_fluid(), 2),
        "camb EDE field": lambda: with_camb(camb_field(), 2),
    }


def measure(work: dict[str, tuple[Job, str]], rounds: int, kept: "Kept") -> None:
    """CPU seconds of each round, and spectra."""
    for number in range(len(kept.rounds), rounds):
        seconds, spectra = {}, {}
        for name, (job, _) in work.items():
            print(f"\rround {number + 1} of {rounds}: {name:40s}", end="", flush=True)
            seconds[name], spectra[name] = job()
        kept.rounds.append(seconds)
        kept.spectra = plain(spectra)
        kept.write()
    print()


def compute_references(exact: dict[str, Job], kept: "Kept") -> None:
    """Spectra at reference precision."""
    for name, job in exact.items():
        if name not in kept.references:
            print(f"\rreference: {name:40s}", end="", flush=True)
            kept.references |= plain({name: job()[1]})
            kept.write()
    print()


def plain(spectra: dict[str, dict]) -> dict[str, dict[str, list]]:
    """Spectra that JSON can hold."""
    return {name: {key: cl.tolist() for key, cl in each.items()} for name, each in spectra.items()}


@dataclass
class Kept:
    """What is known already: CPU seconds of each round, its last spectra, and exact ones."""

    path: Path | None
    identity: dict
    rounds: list[dict[str, float]] = field(default_factory=list)
    spectra: dict[str, dict[str, list]] = field(default_factory=dict)
    references: dict[str, dict[str, list]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None, identity: dict) -> "Kept":
        """From the file, unless it is of something else."""
        found = json.loads(path.read_text()) if path and path.exists() else {}
        same = found.pop("identity", None) == identity
        return cls(path, identity, **(found if same else {}))

    def write(self) -> None:
        """Into the file."""
        names = ("identity", "rounds", "spectra", "references")
        if self.path:
            self.path.write_text(json.dumps({name: getattr(self, name) for name in names}))


def accuracies(work: dict, kept: Kept, data: Path) -> dict[str, list[float]]:
    """sqrt(D^T C^-1 D) of each, for each experiment."""

    def white(spectra: dict) -> list[np.ndarray]:
        arrays = {key: np.array(cl) for key, cl in spectra.items()}
        return [each.white(arrays) for each in experiments]

    experiments = plik_lite(data), act_dr4(data, L_MAX)
    found = {}
    for name, (_, reference) in work.items():
        if reference:
            pairs = zip(white(kept.spectra[name]), white(kept.references[reference]), strict=True)
            found[name] = [float(np.linalg.norm(one - exact)) for one, exact in pairs]
    return found


def table(rounds: list[dict[str, float]], accuracy: dict[str, list[float]]) -> str:
    """One row a job."""
    medians = {name: np.median([each[name] for each in rounds]) for name in rounds[0]}
    base, camb = medians["classy LambdaCDM"], medians["camb EDE fluid"]
    lines = [
        "| job | CPU s | over classy LambdaCDM | over camb EDE fluid | plik-lite | ACT DR4-like |",
        "|---|---|---|---|---|---|",
    ]
    for name, spent in medians.items():
        errors = " | ".join(f"{x:.2f}" for x in accuracy[name]) if name in accuracy else "| "
        lines.append(
            f"| {name} | {spent:.2f} | {spent / base:.2f} | {spent / camb:.2f} | {errors} |"
        )
    return "\n".join([f"Rounds: {len(rounds)}.", "", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-d", "--data", type=Path, help="default: <packages>/data")
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    packages = args.packages_path.resolve()
    data = args.data or packages / "data"
    work, exact = jobs(packages), references(packages)
    identity = {
        "patch": load(packages).ede_wbins_patch,
        "precision": {
            name: precision_settings(name) for name in ("default", "planck", "reference")
        },
        "jobs": list(work),
    }
    kept = Kept.read(args.output and args.output.with_suffix(".json"), identity)
    measure(work, args.rounds, kept)
    print(table(kept.rounds, {}), flush=True)
    compute_references(exact, kept)
    text = table(kept.rounds, accuracies(work, kept, data))
    print(text)
    if args.output:
        args.output.write_text(f"# Cost\n\n{__doc__}\n{text}\n")


if __name__ == "__main__":
    main()
