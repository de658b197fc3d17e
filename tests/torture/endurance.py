"""One process for many evaluations: what it takes it gives back."""

import numpy as np
from draws import embedded_model, evaluate, near_posterior, of_one_process, trim
from trials import FAILED, Item

POINTS = 10
"""After which the points come again, a hair beside: what one takes in time can be compared."""


class Endurance(Item):
    """Evaluations, a tenth of which cannot be computed."""

    name = "endurance"
    tried = (
        "evaluations of EDE + 10 bins on the embedded data (`precision: planck`) by one process, a "
        "tenth rejected"
    )
    trials = 2000

    def start(self):
        """Build the model."""
        self.model = embedded_model("fluid", precision="planck")

    def trial(self, number):
        """One evaluation."""
        point = near_posterior(number % POINTS)
        point["omega_cdm"] *= 1 + 1e-9 * number
        if number % POINTS == 0:
            # More baryons than the table of the primordial helium has.
            point["omega_b"] += 0.06
        outcome = evaluate(self.model, point)
        trim()
        return "rejected" if outcome.startswith("rejected") else outcome

    def verdict(self, records):
        """
        Growth of memory, descriptors and threads; drift of the CPU time.

        Memory is the largest growth of what is held after one of the points, from the first time
        it came to the last: what cannot be computed leaves 30 MB less behind than what can.
        Drift is that of the quickest tenth of each half: others who use the machine make the rest
        slower, by up to 40%, and not always alike.
        """
        records = of_one_process(records)
        if len(records) < 10 * POINTS:
            return f"{len(records)} by one process: too few to tell"
        rest = records[2 * POINTS : len(records) // POINTS * POINTS]
        firsts, lasts = rest[:POINTS], rest[-POINTS:]
        grown = max(b.rss - a.rss for a, b in zip(firsts, lasts, strict=True)) / 1e6
        same = all(
            len({getattr(r, what) for r in rest}) == 1 for what in ("descriptors", "threads")
        )
        computed = [r.cpu_s for r in rest if r.outcome == "computed"]
        early, late = (np.quantile(part, 0.1) for part in np.array_split(computed, 2))
        drift = late / early - 1
        text = (
            f"{len(records)} by one process: memory grew by {grown:.1f} MB, descriptors and "
            f"threads {'constant' if same else 'CHANGED'}, CPU time of the quickest tenth drifted "
            f"by {100 * drift:+.1f}%"
        )
        good = grown < 5 and same and abs(drift) < 0.05
        return text if good else f"{FAILED}: {text}"
