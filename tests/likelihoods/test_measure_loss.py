"""The measurement of what compression loses."""

import numpy as np
import pytest

from ede_wbins.likelihoods.measure_loss import PLIK, Rebinned


@pytest.mark.data
def test_rebinning_by_one_is_the_full_likelihood(packages, spectra):
    from cobaya.component import get_component_class

    plik = get_component_class(PLIK, kind="likelihood")({}, packages_path=packages)
    full = plik.get_chi_squared(0, spectra["tt"], spectra["te"], spectra["ee"], 1.001)
    assert Rebinned(plik, width=1).chi2(spectra, 1.001) == pytest.approx(full)
    by_three = Rebinned(plik, width=3)
    assert len(by_three.average) == 72 + 67 + 67
    np.testing.assert_allclose(by_three.average.sum(axis=1), 1)
