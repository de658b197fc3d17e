import matplotlib.pyplot as plt
import pytest
from synthetic import write_run

from ede_wbins.analysis import load_run


@pytest.fixture(scope="session")
def chains(tmp_path_factory):
    """Folder of synthetic chains: `w3`, and `w5` of another model."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_run(folder / "w3")
    write_run(folder / "w5", n_bins=5, seed=2)
    return folder


@pytest.fixture(scope="session")
def w3(chains):
    return load_run(chains / "w3")


@pytest.fixture(scope="session")
def w5(chains):
    return load_run(chains / "w5")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")
