"""Against an independent code: CAMB's EDE fluid and field, and its PPF with a tabulated w(a).

Both codes at their default accuracy: new physics may differ no more than LambdaCDM does.
"""

import numpy as np
import pytest
from spectra import EDE, L_MAX, LCDM, K, Spectra, Z, bins, compute

camb = pytest.importorskip("camb", reason="camb is not installed (pip install -e '.[test]')")


def camb_spectra(dark_energy=None) -> Spectra:
    """The same universe as `compute` has."""
    parameters = camb.CAMBparams(DoLateRadTruncation=True)
    parameters.set_cosmology(
        H0=100 * LCDM["h"],
        ombh2=LCDM["omega_b"],
        omch2=LCDM["omega_cdm"],
        tau=LCDM["tau_reio"],
        mnu=LCDM["m_ncdm"],
        nnu=3.044,
        YHe=LCDM["YHe"],
    )
    parameters.InitPower.set_params(As=1e-10 * np.exp(LCDM["ln_A_s_1e10"]), ns=LCDM["n_s"])
    parameters.set_for_lmax(L_MAX + 500, lens_potential_accuracy=1)
    parameters.NonLinear = camb.model.NonLinear_none
    parameters.set_matter_power(redshifts=sorted(Z, reverse=True), kmax=1.5)
    if dark_energy is not None:
        parameters.DarkEnergy = dark_energy
    results = camb.get_results(parameters)
    cl = results.get_lensed_scalar_cls(L_MAX, raw_cl=True)[2:]
    power = results.get_matter_power_interpolator(
        nonlinear=False, hubble_units=False, k_hunit=False
    )
    return Spectra(
        cl[:, 0],
        cl[:, 1],
        results.get_lens_potential_cls(L_MAX, raw_cl=True)[2:, 0],
        np.array([power.P(z, K) for z in Z]),
        results.get_derived_params()["rdrag"],
    )


@pytest.fixture(scope="module")
def camb_lcdm() -> Spectra:
    return camb_spectra()


@pytest.mark.parametrize(
    ("fEDE", "log10z_c", "thetai_ede"), [tuple(EDE.values()), (0.2, 4.0, 2.0), (0.1, 3.2, 1.0)]
)
def test_ede_fluid(classy, lcdm, camb_lcdm, fEDE, log10z_c, thetai_ede):
    ours = compute(classy, fEDE=fEDE, log10z_c=log10z_c, thetai_ede=thetai_ede)
    fluid = camb.dark_energy.AxionEffectiveFluid(
        w_n=0.5, fde_zc=fEDE, zc=10**log10z_c, theta_i=thetai_ede
    )
    check(ours, camb_spectra(fluid), lcdm, camb_lcdm)


@pytest.mark.parametrize(
    ("fEDE", "log10z_c", "thetai_ede"), [tuple(EDE.values()), (0.2, 4.0, 2.0), (0.1, 3.2, 1.0)]
)
def test_scalar_field(classy, lcdm, camb_lcdm, fEDE, log10z_c, thetai_ede):
    ours = compute(classy, ede_model="scalar", fEDE=fEDE, log10z_c=log10z_c, thetai_ede=thetai_ede)
    field = camb.dark_energy.EarlyQuintessence()
    field.set_params(n=3, theta_i=thetai_ede, zc=10**log10z_c, fde_zc=fEDE)
    check(ours, camb_spectra(field), lcdm, camb_lcdm)


@pytest.mark.parametrize("w", [(-0.9, -1.2, -0.8), (-1.3, -0.6, -1.1, -0.9, -2.0)])
def test_bins(classy, lcdm, camb_lcdm, w):
    ln_a = np.linspace(np.log(1e-5), 0, 20000)
    edges = 3 * np.arange(1, 1 + len(w)) / len(w)
    table = np.array([*w, -1])[np.searchsorted(edges, np.expm1(-ln_a), side="right")]
    ppf = camb.dark_energy.DarkEnergyPPF()
    ppf.set_w_a_table(np.exp(ln_a), table)
    check(compute(classy, **bins(*w)), camb_spectra(ppf), lcdm, camb_lcdm)


def check(ours: Spectra, theirs: Spectra, lcdm: Spectra, camb_lcdm: Spectra):
    floor = lcdm.worst(camb_lcdm)
    # The codes' own accuracy, so that a broken comparison does not pass as a high floor.
    assert max(floor.values()) < 4e-3
    for name, worst in ours.worst(theirs).items():
        assert worst < 1.5 * floor[name], name
    assert ours.rs_drag == pytest.approx(theirs.rs_drag, rel=1e-4)
