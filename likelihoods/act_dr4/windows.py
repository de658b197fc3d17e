"""ACT DR4's bandpower windows: the released ones, and an approximation without them."""

from pathlib import Path

import numpy as np
from cobaya.log import LoggedError
from scipy.ndimage import gaussian_filter1d

from ede_wbins.npz import NpzError, read_npz

N_BINS = 52
L_MAX = 7925
# Where the 150 x 150 GHz windows of each spectrum are among the ten cross-spectra of a file.
BLOCKS = {"tt": 2, "te": 6, "ee": 9}
SHARPEN, WIDTH = 0.6, 20


def read_windows(log, path: Path) -> dict[str, np.ndarray]:
    """Windows of C_l, shape (52, 7926) with l from 0, by spectrum.

    The file holds one array `bpwf`, 52 rows for each of ten cross-spectra, with columns from l = 2.

    Raises
    ------
    LoggedError
        If the file is not of that form.
    """
    try:
        table = read_npz(path)["bpwf"]
    except NpzError as error:
        raise LoggedError(log, "%s", error) from None
    except KeyError:
        raise LoggedError(log, "%s has no array 'bpwf'", path) from None
    expected = (10 * N_BINS, L_MAX - 1)
    if table.shape != expected or table.dtype.kind != "f":
        raise LoggedError(
            log,
            "%s: 'bpwf' is %s of shape %s; it must be numbers of shape %s",
            *(path, table.dtype, table.shape, expected),
        )
    return {
        name: np.pad(table[block * N_BINS : (block + 1) * N_BINS], ((0, 0), (2, 0)))
        for name, block in BLOCKS.items()
    }


def sharpened_top_hats(edges: np.ndarray) -> np.ndarray:
    """Approximate windows of C_l, shape (52, 7926) with l from 0.

    1.6 W - 0.6 G(W), where W is flat over the bin and G smooths with standard deviation 20 in l:
    negative lobes as the released windows have. The two numbers were chosen on the chi2 of ACT's
    own best fit together with WMAP.

    Parameters
    ----------
    edges : array, shape (52, 2)
        First and last multipole of each bin.
    """
    ell = np.arange(L_MAX + 1)
    first, last = edges[:, :1], edges[:, 1:]
    flat = ((ell >= first) & (ell <= last)) / (last - first + 1)
    smooth = gaussian_filter1d(flat, WIDTH, axis=1, mode="constant")
    return (1 + SHARPEN) * flat - SHARPEN * smooth
