"""CMB spectra at a best fit, by CLASS."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ede_wbins.analysis import spectra
from ede_wbins.analysis.figures import cmb
from ede_wbins.errors import EDEWBinsError


@pytest.fixture
def run(w3, classy, tmp_path):
    """The synthetic run with a theory that is where this suite has it, as if it was emulated."""
    options = {
        **w3.info["theory"]["ede_wbins.EDEWBins"],
        "path": str(Path(classy.__file__).parent),
        "tolerance": 0.4,
    }
    info = {**w3.info, "theory": {"ede_wbins.EmulatedEDEWBins": options}}
    for path in w3.prefix.parent.glob("w3.*"):
        (tmp_path / path.name).symlink_to(path)
    return replace(w3, prefix=tmp_path / "w3", info=info)


def test_are_computed_once_by_class(run, monkeypatch):
    found = spectra.best_spectra(run)
    assert {name: len(dl) for name, dl in found.items()} == dict.fromkeys(("tt", "te", "ee"), 2509)
    assert np.argmax(found["tt"]) == pytest.approx(220, abs=8)
    assert 5000 < found["tt"].max() < 6500
    monkeypatch.setattr(spectra, "get_model", lambda info: pytest.fail("computed again"))
    assert np.array_equal(spectra.best_spectra(run)["ee"], found["ee"])
    # Of Planck's points in TT most are within 3 sigma of a model that fits Planck roughly.
    _, residual, error = cmb._data("tt", found)
    assert len(residual) == 36
    assert np.mean(np.abs(residual / error) < 3) > 0.3
    monkeypatch.setattr(cmb, "best_spectra", lambda run: found)
    cmb.spectra([run])


def test_a_theory_that_is_not_there_is_one_line(run):
    run.info["theory"]["ede_wbins.EmulatedEDEWBins"]["path"] = "/nowhere"
    with pytest.raises(EDEWBinsError, match="no spectra at the best fit"):
        spectra.best_spectra(run)
