"""Type Ia supernovae as a compressed Hubble diagram, without a download."""

from pathlib import Path

from cobaya.likelihoods.base_classes import SN


class SNCompressed(SN):
    r"""
    Pantheon type Ia supernovae \cite{Scolnic:2017caz} as magnitudes at a few redshifts with their
    covariance; the absolute magnitude is marginalised analytically.
    """

    install_options = {}
    path = str(Path(__file__).parent)
    file_base_name = "SNCompressed"
