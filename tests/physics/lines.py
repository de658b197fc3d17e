"""One line of the validation: a quantity, what it is compared with, and how far it may differ."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A comparison that holds where its worst difference is at most `factor` times `floor`."""

    quantity: str
    reference: str
    worst: float
    floor: float
    factor: float = 1.0

    @property
    def holds(self) -> bool:
        """Whether the difference is as small as asked for; not a number never is."""
        return self.worst <= self.factor * self.floor

    def cells(self) -> tuple[str, ...]:
        """Quantity, reference, worst difference, floor, verdict."""
        floor = f"{self.floor:.1e}" if self.factor == 1 else f"{self.factor:g} × {self.floor:.1e}"
        return (
            self.quantity,
            self.reference,
            f"{self.worst:.1e}",
            floor,
            "holds" if self.holds else "FAILS",
        )


def worst_lines(
    quantity: str,
    reference: str,
    worst: dict[str, float],
    floor: dict[str, float] | float,
    factor: float = 1.0,
) -> list[Line]:
    """One line for each spectrum."""
    return [
        Line(
            f"{quantity}: {NAMES[name]}",
            reference,
            value,
            floor[name] if isinstance(floor, dict) else floor,
            factor,
        )
        for name, value in worst.items()
    ]


NAMES = {"tt": "TT", "ee": "EE", "te": "TE", "pp": "lensing potential", "pk": "P(k)"}
