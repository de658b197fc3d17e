"""Pages name what there is in the code, and the site builds."""

import re
import subprocess
import sys

import pytest
from blocks import ROOT

GUIDE = ROOT / "docs" / "guide"
PATCH = ROOT / "ede_wbins" / "boltzmann" / "patch"


def test_errors_that_are_explained_are_those_of_the_code():
    source = "".join(
        re.sub(r'"\s*f?r?"', "", path.read_text())
        for folder in ("ede_wbins", "likelihoods")
        for path in (ROOT / folder).rglob("*.py")
    )
    # What differs, in the code: {name}, %s, %d.
    source = re.sub(r"\{[^{}]*\}|%[sdrg]", "...", source)
    headings = re.findall(r"(?m)^### `(.*)`$", (GUIDE / "troubleshooting.md").read_text())
    assert len(headings) > 25
    for heading in headings:
        for part in heading.split("..."):
            assert part.strip() in source, heading


def test_options_of_every_component_are_listed():
    page = (GUIDE / "options.md").read_text()
    patterns = ("likelihoods/*/*.yaml", "ede_wbins/theory/E*.yaml", "ede_wbins/samplers/*.yaml")
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    for path in files:
        if path.name != "experiments.yaml":
            assert f"{{defaults}} {path.relative_to(ROOT)}\n" in page


def test_inputs_of_the_patch_are_listed():
    page = (GUIDE / "options.md").read_text()
    read = re.compile(r'(?:read_\w+|read_list)\((?:pfc, ?)?"(\w+)"')
    names = {name for path in PATCH.glob("*.c") for name in read.findall(path.read_text())}
    # CLASS's own.
    names -= {"use_ppf", "c_gamma_over_c_fld", "cs2_fld", "w0_fld", "wa_fld"}
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in page} == set()


@pytest.mark.slow
def test_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="needs the extra `docs`")
    pytest.importorskip("myst_parser", reason="needs the extra `docs`")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    options = re.sub("<[^>]*>", "", (tmp_path / "guide" / "options.html").read_text())
    # From parameters.yaml, from EDEWBins.yaml, and from the command line.
    for expected in ("min: 3, max: 4.3", "w_beyond", "--burn-in"):
        assert expected in options
    assert "at least as unlikely" in (tmp_path / "guide" / "api.html").read_text()
