"""Input of CLASS that makes no sense: a severe error that names the parameter."""

import pytest
from spectra import EDE, bins

HMCODE = {"output": "mPk", "non_linear": "hmcode"}


def severe(classy, **parameters) -> str:
    cosmo = classy.Class()
    cosmo.set(parameters)
    with pytest.raises(classy.CosmoSevereError) as error:
        cosmo.compute(["background"])
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"wbins_z": "1,2"}, "'wbins_w' has 3 entries and 'wbins_z' 2"),
        ({"wbins_z": "1,3,2"}, "must increase: edge 3 is 2, the one before it 3"),
        ({"wbins_z": "1,1,2"}, "must increase: edge 2 is 1, the one before it 1"),
        ({"wbins_z": "-1,1,2"}, "upper edge 1 in 'wbins_z' is -1"),
        ({"wbins_z": "1,2,nan"}, "parameter 'wbins_z=nan'"),
        ({"wbins_w": "-1,-0.9,inf"}, "parameter 'wbins_w=inf'"),
        ({"wbins_w_beyond": 0}, "'wbins_w_beyond' is 0, it must be below 0"),
        ({"wbins_width": -0.1}, "'wbins_width' is -0.1"),
        ({"Omega_Lambda": 0.3}, "set Omega_Lambda = 0"),
        ({"use_ppf": "no"}, "needs 'use_ppf = yes'"),
        ({"w0_fld": -0.9}, "takes no w0_fld"),
        (
            {**HMCODE, "hmcode_version": "2020_baryonic_feedback"},
            "baryonic feedback is not supported",
        ),
        ({**HMCODE, "hmcode_version": "2016", "c_min": 2}, "'c_min') is not supported"),
        ({"output": "mPk", "non_linear": "halofit", "pk_eq": "yes"}, "'pk_eq' is 'yes', but"),
        ({"nonlinear_to_z_max_pk": "high"}, "nonlinear_to_z_max_pk"),
        ({"wbins_w": ",".join(["-0.9"] * 300)}, "has 1499 characters, CLASS reads at most 1023"),
    ],
)
def test_bins(classy, change, reason):
    assert reason in severe(classy, **{**bins(-0.9, -1.2, -0.8), **change})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fEDE": -0.1}, "'fEDE' is -0.1, it must lie between 0 (included) and 1 (excluded)"),
        ({"fEDE": 1}, "'fEDE' is 1"),
        ({"fEDE": "nan"}, "parameter 'fEDE=nan'"),
        ({"log10z_c": 0.5}, "'log10z_c' is 0.5"),
        ({"thetai_ede": 0}, "'thetai_ede' is 0, it must lie between 0 and 3.14159"),
        ({"thetai_ede": 3.2}, "'thetai_ede' is 3.2"),
        ({"n_ede": 1}, "'n_ede' is 1, it must lie between 1 and"),
        (
            {"ede_model": "axion"},
            "'ede_model' is 'axion', it must be 'fluid', 'fluid_matched' or 'scalar'",
        ),
        ({"ede_model": "scalar", "ede_definition": "at_zc"}, "it can only be 'peak'"),
        ({"ede_model": "fluid_matched", "ede_definition": "at_zc"}, "it can only be 'peak'"),
        ({"ede_model": "scalar", "varpi_ede": 0}, "belongs to 'ede_model = fluid'"),
        ({"ede_definition": "max"}, "'ede_definition' is 'max'"),
        ({"varpi_ede": "fast"}, "'varpi_ede' is 'fast'"),
        ({"varpi_ede": -1}, "'varpi_ede' is '-1'"),
        ({"Omega_dcdmdr": 0.1, "Gamma_dcdm": 10}, "beside decaying dark matter"),
        ({"ede_fluid_trigger_tau_over_tau_k": 45}, "are both 45"),
    ],
)
def test_ede(classy, change, reason):
    assert reason in severe(classy, **{**EDE, **change})


def test_ede_needs_its_redshift(classy):
    assert "'fEDE' = 0.1 needs 'log10z_c'" in severe(classy, fEDE=0.1)


def test_many_bins_and_odd_edges(classy):
    """Any number of bins, edges as close as 0.001 and as high as 1000."""
    cosmo = classy.Class()
    n = 100
    edges = [*(0.001 * (i + 1) for i in range(n - 1)), 1000.0]
    w = [-1 + 0.1 * (-1) ** i for i in range(n)]
    cosmo.set(
        Omega_Lambda=0,
        fluid_equation_of_state="wbins",
        wbins_z=",".join(f"{z:.4g}" for z in edges),
        wbins_w=",".join(f"{x:.4g}" for x in w),
    )
    cosmo.compute(["background"])
    assert cosmo.Hubble(0.5) > cosmo.Hubble(0)
    cosmo.struct_cleanup()
