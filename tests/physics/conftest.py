"""Spectra that several tests compare with."""

import pytest
from spectra import COARSE, EDE, Spectra, compute


@pytest.fixture(scope="session")
def lcdm(classy) -> Spectra:
    """LambdaCDM of our build."""
    return compute(classy, **COARSE)


@pytest.fixture(scope="session")
def ede(classy) -> Spectra:
    """Early dark energy, late Lambda."""
    return compute(classy, **EDE, **COARSE)
