"""The theory's tangent: exact where it touches, and right to first order nearby."""

import numpy as np
import pytest
from cobaya.model import get_model

from ede_wbins.theory.tangent import Tangent

Z = np.linspace(0, 1, 5)
POINT = {"A_s": 2.1e-9, "omega_cdm": 0.12}
STEPS = {"A_s": 5e-11, "omega_cdm": 0.001}


@pytest.fixture(scope="module")
def model(classy):
    needs = {
        "Cl": {"tt": 300, "pp": 300},
        "Hubble": {"z": Z},
        "Pk_grid": {"z": Z, "k_max": 1, "nonlinear": False},
        "rdrag": None,
    }
    found = get_model(
        {
            "theory": {
                "tangent": {
                    "class": "ede_wbins.theory.tangent.Tangent",
                    "path": classy.__file__.rsplit("/", 1)[0],
                    "ede": "none",
                    "extra_args": {"non_linear": "none"},
                }
            },
            "likelihood": {"probe": {"external": lambda _self: 0.0, "requires": needs}},
            "params": {
                "A_s": {"prior": [1e-9, 3e-9]},
                "omega_cdm": {"prior": [0.1, 0.14]},
                "omega_b": 0.0224,
                "H0": 68,
                "n_s": 0.965,
                "tau_reio": 0.055,
            },
        }
    )
    yield found
    found.close()


def results(model, point, linear=False):
    """Spectra, H(z), ln P(k = 0.1/Mpc, z) and rdrag of a point, and its mark."""
    (tangent,) = model.theory.values()
    assert isinstance(tangent, Tangent)
    tangent.linear = linear
    assert model.logpost(point, cached=False) > -np.inf
    power = tangent.get_Pk_interpolator(nonlinear=False)
    values = [
        tangent.get_Cl()["tt"][2:301],
        tangent.get_Cl()["pp"][2:301],
        tangent.get_Hubble(Z),
        power.logP(0.5, [0.02, 0.1, 0.5]),
        [tangent.get_param("rdrag")],
    ]
    return values, (None if linear else tangent.mark())


def test_tangent(model):
    (tangent,) = model.theory.values()
    base, mark = results(model, POINT)
    others = [results(model, POINT | {name: POINT[name] + step})[1] for name, step in STEPS.items()]
    tangent.touch(mark, others)
    for found, expected in zip(results(model, POINT, linear=True)[0], base, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    # On the other side of the base, where errors are of second order in the steps.
    point = {name: POINT[name] - step for name, step in STEPS.items()}
    exact, mark = results(model, point)
    linear, _ = results(model, point, linear=True)
    for found, expected, start in zip(linear, exact, base, strict=True):
        moved = np.max(np.abs(np.subtract(expected, start)))
        assert np.max(np.abs(np.subtract(found, expected))) < 0.05 * moved
    # It learns the point, with the wavenumbers of its base.
    tangent.learn(mark)
    for found, expected in zip(results(model, point, linear=True)[0], exact, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    for found, expected in zip(results(model, POINT, linear=True)[0], base, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    # At another base it keeps its slopes.
    tangent.move(mark)
    for found, expected in zip(results(model, point, linear=True)[0], exact, strict=True):
        # P(k, z) is interpolated.
        np.testing.assert_allclose(found, expected, rtol=1e-5)
