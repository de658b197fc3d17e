"""Evaluate the posterior of each run at the centre of its references, in two fresh processes.

    python yamls/smoke.py -p packages                  # all runs: hours
    python yamls/smoke.py -p packages 'paper/*/ede_w3.yaml' '2026/planck_*/*.yaml'

Prints a table. It fails if a value is not finite, or differs between the processes by more than
1e-3. Runs whose data are not there are listed as such. Where ACT DR4's released windows are not
there, its likelihood's named approximation is put in their place, which the table says.
"""

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

from cobaya.component import ComponentNotInstalledError
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

FOLDER = Path(__file__).parent
ACT = "ede_wbins.likelihoods.act_dr4.ACTDR4"
WINDOWS = "coadd_bpwf_15mJy_191127_lmin2.npz"
TOLERANCE = 1e-3


def run_files(patterns: list[str]) -> list[Path]:
    """The runs that match one of the patterns, relative to this folder."""
    found = {path.relative_to(FOLDER) for pattern in patterns for path in FOLDER.glob(pattern)}
    return sorted(path for path in found if path.parts[0] in ("paper", "2026"))


def evaluate(file: Path, packages: Path) -> dict:
    """ln posterior and chi2 of one run, or why there is none.

    Returns
    -------
    result : dict
        `logpost`, `chi2` (by likelihood) and `note`, or `missing`.
    """
    info = yaml_load_file(str(FOLDER / file))
    del info["output"], info["sampler"]
    info["packages_path"] = str(packages)
    note = ""
    if ACT in info["likelihood"] and not (packages / "data" / "act_dr4" / WINDOWS).is_file():
        info["likelihood"][ACT] = {"windows": "sharpened_top_hat"}
        note = "ACT windows approximated"
    try:
        model = get_model(info)
    except (ComponentNotInstalledError, FileNotFoundError) as error:
        return {"missing": str(error).splitlines()[0]}
    except LoggedError as error:
        if "is not there" in str(error) or "not found" in str(error).lower():
            return {"missing": str(error).splitlines()[0]}
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


def in_fresh_process(files: list[Path], packages: Path, label: str) -> dict[str, dict]:
    """Evaluate runs in a new process, one line of progress each."""
    command = [sys.executable, __file__, "-p", str(packages), "--evaluate", *map(str, files)]
    results = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            # Components print as well; only our lines are JSON objects.
            if line.startswith('{"file"'):
                result = json.loads(line)
                results[result.pop("file")] = result
                print(f"\r{label}: {len(results)} of {len(files)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return results


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="PATTERN", default=["*/*/*.yaml"])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("--evaluate", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.evaluate:
        for name in args.runs:
            result = evaluate(Path(name), args.packages_path)
            print(json.dumps({"file": name, **result}), flush=True)
        return 0
    files = run_files(args.runs)
    if not files:
        parser.error(f"no run matches {' '.join(args.runs)}")
    first = in_fresh_process(files, args.packages_path, "first process")
    # In the other order: a value must not depend on what was computed before it.
    second = in_fresh_process(files[::-1], args.packages_path, "second process")
    failed = 0
    print(f"{'run':48s} {'ln posterior':>14s} {'chi2':>10s}")
    for name in map(str, files):
        one, two = first.get(name), second.get(name)
        words = verdict(one, two)
        failed += words.startswith("FAILED")
        has_value = one and "logpost" in one
        numbers = f"{one['logpost']:14.4f} {one['chi2']:10.2f}" if has_value else " " * 25
        print(f"{name.removesuffix('.yaml'):48s} {numbers}  {words}")
    print(f"{len(files)} runs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
