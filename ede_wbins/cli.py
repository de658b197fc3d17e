"""The command ``ede-wbins``: each sub-command calls one function of the package."""

import argparse
import logging
import os
import sys

from ede_wbins import cli_analysis, cli_runs
from ede_wbins.errors import EDEWBinsError


def main(arguments: list[str] | None = None) -> int:
    """Run one sub-command.

    Parameters
    ----------
    arguments
        The command line without the program's name; None for the process's own.

    Returns
    -------
    status
        0 where all went well, 1 where one line on standard error says what did not.
    """
    options = parser().parse_args(arguments)
    # GetDist's hints on smoothing are not for whoever reads a table.
    logging.getLogger().setLevel(logging.ERROR)
    try:
        options.run(options)
    except EDEWBinsError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # As of `| head`: nothing is left to say, at the end of Python neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        return _fail("interrupted")
    return 0


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="ede-wbins", description="EDE and w(z) for Cobaya")
    commands = whole.add_subparsers(metavar="command", required=True)

    install = commands.add_parser("install", help="build the patched CLASS")
    install.add_argument(
        "-p", "--packages-path", metavar="FOLDER", help="default: Cobaya's packages path"
    )
    install.set_defaults(run=_install)

    cli_analysis.add_to(commands)
    cli_runs.add_to(commands)
    return whole


def _install(options: argparse.Namespace) -> None:
    from ede_wbins.boltzmann import install
    from ede_wbins.boltzmann.paths import default_packages_path
    from ede_wbins.errors import InstallError

    packages_path = options.packages_path or default_packages_path()
    if packages_path is None:
        raise InstallError("no packages path: give one with -p, or set COBAYA_PACKAGES_PATH")
    print(f"The patched CLASS is in {install(packages_path)}")


def _fail(reason: str) -> int:
    print(f"ede-wbins: {reason}", file=sys.stderr)
    return 1
