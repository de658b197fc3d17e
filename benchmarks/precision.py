"""The error of chi2 and the cost of each precision preset, at points of a posterior.

    OMP_NUM_THREADS=1 python benchmarks/precision.py -p packages [-n 20] [-o docs/precision.md]

Points are draws of the chains of EDE + 3 bins that come with the repository. At each, chi2 of the
same theory at a preset minus at `reference`:
with the data of plik-lite (theory up to its l = 2508, as in a run of Planck alone) and of ACT DR4
(top-hat windows: not the ACT likelihood), and with a mock about the theory for noise like the
Simons Observatory's. CPU seconds are those of l up to 2508, then 4325. |D| is sqrt(D^T C^-1 D), D
the change of bandpowers (median). `raw` is the rms of the difference of chi2, `offset` its mean,
and then the rms and the largest departure from that mean, which alone can move a posterior.
`reference` ends unlensed spectra too, at its own `delta_l_max`: presets that end them elsewhere
share an offset for ACT. `scatter` is what is not smooth in the parameters: the rms of ln L of
plik-lite about a cubic through 9 steps of 0.002 in log10z_c, at the first 5 points. Points done are
kept beside the output, so that a stopped run goes on.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from bandpowers import act_dr4, plik_lite, simons_observatory
from universes import bins, with_class

from ede_wbins.analysis import load_run
from ede_wbins.boltzmann import load
from ede_wbins.theory.options import precision_settings

CHAINS = Path(__file__).parent.parent / "chains/shipped/2026/planck_desi_union3/ede_w3"
SAMPLED = (
    *("logA", "n_s", "theta_s_100", "omega_b", "omega_cdm", "tau_reio"),
    *("fEDE", "log10z_c", "thetai_ede", "A_planck"),
)
L_PLANCK, L_MAX, L_SO = 2508, 4325, 4000
PRESETS = ("default", "planck", "act")
CLASS_OWN = "CLASS's own"
ON_LINES = 5
"""Points through which ln L is computed along a line."""
STEPS = np.arange(-4, 5)


def posterior(n: int) -> list[dict]:
    """Inputs of CLASS at n draws, always the same first ones, and Planck's calibration there."""
    samples = load_run(CHAINS, burn_in=0).samples
    rng = np.random.default_rng(2)
    drawn = rng.choice(len(samples.weights), n, p=samples.weights / samples.weights.sum())
    # Helium is what nucleosynthesis makes, as in the chains.
    fixed = bins(3) | {"H0": None, "YHe": None}
    points = []
    for i in drawn:
        point = {name: float(samples[name][i]) for name in SAMPLED}
        w = ",".join(repr(float(samples[f"w{k}"][i])) for k in (1, 2, 3))
        point["ln_A_s_1e10"] = point.pop("logA")
        points.append(point | fixed | {"wbins_w": w})
    return points


def compute(module, l_max: int, name: str, point: dict) -> tuple[float, dict]:
    """CPU seconds and calibrated spectra of a preset."""
    settings = {} if name == CLASS_OWN else precision_settings(name)
    inputs = settings | {"non_linear": "halofit"} | point | {"A_planck": None}
    seconds, cl = with_class(module, l_max, **inputs)
    return seconds, {name: each / point["A_planck"] ** 2 for name, each in cl.items()}


def errors(module, data: Path, point: dict) -> dict:
    """Of each preset: CPU seconds, and for each experiment |D| and the difference of chi2."""
    seconds, truth = compute(module, L_MAX, "reference", point)
    planck, *others = plik_lite(data), act_dr4(data, L_MAX), simons_observatory(truth, L_SO)
    found = {"reference": {"seconds": [seconds]}}
    for name in (*PRESETS, CLASS_OWN):
        found[name] = {"seconds": []}
        for l_max, experiments in ((L_PLANCK, (planck,)), (L_MAX, others)):
            seconds, cl = compute(module, l_max, name, point)
            found[name]["seconds"].append(seconds)
            for each in experiments:
                change = each.white(cl) - each.white(truth)
                residual = each.residual(truth)
                found[name][each.name] = [
                    float(np.linalg.norm(change)),
                    float(2 * residual @ change + change @ change),
                ]
    return found


def departures(module, data: Path, point: dict, name: str) -> np.ndarray:
    """ln L of plik-lite along a line minus a cubic, in a preset."""
    likelihood = plik_lite(data)
    lnL = []
    for step in STEPS:
        there = point | {"log10z_c": point["log10z_c"] + 0.002 * step}
        _, cl = compute(module, L_PLANCK, name, there)
        residual = likelihood.residual(cl)
        lnL.append(-(residual @ residual) / 2)
    return lnL - np.polyval(np.polyfit(STEPS, lnL, 3), STEPS)


def table(results: list[dict]) -> str:
    """One row for each preset and experiment."""
    lines = [
        "| preset | CPU s | scatter | noise | \\|D\\| | raw | offset | rms about it | largest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in (*PRESETS, CLASS_OWN):
        seconds, scatter = cost(name, results), roughness(name, results)
        for experiment in results[0][name]:
            if experiment in ("seconds", "line"):
                continue
            size, dchi2 = np.array([each[name][experiment] for each in results]).T
            about = dchi2 - dchi2.mean()
            lines.append(
                f"| {name} | {seconds} | {scatter} | {experiment} | {np.median(size):.2f} "
                f"| {np.sqrt(np.mean(dchi2**2)):.2f} | {dchi2.mean():+.2f} "
                f"| {np.std(dchi2):.2f} | {np.abs(about).max():.2f} |"
            )
    lines.append(f"| reference | {cost('reference', results)} | | | | | | | |")
    return "\n".join(lines)


def cost(name: str, results: list[dict]) -> str:
    """Median CPU seconds."""
    medians = np.median([each[name]["seconds"] for each in results], axis=0)
    return ", ".join(f"{each:.1f}" for each in medians)


def roughness(name: str, results: list[dict]) -> str:
    """Scatter of ln L about its cubics, which leave 5 of 9 degrees of freedom."""
    lines = [each[name]["line"] for each in results if "line" in each[name]]
    return f"{np.sqrt(np.sum(np.square(lines), axis=1).mean() / (len(STEPS) - 4)):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-p", "--packages-path", type=Path, required=True)
    parser.add_argument("-d", "--data", type=Path, help="default: <packages>/data")
    parser.add_argument("-n", "--points", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    packages = args.packages_path.resolve()
    data = args.data or packages / "data"
    module = load(packages)
    kept = args.output and args.output.with_suffix(".json")
    identity = {"patch": module.ede_wbins_patch, "precision": precision_presets()}
    done = json.loads(kept.read_text()) if kept and kept.exists() else {}
    results = done["points"] if done.get("identity") == identity else []
    for number, point in enumerate(posterior(args.points)[len(results) :], len(results) + 1):
        print(f"\rpoint {number} of {args.points}", end="", flush=True)
        found = errors(module, data, point)
        if number <= ON_LINES:
            for name in (*PRESETS, CLASS_OWN):
                found[name]["line"] = departures(module, data, point, name).tolist()
        results.append(found)
        if kept:
            kept.write_text(json.dumps({"identity": identity, "points": results}, indent=1) + "\n")
    print()
    text = f"{len(results)} points, halofit.\n\n{table(results[: args.points])}"
    print(text)
    if args.output:
        args.output.write_text(f"# Precision\n\n{__doc__}\n{text}\n")


def precision_presets() -> dict:
    """All presets."""
    return {name: precision_settings(name) for name in (*PRESETS, "reference")}


if __name__ == "__main__":
    main()
