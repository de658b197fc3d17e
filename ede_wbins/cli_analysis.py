"""The sub-commands of `ede-wbins` that read runs. What is heavy is imported when a command runs."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the sub-commands."""
    table = commands.add_parser("table", help="print the posterior of runs")
    _takes_runs(table)
    table.add_argument("--format", choices=("text", "latex", "csv"), default="text")
    table.set_defaults(run=_table)

    plot = commands.add_parser("plot", help="draw the posterior of runs")
    _takes_runs(plot)
    plot.add_argument(
        "--what",
        action="append",
        default=[],
        metavar="KIND",
        help="triangle, w, f_ede, expansion, spectra (calls CLASS), s8h0, trace or bins; "
        "can be repeated; default: all that the run has the parameters for, without spectra",
    )
    plot.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="default: beside the chains"
    )
    plot.set_defaults(run=_plot)


def _takes_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="output prefix, as chains/quickstart"
    )
    command.add_argument(
        "--burn-in",
        type=float,
        metavar="X",
        help="cut from the start of each chain: a share, or a number of rows; default: 0.3",
    )


def _load(options: argparse.Namespace) -> list:
    from ede_wbins.analysis import load_run
    from ede_wbins.analysis.run import BURN_IN

    burn_in = BURN_IN if options.burn_in is None else options.burn_in
    return [load_run(run, burn_in) for run in options.runs]


def _table(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.table import FORMATS

    print(FORMATS[options.format](*_load(options)))


def _plot(options: argparse.Namespace) -> None:
    from ede_wbins.analysis import save_figures

    folder = options.output or options.runs[0].parent
    for path in save_figures(_load(options), folder, options.what):
        print(path)
