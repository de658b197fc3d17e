"""The files of a Cobaya run: where they are, and whether they belong together."""

import re
from pathlib import Path

from getdist.paramnames import ParamNames

from ede_wbins.errors import EDEWBinsError
from ede_wbins.read_yaml import read_yaml


def prior_prefix(prefix: Path) -> Path:
    """Where the prior-only run of a run lies."""
    return prefix.with_name(prefix.name + "_prior")


def record_path(prefix: Path) -> Path:
    """Cobaya's record of a run: its input with all defaults."""
    return prefix.with_name(prefix.name + ".updated.yaml")


def chain_paths(prefix: Path) -> list[Path]:
    """The chains of a run, in order."""
    numbered = re.compile(re.escape(prefix.name) + r"\.(\d+)\.txt")
    found = [
        (m, path) for path in prefix.parent.glob("*.txt") if (m := numbered.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found, key=lambda pair: int(pair[0][1]))]


def check_lengths(prefix: Path, chains: list[Path], burn_in: float) -> None:
    """
    Check that something is left of each chain after the burn-in.

    Raises
    ------
    EDEWBinsError
        If there is not.
    """
    for chain in chains:
        with open(chain) as file:
            n = sum(1 for line in file if line.strip() and not line.startswith("#"))
        if not n:
            raise EDEWBinsError(f"{prefix}: {chain.name} is empty")
        if burn_in >= n:
            raise EDEWBinsError(
                f"{prefix}: burn-in = {burn_in:g} rows: {chain.name} has only {n} "
                "(give fewer, or a share below 1)"
            )


def header(path: Path) -> list[str]:
    """Names of the columns of a chain."""
    with open(path) as file:
        return file.readline().lstrip("#").split()


def read_record(path: Path) -> dict:
    """
    A run's record.

    Raises
    ------
    EDEWBinsError
        If it is none.
    """
    return read_yaml(path, "params", "likelihood")


def check_columns(prefix: Path, chains: list[Path]) -> None:
    """
    Check that the chains are of one model, and of the one in the record.

    Raises
    ------
    EDEWBinsError
        If they are not.
    """
    first = header(chains[0])
    for chain in chains[1:]:
        if header(chain) != first:
            raise EDEWBinsError(
                f"{prefix}: {chain.name} has other columns than {chains[0].name}: "
                "they are chains of different models"
            )
    if first[:1] != ["weight"]:
        return
    expected = ParamNames(str(record_path(prefix))).list()
    if missing := [name for name in expected if name not in first]:
        raise EDEWBinsError(
            f"{prefix}: {chains[0].name} lacks {', '.join(missing)}, which "
            f"{record_path(prefix).name} has: they are of different models"
        )
    if first[2:] != expected:
        # GetDist takes the names of the columns from the record.
        raise EDEWBinsError(
            f"{prefix}: the columns of {chains[0].name} are not those of "
            f"{record_path(prefix).name}, or in another order: they are of different models"
        )
