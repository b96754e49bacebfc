"""What is asked of the fast engine. Agreement decides the exit code; a missed time is said and decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

from recircuit_worker.benchmarks.rounds import Outcome

LOGITS = 1e-4
"""largest difference of a logit in float32"""


@dataclass(frozen=True)
class Bar:
    """One thing asked."""

    says: str
    measured: float
    holds: bool
    decides: bool = False
    """whether missing it makes the command fail"""


def at_least(says: str, measured: float, least: float) -> Bar:
    """Returns a bar on a time, which decides nothing."""
    return Bar(f"{says}: at least {least:g}", measured, measured >= least)


def at_most(says: str, measured: float, most: float, *, decides: bool = False) -> Bar:
    """Returns a bar on a time, or on a number that decides."""
    return Bar(f"{says}: at most {most:g}", measured, measured <= most, decides)


def ratio(outcomes: Mapping[str, Outcome], slow: str, fast: str) -> float:
    """Returns how many times as long one takes as another, by medians; NaN if one could not run."""
    if slow not in outcomes or fast not in outcomes:
        return nan
    return outcomes[slow].seconds.median / outcomes[fast].seconds.median


def cpu_time_bars(outcomes: Mapping[str, Outcome]) -> list[Bar]:
    """Returns the bars of GPT-2 small on two threads."""
    return _measured(
        at_least("R1 / F, times as fast as the published loop", ratio(outcomes, "R1", "F"), 60),
        at_least("R6 / F, times as fast as the careful user", ratio(outcomes, "R6", "F"), 3.5),
        at_least("R6a / Fa, the same for answers' logits only", ratio(outcomes, "R6a", "Fa"), 4.5),
        at_least("R6v / F, as fast as that user with views of the cache", ratio(outcomes, "R6v", "F"), 1),
        at_most("F / R3, means given to the exact sweep", ratio(outcomes, "F", "R3"), 1.2),
        at_most("Fs / R3, both run a source of their own", ratio(outcomes, "Fs", "R3"), 1.2),
    )


def gpu_time_bars(outcomes: Mapping[str, Outcome], prompts: int, model_bytes: int) -> list[Bar]:
    """Returns the bars of a 7 to 9 billion parameter model in bfloat16."""
    ours, singly = outcomes["F"], outcomes["F1"]
    bars = [
        at_most("F, ms per prompt", 1000 * ours.seconds.median / prompts, 40),
        at_most("F1, ms per prompt", 1000 * singly.seconds.median / prompts, 150),
        at_least("R1 / F", ratio(outcomes, "R1", "F"), 150),
        at_least("R2 / F", ratio(outcomes, "R2", "F"), 40),
        at_most("F / R3", ratio(outcomes, "F", "R3"), 4),
    ]
    if ours.peak_bytes is not None:
        bars.append(at_most("F, peak memory with the model, GB", (ours.peak_bytes + model_bytes) / 1e9, 40))
    return _measured(*bars)


def _measured(*bars: Bar) -> list[Bar]:
    """Returns the bars whose contenders could run; the others' rows say why not."""
    return [bar for bar in bars if not isnan(bar.measured)]


def agreement_bars(rows: Sequence[Mapping]) -> list[Bar]:
    """Returns the bars on numbers in float32: the worst of all exact contenders, and whether all order heads alike."""
    exact = [row for row in rows if row["exact"] and row["logits"] is not None]
    worst = max(exact, key=lambda row: row["logits"])
    says = f"largest difference of a logit from R1, of all exact contenders ({worst['key']})"
    others = [row["key"] for row in exact if not row["same_top"]]
    order = "exact contenders that do not put the largest effects in the order of R1" + ": ".join(["", *others])
    return [
        at_most(says, worst["logits"], LOGITS, decides=True),
        at_most(order, len(others), 0, decides=True),
    ]
