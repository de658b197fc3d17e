"""Make the file of computed points that comes with the package: what a run's emulator learns.

    mpirun -n 2 python benchmarks/training_file.py -p packages yamls/quickstart_emulated.yaml w3
    mpirun -n 2 python benchmarks/training_file.py -p packages yamls/quickstart_emulated.yaml w3 \\
        --points ede_wbins/theory/computed/w3.npz
    python benchmarks/training_file.py chains/bench_emulator/w5.emulator.npz w5

The emulator is trained from nothing, and no chain is sampled; a training that was stopped goes on.
Or the points of a file are computed anew, as after a change of the patch. Or they are those of a
run that was made, training, chains and checks.
Spectra are kept as 32-bit floats, whose rounding is a thousand times below CLASS's own noise.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from cobaya import mpi
from cobaya.model import get_model
from cobaya.output import get_output
from cobaya.yaml import yaml_load_file

from ede_wbins.emulator import save
from ede_wbins.theory.exchange import PACKAGED


def compute(info: dict, output: str, packages_path: str, points: Path | None) -> Path:
    """The file of points, beside `output`: what the emulator of `info` asks for, or `points`."""
    # The component finds it here, and with it the points of a run of this script that was stopped.
    driver = get_output(prefix=output, resume=True)
    ((name, options),) = info["theory"].items()
    theory = {name: options | {"training": None, "check": 0}}
    info = {"params": info["params"], "likelihood": info["likelihood"], "theory": theory}
    with get_model(info | {"packages_path": packages_path}) as model:
        theory = model.theory[name]
        if points:
            compute_again(model, theory, points)
        else:
            model.logposterior(model.prior.reference())
        file = theory.exchange.file
    del driver
    return file


def compute_again(model, theory, points: Path) -> None:
    """Have CLASS compute the points of a file, each process a share."""
    theory.load()
    names = {theory.translate_param(name): name for name in theory.input_params}
    constants = model.parameterization.constant_params()
    fixed = {name: constants[name] for name in theory.input_params if name in constants}
    with np.load(points, allow_pickle=False) as file:
        columns = json.loads(str(file["identity"]))["parameters"]
        rows = file["points"][mpi.rank() :: mpi.size()]
    with theory.always("exact"):
        for i, row in enumerate(rows):
            if not (theory.training_set.rows["points"] == row).all(axis=1).any():
                values = dict(zip((names[name] for name in columns), row.tolist(), strict=True))
                theory.calculate({}, True, **fixed, **values)
            theory.log.info("%d of %d points", i + 1, len(rows))
    mpi.sync_processes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="a run file with the emulator, or a file of its points")
    parser.add_argument("name", help="of the file, without .npz")
    parser.add_argument("-p", "--packages-path")
    parser.add_argument("--points", type=Path, help="the file of points to compute anew")
    options = parser.parse_args()
    computed = Path(options.source)
    if computed.suffix != ".npz":
        info = yaml_load_file(options.source)
        output = f"chains/training_{options.name}"
        computed = compute(info, output, options.packages_path, options.points)
    if mpi.is_main_process():
        with np.load(computed, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        identity = json.loads(str(arrays.pop("identity")))
        small = {k: v if k == "points" else v.astype(np.float32) for k, v in arrays.items()}
        path = PACKAGED / f"{options.name}.npz"
        save(path, identity, small)
        n = len(small["points"])
        print(f"{path}: {n} points, {path.stat().st_size / 1e6:.2f} MB, of {identity['CLASS']}")
