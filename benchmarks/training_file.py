"""Make the file of computed points that comes with the package: what a run's emulator learns.

    mpirun -n 2 python benchmarks/training_file.py -p packages yamls/quickstart_emulated.yaml w3
    python benchmarks/training_file.py chains/bench_emulator/w5.emulator.npz w5

The emulator is trained from nothing, and no chain is sampled; a training that was stopped goes on.
Or the points are those of a run that was made, training, chains and checks.
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

THEORY = "ede_wbins.EmulatedEDEWBins"


def train(info: dict, output: str, packages_path: str) -> Path:
    """The file of points that the emulator of the run `info` has learned, beside `output`."""
    # The component finds it here, and with it the points of a training that was stopped.
    driver = get_output(prefix=output, resume=True)
    theory = info["theory"][THEORY] | {"training": None, "check": 0}
    info = {name: info[name] for name in ("params", "likelihood")} | {"theory": {THEORY: theory}}
    with get_model(info | {"packages_path": packages_path}) as model:
        model.logposterior(model.prior.reference())
        file = model.theory[THEORY].exchange.file
    del driver
    return file


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="a run file with the emulator, or a file of its points")
    parser.add_argument("name", help="of the file, without .npz")
    parser.add_argument("-p", "--packages-path")
    options = parser.parse_args()
    computed = Path(options.source)
    if computed.suffix != ".npz":
        info = yaml_load_file(options.source)
        computed = train(info, f"chains/training_{options.name}", options.packages_path)
    if mpi.is_main_process():
        with np.load(computed, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        identity = json.loads(str(arrays.pop("identity")))
        small = {k: v if k == "points" else v.astype(np.float32) for k, v in arrays.items()}
        path = PACKAGED / f"{options.name}.npz"
        save(path, identity, small)
        n = len(small["points"])
        print(f"{path}: {n} points, {path.stat().st_size / 1e6:.2f} MB, of {identity['CLASS']}")
