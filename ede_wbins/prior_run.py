"""A run without its data, to be shown behind the posterior."""

import re
from pathlib import Path

from cobaya.input import update_info
from cobaya.log import LoggedError
from cobaya.run import run as cobaya_run

from ede_wbins.analysis.files import prior_prefix
from ede_wbins.errors import EDEWBinsError
from ede_wbins.read_yaml import read_yaml

_MOST = 100_000


def prior_info(info: dict) -> dict:
    """
    The input of a run of the priors alone, of all that is sampled, with external priors.

    Functions of what is sampled are there too. No theory is computed, so that what is derived by it
    is not there.
    """
    full = update_info(info)
    params: dict[str, dict] = {}
    for name, value in full["params"].items():
        if isinstance(value, dict) and "prior" in value:
            # Cobaya then starts from the prior, with steps of its width.
            params[name] = {key: value[key] for key in ("prior", "latex") if key in value}
    sampled = set(params)
    for name, value in full["params"].items():
        text = str(value.get("value")) if isinstance(value, dict) else ""
        arguments = re.match(r"lambda ([\w, ]+):", text)
        if arguments and {each.strip() for each in arguments[1].split(",")} <= sampled:
            params[name] = {"derived": text} | {k: value[k] for k in ("latex",) if k in value}
    # A functional prior may have a narrow peak, which a chain rarely leaves: it is not stuck there.
    sampler = {"mcmc": {"max_samples": _MOST, "Rminus1_stop": 0.003, "max_tries": float("inf")}}
    found = {"likelihood": {"one": None}, "params": params, "sampler": sampler}
    return found | {"prior": full["prior"]} if full.get("prior") else found


def sample_prior(path: Path) -> Path:
    """
    Sample the priors of the run in a YAML file.

    Parameters
    ----------
    path : Path
        The run's YAML; the chains lie beside its own, as <output>_prior.

    Returns
    -------
    Path
        The output prefix of the prior-only run, which replaces an earlier one.

    Raises
    ------
    EDEWBinsError
        If the file is no run, or Cobaya does not accept it.
    """
    info = read_yaml(path, "likelihood")
    try:
        prefix = prior_prefix(Path(info.get("output") or path.with_suffix("").name))
        cobaya_run({**prior_info(info), "output": str(prefix), "force": True})
    except (OSError, LoggedError) as error:
        raise EDEWBinsError(f"{path}: {' '.join(str(error).split())}") from error
    return prefix
