"""Make the file of computed points that comes with the package, from a run's.

    python benchmarks/training_file.py chains/quickstart_emulated.emulator.npz w3

Spectra are kept as 32-bit floats, whose rounding is a thousand times below CLASS's own noise.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from ede_wbins.emulator import save
from ede_wbins.theory.exchange import PACKAGED

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("name")
    options = parser.parse_args()
    with np.load(options.file, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    identity = json.loads(str(arrays.pop("identity")))
    small = {k: v if k == "points" else v.astype(np.float32) for k, v in arrays.items()}
    path = PACKAGED / f"{options.name}.npz"
    save(path, identity, small)
    n = len(small["points"])
    print(f"{path}: {n} points, {path.stat().st_size / 1e6:.2f} MB, of {identity['CLASS']}")
