"""From chains to tables and figures, on GetDist."""

from ede_wbins.analysis.figures import save_figures
from ede_wbins.analysis.run import Run, load_run
from ede_wbins.analysis.table import summary

__all__ = ["Run", "load_run", "save_figures", "summary"]
