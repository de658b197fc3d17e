"""BAO distances from published numbers, without a download."""

from pathlib import Path
from typing import ClassVar

from cobaya.likelihoods.base_classes import BAO


class BAOCompressed(BAO):
    r"""
    BAO of 6dF \cite{Beutler:2011hx}, SDSS MGS \cite{Ross:2014qpa} and the BOSS DR12 consensus
    \cite{Alam:2016hwk} as one Gaussian (table ``sdss``), or DESI DR2 \cite{DESI:2025zgx} (table
    ``desi_dr2``).
    """

    install_options: ClassVar[dict] = {}
    table: str

    def initialize(self):
        self.path = str(Path(__file__).parent)
        self.measurements_file = f"{self.table}.txt"
        self.cov_file = f"{self.table}_cov.txt"
        super().initialize()
