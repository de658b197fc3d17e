"""One self-contained HTML page about one or several runs."""

from ede_wbins.analysis.report.write import write_report

__all__ = ["write_report"]
