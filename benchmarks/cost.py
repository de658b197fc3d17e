"""What a computation costs and how exact it is: ours, the released CLASS, CAMB.

    OMP_NUM_THREADS=1 python benchmarks/cost.py -p packages [-n 5] [-o docs/cost.md]

CPU seconds of one thread, interleaved over n rounds, medians. Beside each the accuracy
sqrt(D^T C^-1 D), D the change of bandpowers against the same code at reference precision, for
plik-lite, and for ACT DR4-like noise with top-hat windows (bins that end at l <= 2508). Spectra at
reference precision are kept beside the output, so that a stopped run goes on; Ctrl-C among them
makes the table without the rest.
"""

import argparse
import json
from collections.abc import Callable
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
    }


def references(packages: Path) -> dict[str, Job]:
    """The same at reference precision."""
    ours, settings = load(packages), precision_settings("reference")
    universes = {
        **{"full": EDE | bins(10), "LambdaCDM": {}, "EDE fluid": EDE, "EDE field": SCALAR},
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


def measure(work: dict[str, tuple[Job, str]], rounds: int) -> tuple[dict, dict]:
    """CPU seconds of each round, and spectra."""
    seconds, spectra = {name: [] for name in work}, {}
    for number in range(rounds):
        for name, (job, _) in work.items():
            print(f"\rround {number + 1} of {rounds}: {name:40s}", end="", flush=True)
            try:
                spent, spectra[name] = job()
                seconds[name].append(spent)
            except Exception as error:
                print(f"\n{name}: not in this build ({str(error).split('=>')[-1].strip()})")
    print()
    return seconds, spectra


def reference_spectra(exact: dict[str, Job], kept: Path | None, identity: dict) -> dict:
    """Spectra at reference precision, from the file where it has them."""
    done = json.loads(kept.read_text()) if kept and kept.exists() else {}
    found = done["spectra"] if done.get("identity") == identity else {}
    for name, job in exact.items():
        if name not in found:
            print(f"\rreference: {name:40s}", end="", flush=True)
            try:
                found[name] = {key: cl.tolist() for key, cl in job()[1].items()}
            except KeyboardInterrupt:
                break
            if kept:
                kept.write_text(json.dumps({"identity": identity, "spectra": found}))
    print()
    return {name: {key: np.array(cl) for key, cl in each.items()} for name, each in found.items()}


def accuracies(work: dict, spectra: dict, exact: dict[str, dict], data: Path) -> dict:
    """sqrt(D^T C^-1 D) of each, for each experiment."""
    experiments = plik_lite(data), act_dr4(data, L_MAX)
    found = {}
    for name, truth in exact.items():
        for other, (_, ref) in work.items():
            if ref == name and other in spectra:
                found[other] = [
                    float(np.linalg.norm(each.white(spectra[other]) - each.white(truth)))
                    for each in experiments
                ]
    return found


def table(seconds: dict, accuracy: dict) -> str:
    """One row a job."""
    medians = {name: np.median(each) for name, each in seconds.items() if each}
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
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-d", "--data", type=Path, help="default: <packages>/data")
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    packages = args.packages_path.resolve()
    data = args.data or packages / "data"
    work = jobs(packages)
    seconds, spectra = measure(work, args.rounds)
    print(table(seconds, {}), flush=True)
    identity = {
        "patch": load(packages).ede_wbins_patch,
        "reference": precision_settings("reference"),
    }
    kept = args.output and args.output.with_suffix(".json")
    exact = reference_spectra(references(packages), kept, identity)
    text = table(seconds, accuracies(work, spectra, exact, data))
    print(text)
    if args.output:
        args.output.write_text(f"# Cost\n\n{__doc__}\n{text}\n")


if __name__ == "__main__":
    main()
