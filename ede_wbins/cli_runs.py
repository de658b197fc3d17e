"""The sub-commands of ``ede-wbins`` around runs: write one, and check a machine for it."""

import argparse
from pathlib import Path

from ede_wbins.ede_models import EDE_MODELS


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the sub-commands `yaml` and `doctor`."""
    write = commands.add_parser("yaml", help="write a run")
    write.add_argument("--bins", type=int, metavar="N", help="bins of w(z)")
    write.add_argument(
        "--ede",
        nargs="?",
        const="fluid",
        choices=EDE_MODELS,
        help="early dark energy",
    )
    write.add_argument("--mnu", action="store_true", help="sample the neutrino masses")
    write.add_argument("--data", required=True, metavar="NAME,NAME,...")
    write.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    write.set_defaults(run=_yaml)

    doctor = commands.add_parser("doctor", help="check that this machine can do a run")
    doctor.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="RUN.yaml",
        help="default: EDE + 3 bins on the embedded data",
    )
    doctor.add_argument(
        "-p", "--packages-path", metavar="FOLDER", help="default: Cobaya's packages path"
    )
    doctor.set_defaults(run=_doctor)


def _yaml(options: argparse.Namespace) -> None:
    from ede_wbins.errors import EDEWBinsError
    from ede_wbins.run_file import run_file

    data = [name for name in options.data.split(",") if name]
    text = run_file(data, options.bins, options.ede, options.mnu)
    if options.output is None:
        print(text, end="")
        return
    try:
        # Never over a file that someone may have edited.
        with open(options.output, "x") as file:
            file.write(text)
    except OSError as error:
        raise EDEWBinsError(f"{options.output}: {error.strerror}") from None
    print(options.output)


def _doctor(options: argparse.Namespace) -> None:
    from cobaya.yaml import yaml_load

    from ede_wbins.boltzmann.paths import default_packages_path
    from ede_wbins.doctor import report
    from ede_wbins.errors import EDEWBinsError
    from ede_wbins.read_yaml import read_yaml
    from ede_wbins.run_file import run_file

    packages_path = options.packages_path or default_packages_path()
    if packages_path is None:
        raise EDEWBinsError("no packages path: give one with -p, or set COBAYA_PACKAGES_PATH")
    if options.file is None:
        info = yaml_load(run_file(["embedded"], n_bins=3, ede="fluid"))
    else:
        info = read_yaml(options.file, "likelihood")
    report(info, packages_path)
