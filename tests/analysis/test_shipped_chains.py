"""Chains that come with the repository load, have converged, and name nobody's folders."""

import json
import re
from pathlib import Path

import pytest

from ede_wbins.analysis import load_run
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
    assert noted["converged"] and "effective fraction" in noted["check"]
    assert name_of(prefix) in (ROOT / "docs" / "results.md").read_text()
    for path in (record_path(prefix), *chain_paths(prefix)):
        assert not re.search(r"(^|[\s\"'])/\w", path.read_text()), path
