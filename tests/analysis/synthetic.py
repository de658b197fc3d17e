"""Runs that look real, made in a moment: a Gaussian posterior in the files that Cobaya writes."""

from pathlib import Path

import numpy as np
from cobaya.input import update_info
from cobaya.yaml import yaml_dump_file, yaml_load_file

from ede_wbins.model import Background, EDEFluid

ROOT = Path(__file__).parent.parent.parent
# Where the posterior is, and how H0 and S8 answer to what is sampled.
CENTRE = {"logA": 3.055, "n_s": 0.972, "theta_s_100": 1.0416, "omega_b": 0.02248}
CENTRE |= {"omega_cdm": 0.1235, "tau_reio": 0.056, "fEDE": 0.03, "log10z_c": 3.55}
CENTRE |= {"thetai_ede": 2.3, "A_planck": 1.0}
TO_H0 = {"fEDE": 60.0, "w1": -8.0, "w2": -0.6, "w3": -0.05, "omega_b": 500.0}
TO_S8 = {"omega_cdm": 5.0, "logA": 0.4, "w1": -0.05, "fEDE": -0.1}
PLIK = "ede_wbins.likelihoods.planck_compressed.PlanckCompressed"
CORRELATION = 0.7


def write_run(prefix, n_bins=3, n=1500, n_chains=2, seed=1, shift=None):
    """Write chains of `n` rows each and their record; return the prefix."""
    rng = np.random.default_rng(seed)
    name = "quickstart" if n_bins == 3 else "paper/planck_lensing_bao_sn/ede_w5"
    info = yaml_load_file(str(ROOT / "yamls" / f"{name}.yaml"))
    if n_bins != 3:
        info["likelihood"] = {PLIK: None}
    info["theory"] = {"ede_wbins.EDEWBins": {"n_bins": n_bins}}
    covmat = ROOT / "yamls" / "covmats" / f"w{n_bins}.covmat"
    (sampler,) = info["sampler"].values()
    sampler["covmat"] = str(covmat)
    info["output"] = str(prefix)
    info = update_info(info)
    info["theory"]["ede_wbins.EDEWBins"]["version"] = "3.4.1.0+ede_wbins.0123456789ab"
    yaml_dump_file(f"{prefix}.updated.yaml", info)
    names = covmat.read_text().splitlines()[0].split()[1:]
    centre = np.array([{**CENTRE, **(shift or {})}.get(name, -1.0) for name in names])
    root = np.linalg.cholesky(np.loadtxt(covmat))
    sampled = [name for name, value in info["params"].items() if "prior" in (value or {})]
    for chain in range(1, 1 + n_chains):
        z = rng.standard_normal((n, len(names)))
        for i in range(1, n):
            z[i] = CORRELATION * z[i - 1] + np.sqrt(1 - CORRELATION**2) * z[i]
        columns = dict(zip(names, (centre + z @ root.T).T, strict=True))
        for name in names:
            columns[name] = _reflect(columns[name], info["params"][name]["prior"])
        rows = _rows(columns, sampled, 0.5 * (z**2).sum(axis=1), rng, info)
        header = " ".join(f"{name:>22s}" for name in rows)
        np.savetxt(f"{prefix}.{chain}.txt", np.column_stack(list(rows.values())), header=header)
    return prefix


def _rows(columns, sampled, depth, rng, info):
    """Columns of a chain in Cobaya's order."""
    size = len(depth)
    rows = {"weight": rng.geometric(0.3, size), "minuslogpost": None}
    rows |= {name: columns[name] for name in sampled}
    from_centre = {name: columns[name] - CENTRE.get(name, -1.0) for name in columns}
    lever = {name: x for name, x in TO_H0.items() if name in columns}
    rows["A_s"] = 1e-10 * np.exp(columns["logA"])
    rows["H0"] = 69.0 + sum(a * from_centre[name] for name, a in lever.items())
    rows["Omega_m"] = (columns["omega_b"] + columns["omega_cdm"]) / (rows["H0"] / 100) ** 2
    rows["S8"] = 0.828 + sum(a * from_centre[name] for name, a in TO_S8.items())
    rows["sigma8"] = rows["S8"] / np.sqrt(rows["Omega_m"] / 0.3)
    rows["rs_drag"] = 147.0 - 60 * columns["fEDE"]
    rows["age"] = 13.8 * 67.3 / rows["H0"]
    rows["f_ede_max"] = 1.15 * columns["fEDE"]
    rows["z_ede_max"] = 0.77 * 10 ** columns["log10z_c"]
    parts = {"CMB": 2 * depth + 1000}
    if len(info["likelihood"]) > 1:
        parts |= {"BAO": 8 + rng.chisquare(2, size), "SN": 12 + rng.chisquare(2, size)}
    rows |= {f"chi2__{kind}": chi2 for kind, chi2 in parts.items()}
    derived = [name for name, value in info["params"].items() if "prior" not in (value or {})]
    names = ["weight", "minuslogpost", *sampled, *derived]
    ordered = {name: rows[name] for name in names if name in rows}
    ordered["minuslogprior"] = ordered["minuslogprior__0"] = np.full(size, 10.0)
    ordered["chi2"] = sum(parts.values())
    ordered["minuslogpost"] = ordered["chi2"] / 2 + 10
    likelihoods = zip(info["likelihood"], parts.values(), strict=True)
    return ordered | {f"chi2__{name}": chi2 for name, chi2 in likelihoods}


def _reflect(x, prior):
    """Into the prior's range, as a posterior that piles up at its end."""
    if "min" not in prior:
        return x
    x = prior["min"] + np.abs(x - prior["min"])
    return prior["max"] - np.abs(prior["max"] - x)


def background():
    """A universe of the posterior's centre."""
    ede = EDEFluid(CENTRE["fEDE"], CENTRE["log10z_c"], CENTRE["thetai_ede"])
    return Background(69.0, CENTRE["omega_b"], CENTRE["omega_cdm"], ede=ede)
