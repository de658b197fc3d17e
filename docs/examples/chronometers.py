"""H(z) from the ages of galaxies as a Cobaya likelihood: all that a new likelihood needs."""

import numpy as np
from cobaya.likelihood import Likelihood

# Redshift, H and its error in km/s/Mpc: arXiv:1601.01701, as in its table 4
TABLE = np.array(
    [
        (0.3802, 83.0, 13.5),
        (0.4004, 77.0, 10.2),
        (0.4247, 87.1, 11.2),
        (0.4497, 92.8, 12.9),
        (0.4783, 80.9, 9.0),
    ]
)


class Chronometers(Likelihood):
    """Cosmic chronometers of BOSS (arXiv:1601.01701): five independent Gaussians."""

    # Options, which a run's YAML can change
    z_max: float = 1.0
    type: str = "Hubble"

    def initialize(self):
        """Read the data, once."""
        self.z, self.H, self.error = TABLE[TABLE[:, 0] <= self.z_max].T

    def get_requirements(self):
        """What the theory has to compute."""
        return {"Hubble": {"z": self.z}}

    def logp(self, **_params):
        """ln L of the point that the theory has just computed."""
        return self.loglike(self.provider.get_Hubble(self.z, units="km/s/Mpc"))

    def loglike(self, H):
        """ln L of expansion rates `H` in km/s/Mpc, usable without Cobaya."""
        return -0.5 * np.sum(((H - self.H) / self.error) ** 2)
