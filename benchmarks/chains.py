"""Posteriors on public data: samples a run with the emulator, keeps its chains, tells the result.

    mpirun -n 2 python benchmarks/chains.py NAME -p packages -d PACKAGES -o docs/results.md

NAME is one of `RUNS`. It samples until it converges, into chains/results; called again, it goes on
where it was stopped. Thinned chains go to chains/shipped, which comes with the repository: a tenth
or less of the rows, burn-in included. Where ACT DR4's released windows are not there, its
likelihood's named approximation takes their place.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.run import run
from cobaya.yaml import yaml_load, yaml_load_file

from ede_wbins.analysis import load_run
from ede_wbins.analysis.files import chain_paths, record_path
from ede_wbins.analysis.reweight import reweighted
from ede_wbins.analysis.table import Row, rows
from ede_wbins.convergence import BURN_IN, CONVERGED
from ede_wbins.likelihoods.act_dr4 import approximate_missing_windows
from ede_wbins.resample import evenly

YAMLS = Path(__file__).parent.parent / "yamls"
SAMPLED, SHIPPED = Path("chains/results"), Path("chains/shipped")
FIGURES = SHIPPED / "convergence.json"
ROWS = 6000
"""Of each chain that is kept."""
STOP = 0.9 * CONVERGED
"""R-1 of the whole chains, so that thinned ones have converged too."""

COLUMNS = ("fEDE", "H0", "S8", "w1", "w2", "w3")
MARK = "<!-- From here on written by `make chains` (benchmarks/chains.py) -->"

LENSED = ("data_lensing",)
MODELS = ("lcdm", "ede", "ede_w3", "ede_w5", "ede_w10")
PUBLISHED = {
    "paper/planck_lensing_bao_sn/lcdm": "Planck alone: H0 = 67.27 +- 0.60, S8 = 0.834 +- 0.016 "
    "(1807.06209)",
    "paper/planck_lensing_bao_sn/ede": "Planck alone: fEDE < 0.087 (95%, 2003.07355)",
    "2026/planck_desi_union3/ede_w3": "DESI DR1: w1 > -1 at 1.9 to 3.3 sigma, w3 < -1 at 1.5 "
    "(2408.14787)",
    "paper/act_tt650_lensing_bao/ede": "fEDE = 0.091 +0.020 -0.036, H0 = 70.9 +1.0 -2.0 "
    "(2109.04451)",
    "paper/act_lensing_bao_sn_des/ede_w3": "fEDE = 0.067 +0.019 -0.027 (2302.07333)",
}
"""Of other data, where it says so."""

RUNS = {
    **{f"paper/planck_lensing_bao_sn/{model}": () for model in MODELS},
    **{f"2026/planck_desi_union3/{model}": LENSED for model in MODELS[1:]},
    "paper/act_tt650_lensing_bao/ede": (),
    "paper/act_lensing_bao/ede": (),
    **{f"paper/act_lensing_bao_sn_des/{model}": () for model in MODELS[2:]},
    "paper/act_tt650_lensing_bao_sn_des/ede_w3": (),
}
"""Run files below yamls/, with what is added to their data."""


def settings(name: str, packages: Path, data: Path) -> dict:
    """The emulated variant of a run."""
    variant = "emulated_means" if "_des/" in name else "emulated_run"
    info = yaml_load(f"!defaults [{name}, blocks/{variant}]", str(YAMLS / "emulated.yaml"))
    for block in RUNS[name]:
        info["likelihood"] |= yaml_load_file(str(YAMLS / "blocks" / f"{block}.yaml"))
    approximate_missing_windows(info["likelihood"], data)
    (theory,) = info["theory"].values()
    theory["path"] = str(packages)
    # The run's own proposal, before `auto` took its place, is where training starts.
    (exact,) = yaml_load_file(str(YAMLS / f"{name}.yaml"))["sampler"].values()
    theory["start"] = exact["covmat"]
    (sampler,) = info["sampler"].values()
    sampler["Rminus1_stop"] = min(sampler["Rminus1_stop"], STOP)
    return info | {"packages_path": str(data), "output": str(SAMPLED / name), "resume": True}


def ship(name: str, packages: Path, data: Path) -> None:
    """Thin the chains of a run that has been sampled, and note how far they have converged."""
    source, target = SAMPLED / name, SHIPPED / name
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = load_run(source)
    for chain in chain_paths(source):
        with open(chain) as file:
            header = file.readline().lstrip("#").rstrip("\n")
        # Burn-in is a share of the rows, which stays where it was.
        lines = np.loadtxt(chain)
        parts = np.split(lines, [int(BURN_IN * len(lines))])
        numbers = int(BURN_IN * ROWS), ROWS - int(BURN_IN * ROWS)
        kept = np.concatenate(
            [thinned(*each, whole.n_sampled) for each in zip(parts, numbers, strict=True)]
        )
        np.savetxt(target.with_name(chain.name), kept, fmt="%.7g", header=header)
    verdict = json.dumps({"verdict": whole.exact_check}, indent=1)
    target.with_name(f"{target.name}.exact_check.json").write_text(f"{verdict}\n")
    text = record_path(source).read_text()
    for folder, word in ((packages, "packages"), (data, "packages"), (Path.cwd(), ".")):
        text = text.replace(str(folder.resolve()), word).replace(str(folder), word)
    record_path(target).write_text(text)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known[name] = {
        "R-1": whole.R_minus_1,
        "effective samples": whole.effective_samples,
        "converged": whole.converged,
    }
    FIGURES.write_text(json.dumps(known, indent=1) + "\n")


def thinned(lines: np.ndarray, n: int, n_columns: int) -> np.ndarray:
    """
    As many steps of a chain, evenly spaced, of weights near 1 that leave the means of the columns
    after ln L what they are in all of it (calibration weights, Deville and Saerndal 1992): chains
    differ by no more than they did, however many parameters they have.
    """
    kept = lines[evenly(lines[:, 0], n)]
    values, part = lines[:, 2 : 2 + n_columns], kept[:, 2 : 2 + n_columns]
    off = part - np.average(values, axis=0, weights=lines[:, 0])
    kept[:, 0] = 1 - off @ np.linalg.lstsq(off.T @ off, off.sum(axis=0))[0]
    return kept


def limits(row: Row) -> str:
    """Mean and 68%; or 95%, where the posterior touches the end of its prior."""
    if row.limits[1].twotail and row.limits[0].twotail:
        return f"{row.number(row.mean)} {row.text(0)}"
    return f"{row.text(1)}" + (" (95%)" if row.text(1) != "unconstrained" else "")


def table() -> str:
    """All runs that are kept, in Markdown, from their thinned chains."""
    known = json.loads(FIGURES.read_text())
    lines = [
        "| run | " + " | ".join(COLUMNS) + " | R-1 | effective samples | published |",
        "|" + "---|" * (len(COLUMNS) + 4),
    ]
    known = {name: known[name] for name in RUNS if name in known}
    checks = []
    for name, one in known.items():
        run = load_run(SHIPPED / name)
        checks.append(f"- {name}: {run.exact_check}")
        found = {row.name: limits(row) for row in rows(run)}
        state = f"{one['R-1']:.3f}" + ("" if one["converged"] else ", goes on")
        cells = [name, *(found.get(column, "") for column in COLUMNS), state]
        cells += [f"{one['effective samples']:.0f}", PUBLISHED.get(name, "")]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *prior_table([name for name in known if "ede" in name])]
    missing = ", ".join(name for name in RUNS if name not in known)
    text = [*lines, "", "CLASS says of the emulated posteriors:", "", *checks]
    return "\n".join([*text, *(["", f"Not run: {missing}."] if missing else [])]) + "\n"


def prior_table(names: list[str]) -> list[str]:
    """fEDE and what follows it, under flat priors and with the functional prior of scale 1."""
    lines = [
        "| run, with the prior `early` | fEDE | H0 | S8 | effective samples |",
        "|---|---|---|---|---|",
    ]
    for name in names:
        weighted = reweighted(load_run(SHIPPED / name), ["early"])
        found = {row.name: limits(row) for row in rows(weighted)}
        cells = [name, *(found[column] for column in COLUMNS[:3])]
        lines.append(f"| {' | '.join(cells)} | {weighted.effective_samples:.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*RUNS, []])
    parser.add_argument("-p", "--packages-path", type=Path, required=True, help="has CLASS")
    parser.add_argument("-d", "--data", type=Path, required=True, help="packages path of the data")
    parser.add_argument("-o", "--output", type=Path, required=True, help="page the table ends")
    args = parser.parse_args()
    for name in args.names:
        run(settings(name, args.packages_path, args.data))
        if mpi.is_main_process():
            ship(name, args.packages_path, args.data)
        mpi.sync_processes()
    if mpi.is_main_process():
        text = args.output.read_text().split(MARK)[0]
        args.output.write_text(f"{text}{MARK}\n\n{table()}")


if __name__ == "__main__":
    main()
