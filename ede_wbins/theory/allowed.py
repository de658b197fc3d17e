"""Values of CLASS's inputs that mean something: beyond them it computes nonsense or crashes."""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ede_wbins.errors import EDEWBinsError


@dataclass(frozen=True)
class Range:
    """An interval that may be open (`low`, `high` not allowed themselves) at either end."""

    low: float
    high: float = math.inf
    has_low: bool = False
    has_high: bool = False

    def __contains__(self, x: float) -> bool:
        above = x >= self.low if self.has_low else x > self.low
        below = x <= self.high if self.has_high else x < self.high
        # Whole numbers may be too large for a float.
        return abs(x) <= sys.float_info.max and above and below

    def __str__(self) -> str:
        ends = "[" if self.has_low else "(", "]" if self.has_high else ")"
        return f"{ends[0]}{self.low:.6g}, {self.high:.6g}{ends[1]}"


_POSITIVE, _NOT_NEGATIVE = Range(0), Range(0, has_low=True)
RANGES = {
    "fEDE": Range(0, 1, has_low=True),
    "log10z_c": Range(1, 8),
    # pi as one types it: the field would rest on the top of its potential.
    "thetai_ede": Range(0, 3.14159),
    "n_ede": Range(1, 1e6),
    **dict.fromkeys(("H0", "h", "theta_s_100", "T_cmb", "A_s"), _POSITIVE),
    **dict.fromkeys(("omega_b", "Omega_b", "omega_m", "Omega_m"), _POSITIVE),
    **dict.fromkeys(("omega_cdm", "Omega_cdm", "tau_reio", "N_ur", "m_ncdm"), _NOT_NEGATIVE),
    "YHe": Range(0, 1, has_low=True),
}
"""By CLASS's names. What is not here may have any finite value."""

ALTERNATIVES = (
    ("H0", "h", "theta_s_100"),
    ("omega_b", "Omega_b"),
    ("omega_cdm", "Omega_cdm", "omega_m", "Omega_m"),
    ("A_s", "ln_A_s_1e10", "sigma8", "S8"),
    ("tau_reio", "z_reio"),
    ("N_ur", "Neff"),
)
"""Names of one quantity: CLASS takes at most one of each."""

_ANY = Range(-math.inf)


def check_names(names: set[str]) -> None:
    """
    Check that no quantity is given twice.

    Raises
    ------
    EDEWBinsError
        If one is.
    """
    for group in ALTERNATIVES:
        if len(both := [name for name in group if name in names]) > 1:
            raise EDEWBinsError(
                f"{' and '.join(both)} are given together: give one of {', '.join(group)}"
            )


def check_prior(name: str, low: float, high: float) -> None:
    """
    Check that a prior's support [low, high] is within the range of parameter `name`.

    Ends at infinity say nothing of where points will lie.

    Raises
    ------
    EDEWBinsError
        If it is not.
    """
    allowed = RANGES.get(name, _ANY)
    if -math.inf < low < allowed.low or allowed.high < high < math.inf:
        raise EDEWBinsError(
            f"prior of {name} = [{low:g}, {high:g}]: reaches beyond what is allowed, {allowed}"
        )


def outside(values: Mapping[str, float]) -> Iterator[str]:
    """Of each value that is not within its range, a line that says so."""
    for name, x in values.items():
        allowed = RANGES.get(name, _ANY)
        if isinstance(x, int | float) and x not in allowed:
            value = x if isinstance(x, int) else f"{x:.6g}"
            yield f"{name} = {value}: must be in {allowed}"


def meant(unknown: str, known: set[str]) -> str:
    """A hint at the name that a mistyped one may stand for, with a leading space, or nothing."""
    lower = {name.lower(): name for name in sorted(known - {unknown})}
    close = get_close_matches(unknown.lower(), lower, n=1)
    return f" (did you mean {lower[close[0]]}?)" if close else ""
