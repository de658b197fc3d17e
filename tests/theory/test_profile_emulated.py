"""A profile with the emulator: what it finds is computed again by CLASS."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cobaya.model import get_model
from cobaya.yaml import yaml_dump
from stand_in import LCDM
from test_emulated import SAMPLED, emulate  # noqa: F401

from ede_wbins.analysis.intervals import parabola
from ede_wbins.analysis.profile_run import profile_run


@pytest.mark.parametrize(
    "theory",
    [
        {"ede_wbins.EmulatedEDEWBins": {"ede": "none"}},
        {"ede_wbins.EDEWBins": {"ede": "none", "class": "ede_wbins.EmulatedEDEWBins"}},
    ],
    ids=["by name", "by class"],
)
def test_optima_are_those_of_class(emulate, theory, tmp_path, capsys):  # noqa: F811
    likelihood = {"universe.Peaks": {"python_path": str(Path(__file__).parent)}}
    params = {**LCDM, **SAMPLED}
    info = {"theory": theory, "params": params, "likelihood": likelihood}
    info["output"] = str(tmp_path / "run")
    (tmp_path / "run.yaml").write_text(yaml_dump(info))
    text = profile_run(tmp_path / "run.yaml", "H0", (65.5, 68.5), n_points=5, starts=1)
    assert text.startswith("H0: best 67")
    points = json.loads((tmp_path / "run.profile_H0.json").read_text())
    model = get_model(info | {"theory": {"ede_wbins.EDEWBins": {"ede": "none"}}, "output": None})
    for point in points:
        (exact,) = model.loglikes(point["parameters"], return_derived=False)
        assert point["by_likelihood"]["universe.Peaks"] == pytest.approx(-2 * exact)
    # What the emulator had found there was good enough to minimise.
    pairs = re.findall(r"chi2 = (\S+) \(emulated (\S+)\)", capsys.readouterr().out)
    assert len(pairs) == 5
    exact, emulated = np.array(pairs, dtype=float).T
    assert emulated == pytest.approx(exact, abs=0.3)
    best, _ = parabola([point["value"] for point in points], exact)
    assert best == pytest.approx(67, abs=0.1)


def test_far_out_too_the_minimum_is_that_of_class(emulate, tmp_path, capsys):  # noqa: F811
    found = {}
    for theory in ("EmulatedEDEWBins", "EDEWBins"):
        path = tmp_path / f"{theory}.yaml"
        likelihood = {"universe.Peaks": {"python_path": str(Path(__file__).parent)}}
        info = {"theory": {f"ede_wbins.{theory}": {"ede": "none"}}, "likelihood": likelihood}
        info |= {"params": {**LCDM, **SAMPLED}, "output": str(path.with_suffix(""))}
        path.write_text(yaml_dump(info))
        profile_run(path, "H0", (50, 85), n_points=7, starts=1)
        points = json.loads((tmp_path / f"{theory}.profile_H0.json").read_text())
        found[theory] = np.array([point["chi2"] for point in points])
    assert found["EmulatedEDEWBins"] == pytest.approx(found["EDEWBins"], abs=0.1)
    pairs = re.findall(r"chi2 = (\S+) \(emulated (\S+)\)", capsys.readouterr().out)
    exact, emulated = np.array(pairs, dtype=float).T
    # There the emulator had to learn first.
    assert np.abs(exact - emulated).max() > 0.2
