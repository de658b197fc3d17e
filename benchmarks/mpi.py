"""Accepted steps that two processes make against one, with the same number of cores each.

    python benchmarks/mpi.py -p packages

Runs of one and of two processes take turns, on the embedded BAO and supernovae, where a point takes
milliseconds: what processes lose by waiting for each other shows more than with CMB spectra. They
start where a first run ended, with its proposal, so that all accept as many of their steps. Steps
are counted for each second of a process's CPU time, in which Open MPI waits too, so that the ratio
holds on a busy machine.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from cobaya.run import run
from cobaya.yaml import yaml_dump

MPIRUN = Path(sys.executable).with_name("mpirun")
# Run by each process: accepted steps and CPU seconds, but for the wait of the first that is done.
CODE = """
import sys, time
from cobaya import mpi
from cobaya.model import get_model
from cobaya.sampler import get_sampler
from cobaya.yaml import yaml_load_file
info = yaml_load_file("run.yaml")
model = get_model(info, packages_path=sys.argv[1])
marks = []
def mark(sampler):
    marks.append((sampler.n(), sampler.n_steps_raw, time.process_time() - before))
info["sampler"]["mcmc"].update(callback_function=mark, callback_every=20)
sampler = get_sampler(info["sampler"], model)
before = time.process_time()
sampler.run()
print("ACCEPTED %d of %d in %.3f" % marks[-1], flush=True)
"""
RUN = {
    "theory": {"ede_wbins.EDEWBins": {"ede": "none", "n_bins": 3}},
    "likelihood": {
        "ede_wbins.likelihoods.bao_compressed.BAOCompressed": None,
        "ede_wbins.likelihoods.sn_compressed.SNCompressed": None,
    },
    "params": {
        "omega_b": 0.0224,
        "omega_cdm": {"prior": [0.08, 0.16], "ref": 0.12, "proposal": 0.003},
        "H0": {"prior": [50, 90], "ref": 67, "proposal": 1},
        "sigma8": {"derived": False},
        "S8": {"derived": False},
    },
    "sampler": {"mcmc": {"Rminus1_stop": 0, "measure_speeds": False}},
    "debug": 40,
}


def warmed(packages: Path, steps: int, folder: str) -> dict:
    """The run, at the mean of a first one and with the covariance that it learned."""
    options = RUN["sampler"]["mcmc"] | {"max_samples": steps, "seed": 0}
    first = {**RUN, "sampler": {"mcmc": options}, "packages_path": str(packages.resolve())}
    _, sampler = run(first)
    chain = sampler.products(skip_samples=0.3)["sample"]
    names = list(chain.sampled_params)
    means = dict(zip(names, chain.mean().tolist(), strict=True))
    np.savetxt(path := Path(folder) / "run.covmat", chain.cov(), header=" ".join(names))
    # Those of the bins come with the theory.
    params = {**sampler.model.parameterization.sampled_params_info(), **RUN["params"]}
    return {
        **RUN,
        "params": RUN["params"] | {n: {**params[n], "ref": x} for n, x in means.items()},
        "sampler": {
            "mcmc": RUN["sampler"]["mcmc"] | {"covmat": str(path), "learn_proposal": False}
        },
    }


def rates(info: dict, processes: int, packages: Path, steps: int, seed: int) -> np.ndarray:
    """Accepted steps, and steps, of all processes for each second of CPU time that each has."""
    sampler = {"mcmc": {**info["sampler"]["mcmc"], "max_samples": steps, "seed": seed}}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run.yaml").write_text(yaml_dump({**info, "sampler": sampler}))
        launch = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
        done = subprocess.run(
            [*launch, "-n", str(processes), sys.executable, "-c", CODE, packages.resolve()],
            **{"cwd": folder, "env": {**os.environ, "OMP_NUM_THREADS": "1"}},
            **{"capture_output": True, "text": True, "check": True},
        )
    found = re.findall(r"ACCEPTED (\d+) of (\d+) in ([\d.]+)", done.stdout)
    if len(found) != processes:
        raise RuntimeError(done.stdout + done.stderr)
    *steps_made, seconds = np.array(found, dtype=float).T
    return np.sum(np.array(steps_made) / seconds, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600, help="accepted, of each process")
    args = parser.parse_args()
    ratios = []
    folder = tempfile.TemporaryDirectory()
    info = warmed(args.packages_path, args.steps, folder.name)
    for i in range(args.rounds):
        one, two = (rates(info, n, args.packages_path, args.steps, seed=i + 1) for n in (1, 2))
        ratios.append(two / one)
        print(
            f"round {i + 1}: {one[0]:.1f} and {two[0]:.1f} accepted steps a second, ratio "
            f"{ratios[-1][0]:.2f}; of all steps, which vary less, {ratios[-1][1]:.2f}",
            flush=True,
        )
    accepted, steps = np.median(ratios, axis=0)
    print(f"two processes against one: {accepted:.2f} ({steps:.2f} of all steps), medians")


if __name__ == "__main__":
    main()
