"""Proposal covariance matrices w3, w5, w10: Fisher matrices of the embedded data.

    python yamls/covmats/make_covmats.py -p packages

Derivatives are central differences over the parameters' proposal widths about the centres of their
reference distributions. Flat priors count as Gaussians of the same variance, so that directions
that no data constrain get the prior's width.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.model import Model, get_model
from cobaya.yaml import yaml_load_file
from scipy.linalg import block_diag

FOLDER = Path(__file__).parent
QUICKSTART = FOLDER.parent / "quickstart.yaml"
THEORY = "ede_wbins.EDEWBins"


def model_with_bins(n_bins: int, packages_path: Path) -> Model:
    """The quickstart with another number of bins."""
    info = yaml_load_file(str(QUICKSTART))
    del info["sampler"], info["output"]
    info["theory"][THEORY]["n_bins"] = n_bins
    return get_model(info | {"packages_path": str(packages_path)})


def observables(model: Model, values: dict[str, float]) -> np.ndarray:
    """What the embedded likelihoods compare with their data, at one point."""
    if not np.isfinite(model.loglike(values, return_derived=False)):
        raise SystemExit(f"no likelihood at {values}")
    planck, bao, sn = model.likelihood.values()
    dl = model.provider.get_Cl(ell_factor=True)
    bandpowers = planck.highl.projection @ planck.highl.windows.bin(dl) / values["A_planck"] ** 2
    distances = [bao.theory_fun(row.z, row.observable) for row in bao.data.itertuples()]
    magnitudes = 5 * np.log10(sn.provider.get_angular_diameter_distance(sn.zcmb))
    return np.concatenate(
        [bandpowers, [values["tau_reio"]], np.ravel(distances), np.ravel(magnitudes)]
    )


def weights(model: Model) -> np.ndarray:
    """Inverse covariance of the observables; the supernovae's free magnitude is projected out."""
    planck, bao, sn = model.likelihood.values()
    row = sn.invcov.sum(axis=0)
    return block_diag(
        np.eye(len(planck.highl.data)),
        1 / planck.tau[1] ** 2,
        bao.invcov,
        sn.invcov - np.outer(row, row) / row.sum(),
    )


def fisher(model: Model) -> np.ndarray:
    """Fisher matrix of the sampled parameters."""
    sampled = {
        name: model.info()["params"][name] for name in model.parameterization.sampled_params()
    }
    centre = {name: info["ref"]["loc"] for name, info in sampled.items()}
    slopes = []
    for name, info in sampled.items():
        step = info["proposal"]
        ends = [observables(model, centre | {name: centre[name] + s * step}) for s in (-1, 1)]
        slopes.append((ends[1] - ends[0]) / (2 * step))
        print(f"\r{len(slopes)} of {len(sampled)} parameters", end="", flush=True)
    print()
    slopes = np.array(slopes)
    return slopes @ weights(model) @ slopes.T + np.diag(1 / model.prior.covmat().diagonal())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-n", "--bins", type=int, nargs="+", default=[3, 5, 10])
    args = parser.parse_args()
    for n_bins in args.bins:
        model = model_with_bins(n_bins, args.packages_path)
        names = " ".join(model.parameterization.sampled_params())
        path = FOLDER / f"w{n_bins}.covmat"
        np.savetxt(path, np.linalg.inv(fisher(model)), header=names, fmt="%.6e")
        print(path)


if __name__ == "__main__":
    main()
