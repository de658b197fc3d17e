"""Late dark energy with w(z) = w0 + wa z/(1+z), through many narrow bins: a new model."""

import numpy as np

from ede_wbins import EDEWBins

EDGES = np.expm1(np.linspace(0, np.log1p(10.0), 41))[1:]
"""Upper edges of 40 bins, equal in ln(1+z), to z = 10."""


def share_of_wa():
    """
    Mean of z/(1+z) over ln(1+z) in each bin: with it the density is exact at every edge.

    Any other w(z) goes the same way, by its own means.
    """
    edges = np.concatenate([[0.0], EDGES])
    return 1 + np.diff(1 / (1 + edges)) / np.diff(np.log1p(edges))


class SmoothW(EDEWBins):
    """EDEWBins with the parameters w0 and wa in place of w1, w2, ..."""

    file_base_name = "EDEWBins"

    @classmethod
    def get_modified_defaults(cls, defaults, input_options=None):
        """Offer w0 and wa, and say what they are in each bin."""
        defaults = {**defaults, "z_edges": EDGES.tolist()}
        found = super().get_modified_defaults(defaults, input_options or {})
        params = found["params"]
        params["w0"] = {"prior": [-2, 0], "ref": -0.95, "proposal": 0.05, "latex": "w_0"}
        params["wa"] = {"prior": [-3, 2], "ref": -0.2, "proposal": 0.2, "latex": "w_a"}
        for i, share in enumerate(share_of_wa().tolist(), start=1):
            params[f"w{i}"] = {"value": f"lambda w0, wa: w0 + {share!r}*wa", "derived": False}
        # w0 and wa go into the bins, not to CLASS.
        params["w0"]["drop"] = params["wa"]["drop"] = True
        return found
