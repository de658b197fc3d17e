"""What figures share: sizes for one column of a journal, colours, lines."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

# Cobaya lets every library tell what it does; of fonts in a PDF nobody wants to know.
logging.getLogger("fontTools").setLevel(logging.ERROR)

# Okabe and Ito's colours, which colour-blind readers can tell from each other and in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
OPACITY = {0.95: 0.25, 0.68: 0.5}
PRIOR = "0.88"
WIDTH = 3.4
"""Inches of one column."""

_PARAMETERS = {
    "font.size": 8,
    "axes.labelsize": 9,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "lines.linewidth": 1.2,
    "mathtext.fontset": "cm",
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    # Text as text in PDF and SVG.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
}


@contextmanager
def publication() -> Iterator[None]:
    """Draw inside this as for a paper."""
    with plt.rc_context(_PARAMETERS):
        yield


def figure(rows: int = 1, height: float = 2.6, **options):
    """A figure of one column with `rows` panels above each other: (figure, axes)."""
    return plt.subplots(rows, 1, figsize=(WIDTH, height), layout="constrained", **options)


def colour(i: int) -> str:
    """Colour of the i-th run."""
    return COLOURS[i % len(COLOURS)]


def line(i: int) -> str | tuple:
    """Line style of the i-th run."""
    return LINES[i % len(LINES)]
