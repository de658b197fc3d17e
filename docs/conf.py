"""The documentation site: ``make docs``."""

import sys
from pathlib import Path

from ede_wbins import __version__

sys.path.insert(0, str(Path(__file__).parent))

project, author, release = "ede-wbins", "", __version__
copyright = ""
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    # Formulas show without a network too.
    "sphinx-mathjax-offline",
    "sphinx.ext.viewcode",
    "tables",
]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# Docstrings write code in single backquotes.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
html_theme = "alabaster"
html_theme_options = {"description": "Early dark energy and w(z) for Cobaya", "page_width": "70rem"}
html_show_copyright = html_show_sphinx = False
