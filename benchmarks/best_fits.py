"""Best fits of runs to public data: minimum chi2 from several starts, in one table.

    mpirun -n 2 python benchmarks/best_fits.py -p packages -d PACKAGES -o chains/README.md [RUN...]

MPI processes train an emulator together and share the starts. What they find is kept in
chains/best_fits: called again, it goes on there. What the page has of other runs stays. Where ACT
DR4's released windows are not there, its likelihood's named approximation takes their place.
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
SECTIONS = ("", "chi2", "parameters", "derived", "searches")
MARK = "<!-- From here on written by `make best-fits` (benchmarks/best_fits.py) -->"

Column = dict[tuple[str, str], str]
"""Cells of a run, by section and name."""


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


def column(run: str, fits: list[Fit], version: str) -> Column:
    """What the ends of a run's searches with a version of CLASS are, best first."""
    best, above = fits[0], (f"{fit.chi2 - fits[0].chi2:.2f}" for fit in fits[1:])
    derived = {k: v for k, v in best.derived.items() if not k.startswith(("chi2__", "A_s"))}
    return {
        ("", "data"): run.rsplit("/", 1)[0],
        ("chi2", "all"): f"{best.chi2:.2f}",
        **{("chi2", name): f"{value:.2f}" for name, value in best.by_likelihood.items()},
        **{("parameters", name): f"{value:.6g}" for name, value in best.parameters.items()},
        **{("derived", name): f"{value:.5g}" for name, value in derived.items()},
        ("searches", "starts"): str(len(fits)),
        ("searches", "chi2 of each above the best"): " ".join(above),
        ("searches", "calls of CLASS"): str(sum(fit.evaluations for fit in fits)),
        ("searches", "CPU s"): f"{sum(fit.seconds for fit in fits):.0f}",
        ("searches", "patch"): version.rpartition(".")[2],
    }


def columns_of(page: str) -> dict[str, Column]:
    """The columns of a table that was written before, by run."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    (_, *models), _, *rest = rows
    section, found = "", [{} for _ in models]
    for name, *cells in rest:
        if name.startswith("**"):
            section = name.strip("*")
        for each, cell in zip(found, cells, strict=True):
            if cell:
                each[section, name] = cell
    return {f"{each['', 'data']}/{model}": each for each, model in zip(found, models, strict=True)}


def table(record: Record, before: str) -> str:
    """All runs that have an end, in Markdown; those of another record, from the page `before`."""
    known = columns_of(before)
    for run in RUNS:
        if fits := record.sorted(run):
            known[run] = column(run, fits, record.version)
    columns = {run: known[run] for run in RUNS if run in known}
    keys = sorted(
        dict.fromkeys(key for each in columns.values() for key in each),
        key=lambda key: (SECTIONS.index(key[0]), key[1] != "all"),
    )
    rows = [["", *(run.split("/")[-1] for run in columns)], ["---"] * (1 + len(columns))]
    section = ""
    for key in keys:
        if key[0] != section:
            section = key[0]
            rows.append([f"**{section}**", *[""] * len(columns)])
        rows.append([key[1], *(each.get(key, "") for each in columns.values())])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


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
            text, _, before = args.output.read_text().partition(MARK)
            found = table(record, before)
            args.output.write_text(f"{text}{MARK}\n\n{found}")
            print(found, flush=True)


if __name__ == "__main__":
    main()
