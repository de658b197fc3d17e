"""The community's 2-point FITS files: correlation functions, redshift distributions, covariance."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cobaya.log import LoggedError

# What a statistic is, by the quantities that its header names: galaxy positions (GPR) and shears.
KINDS = {
    ("G+R", "G+R"): "xip",
    ("G-R", "G-R"): "xim",
    ("GPR", "G+R"): "gammat",
    ("GPR", "GPR"): "wtheta",
}
NAMES = tuple(KINDS.values())
# Axes and columns that no file has: the standard ends at 999, Astropy would count them for hours.
_TOO_MANY = re.compile(rb"(NAXIS|TFIELDS) *= *\+?\d{4}")
ARCMIN = {"arcmin": 1.0, "arcminute": 1.0, "deg": 60.0, "rad": 180 * 60 / np.pi}


@dataclass
class Statistic:
    """One correlation function: a row for each pair of redshift bins and each angular bin."""

    kind: str
    pairs: np.ndarray  # (n, 2), numbered from 1
    theta: np.ndarray  # (n,) arcmin
    edges: np.ndarray | None  # (n, 2) arcmin, where the file has them
    value: np.ndarray  # (n,)


@dataclass
class Distributions:
    """n(z) of one sample: `n_z[i]` of bin i + 1 at the redshifts `z`."""

    z: np.ndarray
    n_z: np.ndarray


@dataclass
class TwoPointFile:
    statistics: list[Statistic]
    distributions: dict[str, Distributions]
    covariance: np.ndarray


def read_2pt(log, path: Path, kinds: tuple[str, ...], samples: dict[str, str]) -> TwoPointFile:
    """Read some statistics, their n(z) and their covariance.

    Parameters
    ----------
    log : Logger
    path : Path
    kinds : tuple of str
        Which of `NAMES`; returned in this order.
    samples : dict
        The extension with n(z) of `source` and, where needed, `lens`.

    Raises
    ------
    LoggedError
        If the file is not one, or lacks what is asked for.
    """
    try:
        content = path.read_bytes()
        # Astropy would unpack archives, whose size nothing bounds.
        if not content.startswith(b"SIMPLE"):
            raise OSError("it does not begin with SIMPLE")
        if found := _TOO_MANY.search(content):
            raise OSError(f"{found[1].decode()} is above 999")
        from astropy.io import fits

        with fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False) as hdus:
            return _read(log, path, hdus, kinds, samples)
    except (LoggedError, ImportError):
        raise
    # Damage shows in many ways, deep in Astropy and NumPy.
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LoggedError(log, "%s is not a FITS file that can be read: %s", path, reason) from None


def _read(log, path: Path, hdus, kinds, samples) -> TwoPointFile:
    names = [hdu.name for hdu in hdus]
    if "COVMAT" not in names:
        raise LoggedError(log, "%s has no extension COVMAT: it has %s", path, _join(names))
    tables = {hdu.name: hdu for hdu in hdus if hdu.header.get("2PTDATA")}
    found = {_kind(hdu.header): name for name, hdu in tables.items()}
    found.pop(None, None)
    if missing := [kind for kind in kinds if kind not in found]:
        raise LoggedError(log, "%s has no %s: it has %s", path, missing[0], _join(found))
    statistics = [_statistic(log, path, kind, tables[found[kind]]) for kind in kinds]
    blocks = _blocks(log, path, hdus["COVMAT"].header)
    rows = np.concatenate(
        [
            _rows(log, path, blocks, found[kind], len(statistic.value))
            for kind, statistic in zip(kinds, statistics, strict=True)
        ]
    )
    covariance = np.asarray(hdus["COVMAT"].data, dtype=float)[np.ix_(rows, rows)]
    distributions = {}
    for sample, name in samples.items():
        if name.lower() not in (other.lower() for other in names):
            raise LoggedError(
                log, "%s has no extension %s for n(z): it has %s", path, name, _join(names)
            )
        distributions[sample] = _distributions(hdus[name])
    return TwoPointFile(statistics, distributions, covariance)


def _join(names) -> str:
    return ", ".join(names) or "none"


def _kind(header) -> str | None:
    quantities = (header.get("QUANT1"), header.get("QUANT2"))
    return KINDS.get(quantities)


def _statistic(log, path, kind: str, hdu) -> Statistic:
    table, columns = hdu.data, hdu.columns
    needed = ("BIN1", "BIN2", "VALUE", "ANG")
    if missing := [name for name in needed if name not in columns.names]:
        raise LoggedError(log, "%s: %s has no column %s", path, hdu.name, missing[0])
    unit = (columns["ANG"].unit or "").strip().lower()
    if unit not in ARCMIN:
        raise LoggedError(
            log, "%s: ANG of %s is in %r; known are %s", path, hdu.name, unit, _join(ARCMIN)
        )
    edges = None
    if {"ANGLEMIN", "ANGLEMAX"} <= set(columns.names):
        edges = ARCMIN[unit] * np.column_stack([table["ANGLEMIN"], table["ANGLEMAX"]]).astype(float)
    return Statistic(
        kind=kind,
        pairs=np.column_stack([table["BIN1"], table["BIN2"]]).astype(int),
        theta=ARCMIN[unit] * np.asarray(table["ANG"], dtype=float),
        edges=edges,
        value=np.asarray(table["VALUE"], dtype=float),
    )


def _blocks(log, path, header) -> dict[str, int]:
    """First row of each statistic in the covariance."""
    blocks, i = {}, 0
    while f"NAME_{i}" in header:
        blocks[header[f"NAME_{i}"].lower()] = int(header[f"STRT_{i}"])
        i += 1
    if not blocks:
        raise LoggedError(log, "%s: COVMAT does not say what it is the covariance of", path)
    return blocks


def _rows(log, path, blocks: dict[str, int], name: str, size: int) -> np.ndarray:
    if name.lower() not in blocks:
        raise LoggedError(log, "%s: %s is not in COVMAT, which has %s", path, name, _join(blocks))
    start = blocks[name.lower()]
    return np.arange(start, start + size)


def _distributions(hdu) -> Distributions:
    table = hdu.data
    bins = [name for name in hdu.columns.names if name.upper().startswith("BIN")]
    return Distributions(
        z=np.asarray(table["Z_MID"], dtype=float),
        n_z=np.array([np.asarray(table[name], dtype=float) for name in bins]),
    )


def read_cuts(log, path: Path) -> dict[tuple[str, int, int], tuple[float, float]]:
    """Scale cuts: for each statistic and pair of bins, the angles (arcmin) between which it counts.

    A text file with rows `type bin1 bin2 theta_min theta_max`; pairs that it does not name are
    dropped.

    Raises
    ------
    LoggedError
        If a row is of another form.
    """
    cuts = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            kind, first, second, low, high = words
            cuts[kind, int(first), int(second)] = (float(low), float(high))
        except ValueError:
            raise LoggedError(
                log,
                "%s, line %d: %r is not `type bin1 bin2 theta_min theta_max`",
                path,
                number,
                line.strip(),
            ) from None
        if kind not in NAMES or not 0 <= float(low) < float(high):
            raise LoggedError(
                log,
                "%s, line %d: %r; the type must be of %s, and theta_min below theta_max",
                path,
                number,
                line.strip(),
                _join(NAMES),
            )
    return cuts
