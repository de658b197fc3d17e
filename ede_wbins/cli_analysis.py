"""The sub-commands of `ede-wbins` that read runs. What is heavy is imported when a command runs."""

import argparse
import sys
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the sub-commands."""
    table = commands.add_parser("table", help="print the posterior of runs")
    _takes_runs(table)
    table.add_argument("--format", choices=("text", "latex", "csv"), default="text")
    table.add_argument(
        "--prior",
        action="append",
        default=[],
        choices=("early", "late"),
        help="add each run again under this functional prior, by weights; can be repeated",
    )
    table.add_argument("--scale", type=float, default=1.0, help="of these priors")
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

    tension = commands.add_parser(
        "tension", help="how far runs are from measurements or each other"
    )
    _takes_runs(tension)
    tension.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME",
        help="compare two runs in this parameter, or several together; default: H0 and S8",
    )
    tension.add_argument(
        "--joint",
        type=Path,
        metavar="RUN",
        help="run on the data of both, for the best chi2 (Q_DMAP)",
    )
    tension.add_argument("--n-data", type=int, metavar="N", help="number of data, for BIC")
    tension.set_defaults(run=_tension)

    report = commands.add_parser("report", help="one HTML page about runs")
    _takes_runs(report)
    report.add_argument("-o", "--output", type=Path, default=Path("report.html"), metavar="FILE")
    report.set_defaults(run=_report)

    profile = commands.add_parser(
        "profile", help="profile likelihood of a parameter; runs under MPI"
    )
    profile.add_argument("yaml", type=Path, metavar="RUN.yaml")
    profile.add_argument("--param", required=True, metavar="NAME")
    profile.add_argument("--range", required=True, metavar="LOW:HIGH", help="as 0:0.3")
    profile.add_argument("--points", type=int, default=16, metavar="N")
    profile.add_argument("--starts", type=int, default=2, metavar="N", help="first ones, per point")
    profile.add_argument("-p", "--packages-path", metavar="FOLDER")
    profile.add_argument("-r", "--resume", action="store_true", help="go on with what is done")
    profile.set_defaults(run=_profile)

    prior = commands.add_parser("prior", help="sample a run's priors alone, to be shown behind it")
    prior.add_argument("yaml", type=Path, metavar="RUN.yaml")
    prior.set_defaults(run=_prior)

    watch = commands.add_parser("watch", help="follow a run that is sampling")
    watch.add_argument("prefix", type=Path, metavar="RUN", help="output prefix")
    watch.add_argument("--every", type=float, default=10, metavar="SECONDS")
    watch.add_argument("--once", action="store_true", help="print where it is, without its speed")
    watch.set_defaults(run=_watch)


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
    from ede_wbins.convergence import BURN_IN

    burn_in = BURN_IN if options.burn_in is None else options.burn_in
    return [load_run(run, burn_in) for run in options.runs]


def _table(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.table import FORMATS

    runs = _load(options)
    if options.prior:
        from ede_wbins.analysis.reweight import reweighted

        runs += [reweighted(run, options.prior, options.scale) for run in runs]
    print(FORMATS[options.format](*runs))


def _plot(options: argparse.Namespace) -> None:
    from ede_wbins.analysis import save_figures

    folder = options.output or options.runs[0].parent
    save_figures(_load(options), folder, options.what, report=lambda path: print(path, flush=True))


def _tension(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.run import load_run
    from ede_wbins.analysis.tension_report import report

    joint = load_run(options.joint) if options.joint else None
    print(report(_load(options), options.param, joint, options.n_data))


def _watch(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.watch import watch

    watch(options.prefix, options.every, options.once)


def _prior(options: argparse.Namespace) -> None:
    from ede_wbins.prior_run import sample_prior

    print(f"The prior is in {sample_prior(options.yaml)}")


def _profile(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.profile_run import profile_run
    from ede_wbins.errors import EDEWBinsError

    try:
        low, high = map(float, options.range.split(":"))
    except ValueError:
        raise EDEWBinsError(f"range = {options.range!r}: must be LOW:HIGH, as 0:0.3") from None
    text = profile_run(
        options.yaml,
        options.param,
        (low, high),
        options.points,
        options.starts,
        options.packages_path,
        options.resume,
    )
    # Of the processes of MPI only the first has it.
    if text:
        print(text)


def _report(options: argparse.Namespace) -> None:
    from ede_wbins.analysis.report import write_report

    print(write_report(_load(options), options.output, report=_to_stderr))


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
