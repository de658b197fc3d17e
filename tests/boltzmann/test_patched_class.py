"""The real build: what it carries, where it finds its data, and what lives beside it."""

import sys

import numpy as np
import pytest

from ede_wbins.boltzmann import load, patch_id

SPECTRA = {"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "l_max_scalars": 600}


@pytest.fixture
def compute():
    """Compute a cosmology with a given module; its memory is freed after the test."""
    done = []

    def run(module, **parameters):
        cosmo = module.Class()
        cosmo.set(parameters)
        done.append(cosmo)
        cosmo.compute()
        return cosmo

    yield run
    for cosmo in done:
        cosmo.struct_cleanup()


def test_says_what_it_is(classy):
    assert classy.ede_wbins_patch == patch_id()
    assert classy.__version__ == f"3.4.1.0+ede_wbins.{patch_id()}"
    assert load(classy.__path__[0]) is classy


def test_is_the_stock_class_where_nothing_of_ours_is_asked_for(classy, stock, compute):
    ours, theirs = (compute(module, **SPECTRA) for module in (classy, stock))
    for name, values in ours.lensed_cl(600).items():
        assert np.array_equal(values, theirs.lensed_cl(600)[name]), name
    k = np.geomspace(1e-4, 0.5, 50)
    assert [ours.pk_lin(x, 0.0) for x in k] == [theirs.pk_lin(x, 0.0) for x in k]


def test_does_not_look_into_a_classy_installed_elsewhere(classy, compute, tmp_path, monkeypatch):
    (tmp_path / "classy.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "classy", raising=False)
    # The helium fraction of nucleosynthesis is interpolated in a table among CLASS's data.
    cosmo = compute(classy, output="", YHe="BBN")
    assert 0.2 < cosmo.get_current_derived_parameters(["YHe"])["YHe"] < 0.3


def test_errors_are_its_own(classy, stock):
    assert classy.CosmoSevereError is not stock.CosmoSevereError
    cosmo = classy.Class()
    cosmo.set(no_such_parameter=1)
    with pytest.raises(classy.CosmoSevereError):
        cosmo.compute()
