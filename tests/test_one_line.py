"""What a person sees of a typing mistake: one line, no traceback."""

import subprocess
import sys

import pytest

RUN = """
theory: {ede_wbins.EDEWBins: {n_bin: 3}}
likelihood: {one: null}
params: {x: {prior: [0, 1]}}
sampler: {evaluate: null}
"""


@pytest.mark.parametrize("debug", [False, True])
def test_mistake_in_a_run(tmp_path, debug):
    (tmp_path / "run.yaml").write_text(RUN + f"debug: {debug}\n")
    command = [sys.executable, "-m", "cobaya", "run", "run.yaml"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 1
    assert "*ERROR* theory 'ede_wbins.EDEWBins' does not recognize some options" in printed
    assert "Traceback" not in printed
