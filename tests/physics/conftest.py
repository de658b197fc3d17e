"""Spectra that several tests compare with."""

import pytest
from spectra import EDE, FEWER, W10, Spectra, compute


@pytest.fixture(scope="session")
def lcdm(classy) -> Spectra:
    """LambdaCDM of our build."""
    return compute(classy, **FEWER)


@pytest.fixture(scope="session")
def ede(classy) -> Spectra:
    """Early dark energy, late Lambda."""
    return compute(classy, **EDE, **FEWER)


@pytest.fixture(scope="session")
def ede_w10(classy) -> Spectra:
    """Early dark energy and ten bins."""
    return compute(classy, **EDE, **W10, **FEWER)
