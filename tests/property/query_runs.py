"""One question asked a thousand times with fresh noise, its exact numbers measured once."""

from lightwell.engines import dice, duckdb
from lightwell.query import bound, check, cost, noise, release, survey


class NoDice:
    """Adds nothing: what it gives is the bounded quantity that intervals are about."""

    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


class KeptEngine(duckdb.DuckDB):
    """Measures each plan once; the noise is drawn anew each time."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.kept = {}

    def _measure(self, bounded):
        if bounded not in self.kept:
            self.kept[bounded] = super()._measure(bounded)
        return self.kept[bounded]


class Question:
    """A question that can be asked again and again."""

    def __init__(self, files, book, text, epsilon=1.0, delta=1e-7, **bounds):
        self.noisy, self.exact = KeptEngine(files, book, dice.OpenDP()), KeptEngine(files, book, NoDice())
        plan = check.check_query(text, book, **bounds)
        self.bounded = bound.bind(plan)
        spent = cost.count_delta_units(delta / 2) if plan.has_private_keys else 0
        rho = cost.find_rho(epsilon, delta / 2 if plan.has_private_keys else delta)
        self.schedule = noise.schedule_noise(self.bounded, cost.Cost(rho, spent))
        self.book, self.text = book, text

    def ask(self, engine):
        return release.compute_rows(self.bounded, self.schedule, engine.release(self.bounded, self.schedule))

    def find_truth(self):
        """The rows without noise."""
        return self.ask(self.exact)[0]

    def find_hits(self, runs):
        """For each column: how many intervals held the truth, and how many there were."""
        truth, hits = self.find_truth(), {}
        for _ in range(runs):
            _, around = self.ask(self.noisy)
            for exact, ends in zip(truth, around, strict=True):
                for name, interval in ends.items():
                    if interval is None or exact[name] is None:
                        continue
                    low, high = (
                        (float("-inf") if interval[0] is None else interval[0]),
                        (float("inf") if interval[1] is None else interval[1]),
                    )
                    held, asked = hits.get(name, (0, 0))
                    # Twelve digits are written; what is beyond them is no miss.
                    slack = 1e-9 * max(abs(exact[name]), 1.0)
                    hits[name] = held + (low - slack <= exact[name] <= high + slack), asked + 1
        return hits

    def share_weights(self, clamp):
        """The survey share of this question, which `survey.write_share_query` wrote, with fresh noise."""
        rows, ends = self.ask(self.noisy)
        one = release.Release(
            "", self.text, ("answer", "weights", "squares"), tuple(rows), tuple(ends), {}, (), (), "", ""
        )
        sigmas = {
            name: self.schedule.shares[place][0].sigma
            * float(bound.find_ratio(self.bounded.plan.measures[place], self.bounded.scales[place]))
            for place, name in enumerate(("weights", "squares"))
        }
        return survey.compute_share(one, sigmas, clamp)
