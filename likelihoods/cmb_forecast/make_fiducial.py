"""Write the fiducial spectra of a run with mock data: those of its own model at one point.

    python -m ede_wbins.likelihoods.cmb_forecast.make_fiducial run.yaml -p packages fEDE=0.1 w1=-0.9

Parameters that are not given are at the centre of their reference distribution.
"""

import argparse
from pathlib import Path

import numpy as np
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file

from ..bandpowers import SPECTRA
from . import CMBForecast


def fiducial_spectra(
    info: dict, values: dict[str, float]
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """The point, and D_l in muK^2 of TT, TE, EE there as far as the mock data reach.

    Parameters
    ----------
    info : dict
        A run, among whose likelihoods there is a `CMBForecast`.
    values : dict
        Sampled parameters that are not to be at the centre of their reference.

    Raises
    ------
    SystemExit
        With one line, if a parameter is unknown or the model cannot be computed there.
    """
    theory_only = {name: info[name] for name in ("theory", "params") if name in info}
    model = get_model(
        theory_only | {"likelihood": {"one": None}, "packages_path": info.get("packages_path")}
    )
    sampled = list(model.parameterization.sampled_params())
    if unknown := sorted(set(values) - set(sampled)):
        raise SystemExit(f"{unknown[0]} is not sampled: the run has {', '.join(sampled)}")
    references = model.prior.reference(random_state=np.random.default_rng(0), max_tries=1000)
    point = dict(zip(sampled, map(float, references), strict=True))
    for name in sampled:
        reference = model.info()["params"][name].get("ref")
        if isinstance(reference, dict) and "loc" in reference:
            point[name] = reference["loc"]
    point |= values
    model.add_requirements({"Cl": dict.fromkeys(SPECTRA, forecast_of(info).sky.l_max)})
    if not np.isfinite(model.loglike(point, return_derived=False)):
        raise SystemExit(f"the model cannot be computed at {point}")
    dl = model.provider.get_Cl(ell_factor=True)
    model.close()
    return point, {name: dl[name] for name in SPECTRA}


def forecast_of(info: dict) -> CMBForecast:
    """The mock likelihood of a run."""
    for name, options in info["likelihood"].items():
        if name.endswith("CMBForecast") or (options or {}).get("class", "").endswith("CMBForecast"):
            given = {key: x for key, x in (options or {}).items() if key != "class"}
            return CMBForecast(given)
    raise SystemExit("no CMBForecast among the likelihoods")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="YAML with a CMBForecast that names its `fiducial`")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("-p", "--packages-path")
    args = parser.parse_args()
    try:
        values = {name: float(x) for name, x in (each.split("=") for each in args.values)}
    except ValueError:
        parser.error(f"values must be NAME=NUMBER: {' '.join(args.values)}")
    info = yaml_load_file(args.run)
    info["packages_path"] = args.packages_path or info.get("packages_path")
    point, dl = fiducial_spectra(info, values)
    path = Path(forecast_of(info).fiducial)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = "fiducial: " + ", ".join(f"{name} = {x:.8g}" for name, x in point.items())
    columns = [np.arange(len(dl["tt"])), *dl.values()]
    np.savetxt(path, np.transpose(columns), header=f"{header}\nl TT TE EE (D_l, muK^2)", fmt="%.9g")
    print(path)


if __name__ == "__main__":
    main()
