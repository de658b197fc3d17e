"""Type Ia supernovae as a compressed Hubble diagram, without a download."""

from typing import ClassVar

from cobaya.likelihoods.base_classes import SN


class SNCompressed(SN):
    r"""
    Pantheon type Ia supernovae \cite{Scolnic:2017caz} as magnitudes at a few redshifts with their
    covariance; the absolute magnitude is marginalised analytically.
    """

    install_options: ClassVar[dict] = {}
    file_base_name = "SNCompressed"
