"""The documentation as a site: `make docs`."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("myst_parser", reason="needs the extra docs, which `make docs` installs")
    options = ("-q", "-W", "--keep-going", "-b", "html")
    command = [sys.executable, "-m", "sphinx", *options, DOCS, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stderr
