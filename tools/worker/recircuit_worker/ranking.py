"""Heads by score: one order and one default size for every tool that ranks."""

from torch import Tensor

from recircuit_worker.address import Head

SHARE = 0.02


def best_first(scores: Tensor) -> list[Head]:
    """Returns all heads of (layer, head) scores, highest first; equal scores keep the order of layers and heads."""
    heads = scores.shape[1]
    order = scores.flatten().argsort(descending=True, stable=True).tolist()
    return [Head(*divmod(place, heads)) for place in order]


def default_top(heads: int, at_least: int) -> int:
    """Returns 2 % of all heads, at least `at_least`, at most all."""
    return min(heads, max(at_least, round(SHARE * heads)))
