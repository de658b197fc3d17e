"""What the compressed likelihoods lose: chi2 against the full ones at points drawn from a chain.

Any Cobaya chain will do whose theory and parameters give CMB spectra and distances, for example
    python -m ede_wbins.likelihoods.measure_loss chains/quickstart -p packages
The packages path must hold the data of the full likelihoods.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.model import Model, get_model
from cobaya.yaml import yaml_load_file
from getdist.mcsamples import loadMCSamples

from .bandpowers import BandpowerWindows
from .planck_compressed.make_table import plik_windows

HERE = "ede_wbins.likelihoods"
PLIK = "planck_2018_highl_plik.TTTEEE_lite_native"
COMPRESSED = {
    "Planck TT, TE, EE": {f"{HERE}.planck_compressed": {"lowl_tt": False, "tau": None}},
    "BAO, sdss": {f"{HERE}.bao_compressed": None},
    "Pantheon": {f"{HERE}.sn_compressed": None},
}
FULL = {
    "Planck TT, TE, EE": {PLIK: None},
    "BAO, sdss": {
        "bao.sixdf_2011_bao": None,
        "bao.sdss_dr7_mgs": None,
        "bao.sdss_dr12_consensus_bao": None,
    },
    "Pantheon": {"sn.pantheon": {"dataset_file": "PantheonBinned/ds17f.dataset"}},
}


def model_of_chain(root: str, packages_path: str) -> Model:
    """The chain's theory and parameters, with the full and the compressed likelihoods."""
    info = yaml_load_file(f"{root}.updated.yaml")
    likelihoods = [part for group in (COMPRESSED, FULL) for part in group.values()]
    return get_model(
        {
            "theory": info["theory"],
            "params": info["params"],
            "likelihood": {name: options for part in likelihoods for name, options in part.items()},
            "packages_path": packages_path,
        }
    )


def draw(root: str, names: list[str], size: int, seed: int) -> np.ndarray:
    """Points of the posterior, shape (size, len(names)), the first 30% of the chain left out."""
    samples = loadMCSamples(str(Path(root).resolve()), settings={"ignore_rows": 0.3})
    rng = np.random.default_rng(seed)
    weights = samples.weights / samples.weights.sum()
    size = min(size, np.count_nonzero(weights))
    rows = rng.choice(len(weights), size=size, replace=False, p=weights)
    columns = [samples.index[name] for name in names]
    return samples.samples[np.ix_(rows, columns)]


class Rebinned:
    """Plain rebinning of plik-lite's bandpowers, for comparison.

    Parameters
    ----------
    plik : PlanckPlikLite
        Cobaya's full likelihood.
    width : int
        How many neighbours of one spectrum are averaged, weighted by their inverse variance.
    """

    def __init__(self, plik, width: int = 3):
        self.windows: BandpowerWindows = plik_windows(plik)
        rows, start = [], 0
        for count in self.windows.counts:
            for first in range(start, start + count, width):
                row = np.zeros(len(plik.X_data))
                group = slice(first, min(first + width, start + count))
                row[group] = 1 / plik.cov.diagonal()[group]
                rows.append(row / row.sum())
            start += count
        self.average = np.array(rows)
        self.data = plik.X_data
        self.invcov = np.linalg.inv(self.average @ plik.cov @ self.average.T)

    def chi2(self, dl: dict[str, np.ndarray], calibration: float) -> float:
        """chi2 of theory spectra (muK^2) divided by calibration^2."""
        residual = self.average @ (self.data - self.windows.bin(dl) / calibration**2)
        return float(residual @ self.invcov @ residual)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chain", help="root of the chain's files, as in Cobaya's `output`")
    parser.add_argument("-p", "--packages-path", required=True)
    parser.add_argument("-n", "--points", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not Path(f"{args.chain}.updated.yaml").is_file():
        parser.error(f"no chain {args.chain!r}: {args.chain}.updated.yaml is not there")

    model = model_of_chain(args.chain, args.packages_path)
    names = list(model.parameterization.sampled_params())
    rebinned = Rebinned(model.likelihood[PLIK])
    full, loss = [], []
    for point in draw(args.chain, names, args.points, args.seed):
        values = dict(zip(names, point, strict=True))
        loglikes = model.loglikes(values, return_derived=False)
        chi2 = dict(zip(model.likelihood, -2 * np.asarray(loglikes), strict=True))
        exact = [sum(chi2[name] for name in part) for part in FULL.values()]
        compressed = [sum(chi2[name] for name in part) for part in COMPRESSED.values()]
        plain = rebinned.chi2(model.provider.get_Cl(ell_factor=True), values["A_planck"])
        exact.append(exact[0])
        full.append(exact)
        loss.append(np.subtract(exact, [*compressed, plain]))
        print(f"\r{len(full)} points", end="", flush=True)

    print("\nchi2(full) - chi2(compressed) at random points of", Path(args.chain).name)
    for name, exact, difference in zip(
        [*FULL, "Planck, rebinned by 3"], np.transpose(full), np.transpose(loss), strict=True
    ):
        print(
            f"{name:22s} rms {difference.std():.4f}, mean {difference.mean():.4f}"
            f"   (chi2 itself: sd {exact.std():.2f})"
        )


if __name__ == "__main__":
    main()
