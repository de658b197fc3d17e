"""Best fits of runs to public data: minimum chi2 from several starts, in one table.

    mpirun -n 2 python benchmarks/best_fits.py -p packages -d PACKAGES -o chains/README.md [RUN...]

MPI processes train an emulator together and share the starts. What they find is kept in
chains/best_fits: called again, it goes on there. Where ACT DR4's released windows are not there,
its likelihood's named approximation takes their place.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.model import get_model
from cobaya.output import get_output
from cobaya.yaml import yaml_load_file

from ede_wbins import boltzmann
from ede_wbins.analysis.best_fit import Fit, Search
from ede_wbins.likelihoods.act_dr4 import approximate_missing_windows

YAMLS = Path(__file__).parent.parent / "yamls"
CHAINS = Path("chains/best_fits")
RUNS = (
    "paper/planck_lensing_bao/lcdm",
    "paper/planck_lensing_bao/ede",
    "2026/planck_desi_union3/lcdm",
    "2026/planck_desi_union3/ede_w3",
    "paper/act_lensing_bao_sn_des/lcdm",
    "paper/act_lensing_bao_sn_des/ede_w3",
)
STARTS = 4
MARK = "<!-- From here on written by `make best-fits` (benchmarks/best_fits.py) -->"


class Record:
    """Ends of searches, by run and start, in a file of JSON lines that processes share."""

    def __init__(self, path: Path, version: str):
        self._path, self.version = path, version

    def add(self, run: str, start: int, fit: Fit) -> None:
        entry = {"class": self.version, "run": run, "start": start, "fit": asdict(fit)}
        with open(self._path, "a") as file:
            file.write(json.dumps(entry) + "\n")

    def fits(self, run: str) -> dict[int, Fit]:
        """The ends of a run's searches, by start."""
        lines = self._path.read_text().splitlines() if self._path.is_file() else []
        entries = [
            e for e in map(json.loads, lines) if (e["class"], e["run"]) == (self.version, run)
        ]
        return {entry["start"]: Fit(**entry["fit"]) for entry in entries}

    def sorted(self, run: str) -> list[Fit]:
        """Those ends, best first."""
        return sorted(self.fits(run).values(), key=lambda fit: fit.chi2)


def search_of(run: str, packages: Path, data: Path) -> Search:
    """Search of a run, whose training is kept beside the record."""
    info = yaml_load_file(str(YAMLS / f"{run}.yaml"))
    (sampler,), ((_, options),) = info.pop("sampler").values(), info["theory"].items()
    options |= {"path": str(packages), "start": sampler["covmat"]}
    info["theory"] = {"ede_wbins.EmulatedEDEWBins": options}
    approximate_missing_windows(info["likelihood"], data)
    # The emulator's files lie where the output of the run is that it is part of.
    output = get_output(prefix=str(CHAINS / run.replace("/", "_")))
    model = get_model({**info, "packages_path": str(data)})
    return Search(model, lambda line: print(f"  {output.prefix}: {line}", flush=True))


def fit_run(run: str, record: Record, packages: Path, data: Path) -> None:
    """Make the searches of a run that are not done."""
    todo = mpi.share_mpi([n for n in range(STARTS) if n not in record.fits(run)])
    if not todo:
        return
    search = search_of(run, packages, data)
    for number in todo[mpi.rank() :: mpi.size()]:
        print(f"{run}, start {number + 1}", flush=True)
        record.add(run, number, search.run(np.random.default_rng(number)))
    search.model.close()
    mpi.sync_processes()


def table(record: Record) -> str:
    """All runs that have an end, a column each, as Markdown."""
    columns = {run: fits for run in RUNS if (fits := record.sorted(run))}
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
    CHAINS.mkdir(parents=True, exist_ok=True)
    version = boltzmann.load(args.packages_path).__version__
    record = Record(CHAINS / "best_fits.jsonl", version)
    for run in args.runs:
        fit_run(run, record, args.packages_path, args.data)
        if mpi.is_main_process():
            text = args.output.read_text().split(MARK)[0]
            args.output.write_text(f"{text}{MARK}\n\n{table(record)}")
            print(table(record), flush=True)


if __name__ == "__main__":
    main()
