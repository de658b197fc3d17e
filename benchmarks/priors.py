"""w(z) in bins, and fEDE, under flat and functional priors, and what these priors cost.

    OMP_NUM_THREADS=1 python benchmarks/priors.py [-o docs/priors.md] [--bins 3 5 10]

DESI DR2 BAO and Pantheon, compressed, with closed-form distances: no CLASS. Omega_m is sampled;
sound horizon and supernova magnitude are where they fit best. Chains are kept in chains/, so that a
stopped run goes on. fEDE is that of the chains that come with the repository, by weights.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from cobaya.run import run
from scipy.linalg import cho_factor, cho_solve

from ede_wbins import priors
from ede_wbins.analysis import Run, load_run
from ede_wbins.analysis.reweight import reweighted
from ede_wbins.likelihoods import bao_compressed, sn_compressed
from ede_wbins.model import Background, WBins, default_edges

BAO, SN = (Path(module.__file__).parent for module in (bao_compressed, sn_compressed))
KINDS = ("flat", "functional")
H0, OMEGA_B = 67.0, 0.0224
SHIPPED = Path(__file__).parent.parent / "chains/shipped/2026/planck_desi_union3"
MODELS = ("ede", "ede_w3", "ede_w5", "ede_w10")


class Data:
    """chi2 of both data sets, without a scale of their own."""

    def __init__(self):
        lines = (BAO / "desi_dr2.txt").read_text().splitlines()
        table = [line.split() for line in lines if not line.startswith("#")]
        self.z = np.array([float(row[0]) for row in table])
        self.value = np.array([float(row[1]) for row in table])
        self.kind = np.array([row[2] for row in table])
        self.bao = cho_factor(np.loadtxt(BAO / "desi_dr2_cov.txt"))
        table = np.loadtxt(SN / "pantheon.txt")
        self.z_sn, self.magnitude = table[:, 1], table[:, 4]
        covariance = np.loadtxt(SN / "pantheon_cov.txt", skiprows=1).reshape(len(table), -1)
        self.sn = cho_factor(covariance + np.diag(table[:, 5] ** 2))

    def chi2(self, universe: Background) -> float:
        """Of a universe; r_d and the magnitude are those that fit best."""
        D, H = universe.comoving_distance(self.z), universe.hubble(self.z)
        model = np.where(self.kind == "DM_over_rs", D, 1 / H)
        model = np.where(self.kind == "DV_over_rs", (self.z * D**2 / H) ** (1 / 3), model)
        found = _least(self.bao, self.value, model)
        mu = 5 * np.log10((1 + self.z_sn) * universe.comoving_distance(self.z_sn))
        return found + _least(self.sn, self.magnitude - mu, np.ones(len(mu)))


def _least(factor, data: np.ndarray, shape: np.ndarray) -> float:
    """chi2 of data less the best multiple of a shape."""
    weighted = cho_solve(factor, shape)
    return float(data @ cho_solve(factor, data) - (data @ weighted) ** 2 / (shape @ weighted))


def sample(n_bins: int, kind: str, data: Data) -> Run:
    """The chain of one number of bins and one kind of prior."""
    edges = default_edges(n_bins)
    w_names = [f"w{i}" for i in range(1, 1 + n_bins)]

    def loglike(Omega_m, **w):
        omega_cdm = Omega_m * (H0 / 100) ** 2 - OMEGA_B
        values = [w[name] for name in w_names]
        return -0.5 * data.chi2(Background(H0, OMEGA_B, omega_cdm, late=WBins(edges, values)))

    params = {"Omega_m": {"prior": [0.1, 0.6], "ref": 0.3, "proposal": 0.01}}
    if kind == "flat":
        step = {"prior": [-3, 1], "ref": {"dist": "norm", "loc": -1, "scale": 0.1}}
        params |= {name: {**step, "proposal": 0.1, "latex": name} for name in w_names}
    else:
        names = ", ".join(f"v{i}" for i in range(1, 1 + n_bins))
        to_w = f'lambda {names}: import_module("ede_wbins.priors").late_from_normal({n_bins})'
        normal = {"prior": {"dist": "norm", "loc": 0, "scale": 1}, "proposal": 0.5, "drop": True}
        params |= dict.fromkeys(names.split(", "), normal)
        params |= {w: {"value": f"{to_w}({names})[{i}]", "latex": w} for i, w in enumerate(w_names)}
    output = Path("chains") / f"priors_{kind}_{n_bins}"
    run(
        {
            "likelihood": {"data": {"external": loglike, "input_params": ["Omega_m", *w_names]}},
            "params": params,
            "sampler": {"mcmc": {"Rminus1_stop": 0.02, "max_samples": 20_000, "seed": n_bins}},
            "output": str(output),
        },
        resume=True,
    )
    return load_run(output)


def results(n_bins: int, data: Data) -> list[str]:
    """Lines of the table for one number of bins."""
    runs = [sample(n_bins, kind, data) for kind in KINDS]
    lines = []
    for name in (f"w{i}" for i in range(1, 1 + n_bins)):
        lines.append(f"| {n_bins} | {name} | {' | '.join(central(each, name) for each in runs)} |")
    state = (f"R-1 = {each.R_minus_1:.2g}, chi2 {each.best.total:.1f}" for each in runs)
    return [*lines, f"| {n_bins} | chain, best fit | {' | '.join(state)} |"]


def central(run: Run, name: str) -> str:
    """Mean and central 68%: quantiles, since kernels would blur the peak at LambdaCDM."""
    low, high = run.samples.confidence(name, np.array([0.16, 0.84]))
    return f"{run.samples.mean(name):.3f}, [{low:.3f}, {high:.3f}]"


def of_shipped_chains() -> list[str]:
    """Lines of the table for the runs that come with the repository."""
    lines = []
    for model in MODELS:
        flat = load_run(SHIPPED / model, burn_in=0)
        runs = (flat, reweighted(flat, ["early"]))
        limits = (f"< {each.samples.confidence('fEDE', 0.95):.3f}" for each in runs)
        lines.append(f"| {model} | fEDE, 95% | {' | '.join(limits)} |")
        for name in ("fEDE", "H0", "S8"):
            cells = (central(each, name) for each in runs)
            lines.append(f"| {model} | {name} | {' | '.join(cells)} |")
    return lines


def costs() -> list[str]:
    """CPU milliseconds of a call, medians of 200."""
    rng, early, lines = np.random.default_rng(0), priors.early(), []
    for n in (3, 5, 10):
        calls = {"late": (priors.late(n), rng.uniform(-3, 1, (200, n)))}
        calls["late_from_normal"] = (priors.late_from_normal(n), rng.standard_normal((200, n)))
        calls["early"] = (early, np.tile([0.05, 3.5], (200, 1)))
        cells = (f"{1e3 * np.median(_seconds(*call)):.2f}" for call in calls.values())
        lines.append(f"| {n} | {' | '.join(cells)} |")
    return lines


def _seconds(function, points: np.ndarray) -> list[float]:
    spent = []
    for point in points:
        start = time.process_time()
        function(*point)
        spent.append(time.process_time() - start)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, metavar="FILE")
    parser.add_argument("--bins", type=int, nargs="+", default=(3, 5, 10))
    args = parser.parse_args()
    data = Data()
    text = "\n".join(
        [
            "# Flat and functional priors on w(z) and fEDE",
            "",
            "DESI DR2 BAO and Pantheon (compressed) alone: mean and central 68% of each bin under",
            "the flat prior [-3, 1] and under the functional prior of scale 1, sampled through its",
            "normal variables. Printed by `make bench-priors` (`benchmarks/priors.py`).",
            "",
            "| bins | | flat | functional |",
            "|---|---|---|---|",
            *(line for n in args.bins for line in results(n, data)),
            "",
            "EDE with plik-lite, low l, lensing, DESI DR2 and Union3, the chains that come with",
            "the repository: under flat priors, and with the functional one of early dark energy,",
            "of scale 1, by importance weights.",
            "",
            "| run | | flat | functional |",
            "|---|---|---|---|",
            *of_shipped_chains(),
            "",
            "CPU milliseconds of a call of each prior, one thread:",
            "",
            "| bins | late | late_from_normal | early |",
            "|---|---|---|---|",
            *costs(),
        ]
    )
    print(text)
    if args.output:
        args.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
