"""Best fits of runs to public data: minimum chi2 from several starts, in one table.

    python benchmarks/best_fits.py -p packages -d PACKAGES -o chains/README.md

A run is started `LEAST` times, and then until its two best ends agree to 0.1 in chi2, `MOST` times
at most. Each better point is kept in chains/best_fits.jsonl: called again, it goes on there. Where
ACT DR4's released windows are not there, its likelihood's named approximation takes their place.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

from ede_wbins import boltzmann
from ede_wbins.analysis.best_fit import Fit, Search
from ede_wbins.analysis.profile_run import centre_and_covariance
from ede_wbins.likelihoods.act_dr4 import approximate_missing_windows

YAMLS = Path(__file__).parent.parent / "yamls"
RUNS = (
    "paper/planck_lensing_bao/lcdm",
    "paper/planck_lensing_bao/ede",
    "2026/planck_desi_union3/lcdm",
    "2026/planck_desi_union3/ede_w3",
    "paper/act_lensing_bao_sn_des/lcdm",
    "paper/act_lensing_bao_sn_des/ede_w3",
)
LEAST, MOST, AGREED = 2, 6, 0.1
SPREAD = 1.5
"""Of the starts, in standard deviations."""
MARK = "<!-- From here on written by `make best-fits` (benchmarks/best_fits.py) -->"


class Record:
    """Ends of searches, and their best points so far, by run and start, in a file of JSON lines."""

    def __init__(self, path: Path, version: str):
        self._path, self.version = path, version
        self.fits: dict[str, dict[int, tuple[bool, Fit]]] = {}
        for line in path.read_text().splitlines() if path.is_file() else []:
            entry = json.loads(line)
            if entry["class"] == version:
                self._take(entry)

    def _take(self, entry: dict) -> None:
        fits = self.fits.setdefault(entry["run"], {})
        fits[entry["start"]] = entry["done"], Fit(**entry["fit"])

    def add(self, run: str, start: int, done: bool, fit: Fit) -> None:
        entry = {"class": self.version, "run": run, "start": start, "done": done}
        self._take(entry | {"fit": asdict(fit)})
        with open(self._path, "a") as file:
            file.write(json.dumps(entry | {"fit": asdict(fit)}) + "\n")

    def done(self, run: str) -> list[Fit]:
        """The ends of a run's searches, best first."""
        fits = [fit for done, fit in self.fits.get(run, {}).values() if done]
        return sorted(fits, key=lambda fit: fit.chi2)

    def is_settled(self, run: str) -> bool:
        chi2 = [fit.chi2 for fit in self.done(run)]
        return len(chi2) >= MOST or (len(chi2) >= LEAST and chi2[1] - chi2[0] < AGREED)


def search_of(run: str, packages: Path, data: Path) -> tuple[Search, np.ndarray]:
    """Search of a run, and the centre of its starts."""
    info = yaml_load_file(str(YAMLS / f"{run}.yaml"))
    del info["output"]
    covmat = info.pop("sampler")["mcmc"]["covmat"]
    ((_, options),) = info["theory"].items()
    info["theory"] = {
        "ede_wbins.theory.tangent.Tangent": {**options, "path": str(packages)},
    }
    approximate_missing_windows(info["likelihood"], data)
    model = get_model({**info, "packages_path": str(data), "debug": logging.ERROR})
    centre, covariance = centre_and_covariance(model, covmat)
    search = Search(model, covariance, lambda line: print(f"  {line}", flush=True))
    return search, np.array([centre[name] for name in search.names])


def fit_run(run: str, record: Record, packages: Path, data: Path) -> None:
    """Start searches of a run until they agree."""
    if record.is_settled(run):
        return
    search, centre = search_of(run, packages, data)
    for number in range(MOST):
        done, before = record.fits.get(run, {}).get(number, (False, None))
        if done or record.is_settled(run):
            continue
        x = centre
        if before:
            x = np.array([before.parameters[name] for name in search.names])
        elif number:
            x = centre + SPREAD * search.draw(np.random.default_rng(number))
        print(f"{run}, start {number + 1}{' goes on' if before else ''}", flush=True)

        def kept(done: bool, fit: Fit, number=number, before=before) -> None:
            if before:
                fit.evaluations += before.evaluations
                fit.seconds += before.seconds
            record.add(run, number, done, fit)

        kept(True, search.run(x, lambda fit, kept=kept: kept(False, fit)))
    search.model.close()


def table(record: Record) -> str:
    """All runs that have an end, a column each, as Markdown."""
    columns = {run: record.done(run) for run in RUNS if record.done(run)}
    best = {run: fits[0] for run, fits in columns.items()}

    def rows(title: str, part, form: str) -> list[str]:
        names = dict.fromkeys(name for fit in best.values() for name in part(fit))
        return [f"| **{title}** |" + " |" * len(best)] + [
            " | ".join(
                [
                    f"| {name}",
                    *(f"{part(f)[name]:{form}}" if name in part(f) else "" for f in best.values()),
                ]
            )
            + " |"
            for name in names
        ]

    def row(name: str, values) -> str:
        return " | ".join([f"| {name}", *map(str, values)]) + " |"

    def derived(fit: Fit) -> dict[str, float]:
        return {k: v for k, v in fit.derived.items() if not k.startswith(("chi2__", "A_s"))}

    lines = [
        row("", (run.split("/")[-1] for run in best)),
        "|---" * (1 + len(best)) + "|",
        row("data", (run.rsplit("/", 1)[0] for run in best)),
        *rows("chi2", lambda fit: fit.by_likelihood, ".2f"),
        row("all", (f"{fit.chi2:.2f}" for fit in best.values())),
        *rows("parameters", lambda fit: fit.parameters, ".6g"),
        *rows("derived", derived, ".5g"),
        row("**searches**", [""] * len(best)),
        row("starts", map(len, columns.values())),
        row(
            "chi2 of each above the best",
            (
                " ".join(f"{fit.chi2 - fits[0].chi2:.2f}" for fit in fits[1:])
                for fits in columns.values()
            ),
        ),
        row("calls of CLASS", (sum(fit.evaluations for fit in fits) for fits in columns.values())),
        row("CPU s", (f"{sum(fit.seconds for fit in fits):.0f}" for fits in columns.values())),
    ]
    return "\n".join([*lines, "", f"With CLASS {record.version}."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True, help="has CLASS")
    parser.add_argument("-d", "--data", type=Path, required=True, help="packages path of the data")
    parser.add_argument("-o", "--output", type=Path, required=True, help="page the table ends")
    parser.add_argument("runs", nargs="*", default=RUNS)
    args = parser.parse_args()
    version = boltzmann.load(args.packages_path).__version__
    record = Record(args.output.parent / "best_fits.jsonl", version)
    for run in args.runs:
        fit_run(run, record, args.packages_path, args.data)
        text = args.output.read_text().split(MARK)[0]
        args.output.write_text(f"{text}{MARK}\n\n{table(record)}")
    print(table(record))


if __name__ == "__main__":
    main()
