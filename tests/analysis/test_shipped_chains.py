"""Chains that come with the repository load, have converged, and name nobody's folders."""

import json
import re
from pathlib import Path

import pytest

from ede_wbins.analysis import load_run
from ede_wbins.analysis.figures import default_figures, draw
from ede_wbins.analysis.files import chain_paths, record_path

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "chains" / "shipped"
RUNS = [path.with_suffix("").with_suffix("") for path in SHIPPED.rglob("*.updated.yaml")]


def name_of(prefix: Path) -> str:
    return prefix.relative_to(SHIPPED).as_posix()


@pytest.mark.parametrize("prefix", RUNS, ids=name_of)
def test_shipped_chain(prefix):
    run = load_run(prefix)
    assert run.converged and run.n_chains == 2
    noted = json.loads((SHIPPED / "convergence.json").read_text())[name_of(prefix)]
    assert noted["converged"] and "effective fraction" in run.exact_check
    assert name_of(prefix) in (ROOT / "docs" / "results.md").read_text()
    for path in (record_path(prefix), *chain_paths(prefix)):
        assert not re.search(r"(^|[\s\"'])/\w", path.read_text()), path


def test_runs_with_and_without_dark_energies_share_what_figures_they_can():
    names = ("ede_w3", "ede", "lcdm")
    folder = SHIPPED / "paper/planck_lensing_bao_sn"
    runs = [load_run(folder / name, burn_in=0) for name in names]
    figures = default_figures(runs)
    drawn = {kind: [run.name for run in group] for kind, group in figures if kind != "trace"}
    shared = list(names)
    assert drawn == {
        "triangle": shared,
        "w": ["ede_w3"],
        "f_ede": ["ede_w3", "ede"],
        "expansion": shared,
        "s8h0": shared,
    }
    assert [group[0].name for kind, group in figures if kind == "trace"] == shared
    for kind, group in figures:
        if kind in ("w", "f_ede", "s8h0"):
            draw(kind, group)
