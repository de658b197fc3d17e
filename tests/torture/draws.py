"""Draws from the whole prior, and from 5 sigma around posteriors: computed, or rejected by name."""

import ctypes
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from cobaya.log import LoggedError
from cobaya.model import get_model
from cobaya.yaml import yaml_load_file
from trials import FAILED, Item

import ede_wbins
from ede_wbins.boltzmann import load
from ede_wbins.boltzmann.paths import build_folder, default_packages_path
from ede_wbins.theory.options import precision_settings
from ede_wbins.theory.rejected import reason

REPOSITORY = Path(__file__).parent.parent.parent
YAMLS = REPOSITORY / "yamls"
N_BINS = 10
H0 = (50, 90)
FIRST = 20
MAX_SHARE = 0.005
"""Of the prior, that may be rejected."""


def packages() -> str:
    """Where the patched CLASS and its archive are."""
    own = REPOSITORY / "packages"
    return str(own) if build_folder(own).exists() else default_packages_path() or str(own)


@cache
def ours() -> dict:
    """Parameters that the component offers."""
    return yaml_load_file(str(Path(ede_wbins.__file__).parent / "theory" / "parameters.yaml"))


@cache
def parameters() -> dict[str, dict]:
    """Sampled parameters of EDE + 10 bins, as a run has them."""
    params = yaml_load_file(str(YAMLS / "blocks" / "lcdm.yaml")) | ours()["early"]
    params |= {f"w{i}": ours()["bin"]["w%d"] for i in range(1, N_BINS + 1)}
    return {name: info for name, info in params.items() if "prior" in info}


def ends(name: str) -> tuple[float, float]:
    """Ends of a flat prior."""
    prior = parameters()[name]["prior"]
    return prior["min"], prior["max"]


def from_prior(number: int) -> dict[str, float]:
    """Draw of the whole prior of the two dark energies, and near the posterior in LambdaCDM's six.

    The priors of those six are so wide that most of their volume has no universe at all.
    """
    rng = np.random.default_rng([1, number])
    dark = [*ours()["early"], *(f"w{i}" for i in range(1, N_BINS + 1))]
    draw = {name: float(rng.uniform(*ends(name))) for name in dark if name in parameters()}
    return near_posterior(number) | draw


@cache
def posterior() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, centre and root of the covariance of the shipped posterior of EDE + 10 bins."""
    path = YAMLS / "covmats" / "w10.covmat"
    names = path.read_text().splitlines()[0].lstrip("# ").split()
    known = [i for i, name in enumerate(names) if name in parameters()]
    names = [names[i] for i in known]
    covariance = np.loadtxt(path)[np.ix_(known, known)]
    centre = np.array([parameters()[name]["ref"]["loc"] for name in names])
    return names, centre, np.linalg.cholesky(covariance)


def near_posterior(number: int) -> dict[str, float]:
    """Draw within 5 sigma of that posterior and inside the prior, all distances alike."""
    names, centre, root = posterior()
    low, high = np.array([ends(name) for name in names]).T
    rng = np.random.default_rng([2, number])
    while True:
        # Most lie outside: many at once.
        directions = rng.standard_normal((1000, len(names)))
        lengths = rng.uniform(0, 5, 1000) / np.linalg.norm(directions, axis=1)
        draws = centre + (lengths[:, None] * directions) @ root.T
        inside = draws[np.all((low < draws) & (draws < high), axis=1)]
        if len(inside):
            return dict(zip(names, inside[0].tolist(), strict=True))


def of_one_process(records) -> list:
    """Those of the process that made most of them."""
    processes = [record.process for record in records]
    most = max(set(processes), key=processes.count, default=None)
    return [record for record in records if record.process == most]


def growth(records) -> float | None:
    """By how many MB the process that made most trials grew after the first; None if of too few.

    What cannot be computed leaves less behind than what can, and is left out.
    """
    computed = of_one_process([record for record in records if record.outcome == "computed"])
    # The first ones fill tables that stay.
    rest = computed[max(FIRST, len(computed) // 10) :]
    return (rest[-1].rss - rest[0].rss) / 1e6 if len(rest) > FIRST else None


class Draws(Item):
    """Draws, of which few may be rejected."""

    max_share: float

    def verdict(self, records):
        """Whether few enough were rejected, and memory stayed the same."""
        rejected = sum(record.outcome.startswith("rejected") for record in records)
        share, grown = rejected / len(records), growth(records)
        good = share <= self.max_share and (grown is None or grown < 5)
        memory = "too few to tell of memory" if grown is None else f"memory grew by {grown:.1f} MB"
        text = f"{100 * share:.2f}% rejected, {memory}"
        return text if good else f"{FAILED}: {text}"


class Background(Draws):
    """Draws of the prior, as far as the background."""

    trials = 20_000
    max_share = MAX_SHARE
    draw = staticmethod(from_prior)

    def __init__(self, model: str):
        self.name = f"background_{model}"
        self.model = model
        self.tried = (
            f"draws of the prior of EDE ({model}) and 10 bins, background (other six: 5 sigma)"
        )

    def start(self):
        """Load CLASS."""
        self.classy = load(packages())
        self.cosmo = self.classy.Class()
        self.precision = precision_settings("default")

    def trial(self, number):
        """All that CLASS knows of the background of one draw, at all times."""
        point = self.draw(number)
        w = [point.pop(f"w{i}") for i in range(1, N_BINS + 1)]
        point["ln_A_s_1e10"] = point.pop("logA")
        # From the angle CLASS would find H0 by passes through recombination.
        del point["theta_s_100"]
        point["H0"] = float(np.random.default_rng([3, number]).uniform(*H0))
        self.cosmo.empty()
        self.cosmo.set(
            point,
            **{"ede_model": self.model, "Omega_Lambda": 0, "fluid_equation_of_state": "wbins"},
            wbins_z=",".join(repr(3 * (i + 1) / N_BINS) for i in range(N_BINS)),
            wbins_w=",".join(map(repr, w)),
            **{"N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308},
            **self.precision,
        )
        try:
            self.cosmo.compute(["background"])
            columns = self.cosmo.get_background()
        except (self.classy.CosmoComputationError, self.classy.CosmoSevereError) as error:
            return f"rejected: {reason(error)}"
        if not all(np.all(np.isfinite(column)) for column in columns.values()):
            return f"{FAILED}: a number that is not finite"
        return "computed"


class BackgroundNear(Background):
    """Draws around a posterior, as far as the background: none may be rejected."""

    trials = 2000
    max_share = 0.0
    draw = staticmethod(near_posterior)

    def __init__(self, model: str):
        super().__init__(model)
        self.name = f"near_{model}"
        self.tried = f"draws within 5 sigma of a posterior of EDE ({model}) and 10 bins, background"


def embedded_model(model: str, **options):
    """EDE + 10 bins on the embedded data, as a run has it."""
    component = {"n_bins": N_BINS, "ede": model, "stop_at_error": False, **options}
    return get_model(
        {
            "theory": {"ede_wbins.EDEWBins": component},
            "likelihood": yaml_load_file(str(YAMLS / "blocks" / "data_embedded.yaml")),
            "params": yaml_load_file(str(YAMLS / "blocks" / "lcdm.yaml")),
            "packages_path": packages(),
            "stop_at_error": False,
        }
    )


def rejections(model) -> dict[str, int]:
    """Counts of the component's rejected points, by reason."""
    (theory,) = (each for each in model.theory.values() if hasattr(each, "rejected"))
    return dict(theory.rejected.counts)


def evaluate(model, point: dict[str, float]) -> str:
    """What a run makes of a point."""
    before = rejections(model)
    try:
        posterior = model.logposterior({"A_planck": 1.0, **point})
    except LoggedError as error:
        return f"{FAILED}: stopped: {error}"
    after = rejections(model)
    if named := [name for name in after if after[name] != before.get(name, 0)]:
        return f"rejected: {named[0]}"
    if np.isnan(posterior.logpost):
        return f"{FAILED}: ln L is no number"
    return "computed" if np.isfinite(posterior.logpost) else f"{FAILED}: rejected without a reason"


def trim() -> None:
    """
    Give free memory back to the system.

    What the allocator keeps in pieces between evaluations, 40 MB up and down, would hide what is
    lost.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class Full(Draws):
    """Draws of the prior: spectra and likelihoods."""

    trials = 500
    max_share = MAX_SHARE

    def __init__(self, model: str):
        self.name = f"full_{model}"
        self.model = model
        self.tried = f"draws of the prior of EDE ({model}) and 10 bins, ln L (other six: 5 sigma)"

    def start(self):
        """Build the model."""
        self.cobaya = embedded_model(self.model)

    def trial(self, number):
        """ln L of one draw."""
        outcome = evaluate(self.cobaya, from_prior(number))
        trim()
        return outcome
