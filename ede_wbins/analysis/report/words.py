"""What a report says in words: what was run, what came out, what to be careful about."""

import json
from collections import Counter
from collections.abc import Sequence

from ede_wbins.analysis.run import Run
from ede_wbins.analysis.spectra import is_emulated
from ede_wbins.analysis.table import Row, rows
from ede_wbins.analysis.tension_report import Tension
from ede_wbins.convergence import CONVERGED

_HEADLINES = ("fEDE", "H0", "S8")
_TENSE = 2.0
"""Sigma from which a difference is called a tension."""

_EDE = {
    "fluid": "early dark energy as an effective fluid",
    "fluid_matched": "an early scalar field whose perturbations go on as a fluid's",
    "scalar": "an exact early scalar field",
}


def model(run: Run) -> str:
    """The model in a few words."""
    has_theory = bool(run.info.get("theory"))
    parts = []
    if run.has("fEDE"):
        parts.append(_EDE.get(run.theory.get("ede", "fluid"), _EDE["fluid"]))
    if run.z_edges:
        edges = ", ".join(f"{z:g}" for z in run.z_edges)
        parts.append(f"w(z) constant in {len(run.z_edges)} bins that end at z = {edges}")
    if not parts:
        parts.append(
            "a cosmological constant and no early dark energy" if has_theory else "no theory"
        )
    return " and ".join(parts)


def data(run: Run) -> str:
    """The names of the likelihoods."""
    return ", ".join(name.split(".")[-1] for name in run.info["likelihood"])


def summary(run: Run, tensions: Sequence[Tension]) -> list[str]:
    """Sentences: what was run, on which data, whether it converged, results, tensions."""
    found = {row.name: row for row in rows(run)}
    sentences = [
        f"{run.name} samples {model(run)}, on {data(run)}: {run.n_chains} chain(s) with "
        f"{run.samples.numrows} points after burn-in.",
        _converged(run),
    ]
    results = [f"{name} {_result(found[name])}" for name in _HEADLINES if name in found]
    if results:
        sentences.append(f"It finds {'; '.join(results)}.")
    tense = [each for each in tensions if each.shift.n_sigma >= _TENSE]
    calm = [each for each in tensions if each.shift.n_sigma < _TENSE]
    if tense:
        text = ", ".join(f"{t.other} in {t.parameter} ({t.shift.n_sigma:.1f} sigma)" for t in tense)
        sentences.append(f"Tensions of {_TENSE:g} sigma or more remain with {text}.")
    if calm:
        text = ", ".join(f"{t.other} in {t.parameter} ({t.shift.n_sigma:.1f})" for t in calm)
        sentences.append(f"It agrees, within {_TENSE:g} sigma, with {text}.")
    return sentences


def warnings(run: Run) -> list[str]:
    """What a reader should know before trusting the numbers."""
    found = []
    if not run.converged:
        found.append(
            f"{run.name} has not converged: R-1 = {run.R_minus_1:.2g}, not below {CONVERGED:g}."
        )
    if not run.best.minimised:
        found.append(
            f"The best fit of {run.name} is the best point of its chains: a minimiser would find a "
            "lower chi2."
        )
    if edges := _edges(run):
        found.append(
            f"{run.name}: the posterior reaches the end of the prior in {', '.join(edges)}."
        )
    if rejected := _rejected(run):
        total = rejected.total()
        reasons = "; ".join(f"{n} x {reason}" for reason, n in rejected.most_common(3))
        found.append(f"{run.name}: {total} point(s) could not be computed: {reasons}.")
    if is_emulated(run.info):
        checked = f"checked by CLASS at {run.exact_check}" if run.exact_check else "not yet checked"
        found.append(f"{run.name} was emulated, {checked}.")
    return found


def _converged(run: Run) -> str:
    if not run.is_mcmc:
        return "It is no Markov chain: the sampler vouches for its convergence."
    state = "has converged" if run.converged else "has NOT converged"
    return f"It {state}: R-1 = {run.R_minus_1:.2g}, {run.effective_samples:.0f} effective samples."


def _result(row: Row) -> str:
    limit = row.limits[1]
    if limit.onetail_upper or limit.onetail_lower:
        return f"{row.text(1)} (95%)"
    return f"= {row.number(row.mean)}, {row.text(0)} (68%)"


def _edges(run: Run) -> list[str]:
    """Parameters whose 95% limits end where their prior does."""
    found = []
    for row in rows(run):
        if "prior" in (run.info["params"].get(row.name) or {}) and not row.limits[1].twotail:
            found.append(row.name)
    return found


def _rejected(run: Run) -> Counter:
    total: Counter = Counter()
    for path in sorted(run.prefix.parent.glob(f"{run.name}.rejected.*.json")):
        try:
            total.update(json.loads(path.read_text()))
        except (json.JSONDecodeError, TypeError):
            # Being written by a run that goes on.
            continue
    return total
