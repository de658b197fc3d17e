import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))


@pytest.fixture(scope="session")
def chains(tmp_path_factory):
    """Folder of synthetic chains: `w3`, and `w5` of another model."""
    from synthetic import write_run

    folder = tmp_path_factory.mktemp("synthetic")
    write_run(folder / "w3", n=400)
    write_run(folder / "w5", n_bins=5, n=400, seed=2)
    return folder
