"""Evaluate the posterior of each run at the centre of its references, in two fresh processes.

    python yamls/smoke.py -p packages                  # all runs: an hour
    python yamls/smoke.py -p packages 'paper/*/ede_w3.yaml' '2026/planck_*/*.yaml'

Prints a table. It fails if a value is not finite, or differs between the processes by more than
1e-3. Runs whose data, or a package that they need, are not there are listed as such. Where ACT
DR4's released windows are not there, its likelihood's named approximation is put in their place,
which the table says. With `--record` values are kept as they come, and one that was stopped goes
on.
"""

import argparse
import json
import math
import re
import subprocess
import sys
from pathlib import Path

from cobaya.component import ComponentNotInstalledError
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

from ede_wbins import boltzmann
from ede_wbins.likelihoods.act_dr4 import approximate_missing_windows

FOLDER = Path(__file__).parent
TOLERANCE = 1e-3
ABSENT = "is not there|not found|needed is"
"""In the error of a likelihood without its data, or without a package."""


def run_files(patterns: list[str]) -> list[Path]:
    """The runs that match one of the patterns, relative to this folder."""
    found = {path.relative_to(FOLDER) for pattern in patterns for path in FOLDER.glob(pattern)}
    return sorted(path for path in found if path.parts[0] in ("paper", "2026"))


def evaluate(file: Path, packages: Path, data: Path) -> dict:
    """ln posterior and chi2 of one run, or why there is none, with CLASS from `packages`.

    Returns
    -------
    result : dict
        `logpost`, `chi2` (by likelihood) and `note`, or `missing`.
    """
    info = yaml_load_file(str(FOLDER / file))
    del info["output"], info["sampler"]
    info["packages_path"] = str(data)
    for options in info["theory"].values():
        options["path"] = str(packages)
    approximated = approximate_missing_windows(info["likelihood"], data)
    note = "ACT windows approximated" if approximated else ""
    try:
        model = get_model(info)
    except (ComponentNotInstalledError, FileNotFoundError, LoggedError) as error:
        line = str(error).splitlines()[0].replace(str(data), "PACKAGES")
        if not isinstance(error, LoggedError) or re.search(ABSENT, line, re.IGNORECASE):
            return {"missing": line}
        raise
    params = model.info()["params"]
    point = {}
    for name in model.parameterization.sampled_params():
        reference = params[name].get("ref", params[name]["prior"])
        point[name] = reference["loc"] if isinstance(reference, dict) else reference
    posterior = model.logposterior(point, return_derived=False)
    chi2 = dict(zip(model.likelihood, -2 * posterior.loglikes, strict=True))
    model.close()
    return {"logpost": float(posterior.logpost), "chi2": sum(chi2.values()), "note": note}


class Record:
    """Results of one CLASS, by process and run, kept in a file of JSON lines if there is one."""

    def __init__(self, path: Path | None, version: str):
        self._path, self._version, self.results = path, version, {"first": {}, "second": {}}
        lines = path.read_text().splitlines() if path and path.is_file() else []
        for entry in map(json.loads, lines):
            if entry.pop("class") == version:
                self.results[entry.pop("process")][entry.pop("file")] = entry

    def add(self, process: str, file: str, result: dict) -> None:
        self.results[process][file] = result
        if self._path:
            entry = {"class": self._version, "process": process, "file": file, **result}
            with open(self._path, "a") as kept:
                kept.write(json.dumps(entry) + "\n")


def in_fresh_process(process: str, files: list[Path], record: Record, paths: list[str]) -> None:
    """Evaluate, in a new process, the runs that it has not; one line of progress each."""
    done = record.results[process]
    missing = [str(file) for file in files if str(file) not in done]
    command = [sys.executable, __file__, *paths, "--evaluate", *missing]
    if not missing:
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        for line in started.stdout:
            # Components print as well; only our lines are JSON objects.
            if line.startswith('{"file"'):
                result = json.loads(line)
                record.add(process, result.pop("file"), result)
                print(f"\r{process} process: {len(done)} of {len(files)}", end="", file=sys.stderr)
    print(file=sys.stderr)


def verdict(first: dict | None, second: dict | None) -> str:
    """What the table says of a run."""
    if not first or not second:
        return "FAILED: no result"
    if "missing" in first:
        return f"no data: {first['missing']}"
    if not math.isfinite(first["logpost"]):
        return "FAILED: not finite"
    if abs(first["logpost"] - second["logpost"]) > TOLERANCE:
        return f"FAILED: {second['logpost']:.4f} in another process"
    return first["note"] or "ok"


def table(files: list[Path], record: Record) -> tuple[str, int]:
    """The table, as Markdown, and how many runs failed."""
    lines = ["| run | ln posterior | chi2 | |", "|---|---|---|---|"]
    failed = 0
    for name in map(str, files):
        one, two = (record.results[process].get(name) for process in ("first", "second"))
        words = verdict(one, two)
        failed += words.startswith("FAILED")
        has_value = one and "logpost" in one
        numbers = f"{one['logpost']:.4f} | {one['chi2']:.2f}" if has_value else " | "
        lines.append(f"| {name.removesuffix('.yaml')} | {numbers} | {words} |")
    return "\n".join(lines) + f"\n\n{len(files)} runs, {failed} failed.\n", failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="PATTERN", default=["*/*/*.yaml"])
    parser.add_argument("-p", "--packages-path", type=Path, required=True, help="has CLASS")
    parser.add_argument("-d", "--data", type=Path, help="packages path of the data, if another")
    parser.add_argument("--record", type=Path, help="go on with what this file has")
    parser.add_argument("-o", "--output", type=Path, help="write the table here too")
    parser.add_argument("--evaluate", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    packages, data = args.packages_path, args.data or args.packages_path
    if args.evaluate:
        for name in args.runs:
            result = evaluate(Path(name), packages, data)
            print(json.dumps({"file": name, **result}), flush=True)
        return 0
    files = run_files(args.runs)
    if not files:
        parser.error(f"no run matches {' '.join(args.runs)}")
    record = Record(args.record, boltzmann.load(packages).__version__)
    paths = ["-p", str(packages), "-d", str(data)]
    in_fresh_process("first", files, record, paths)
    # In the other order: a value must not depend on what was computed before it.
    in_fresh_process("second", files[::-1], record, paths)
    text, failed = table(files, record)
    print(text, end="")
    if args.output:
        header = "# Every run, evaluated at the centre of its references in two processes\n\n"
        header += "Printed by `make smoke` (`yamls/smoke.py`).\n\n"
        args.output.write_text(header + text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
