"""Heads that are made to look somewhere: the edits that do it, and their audit. Where heads look by themselves is in
`looking.py`.

A head's output is the sum of values, weighted by its attention. What stands before the token that looks does not depend
on what that token does, so the values there are those of the clean pass, whatever heads are edited below: an edited
pattern is an edit of outputs, at any number of heads in any layers.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.bench import Bench
from recircuit_worker.contract import Audit
from recircuit_worker.engine.attention import attending
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Refusal
from recircuit_worker.metrics import LogitDifference
from recircuit_worker.places import find_places
from recircuit_worker.prompts.contrast_scores import Said, sides_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import check_audit

AUDITED = 4
"""prompts in which the patterns themselves are edited"""
Named = int | str


@dataclass(frozen=True)
class Patterns:
    """Edits of outputs that stand for edited patterns."""

    edits: list[Edit]
    """one for each head"""
    audit: Callable[[Said], Audit]
    """measures some prompts again; raises Fault `audit-failed`"""


def edit_patterns(
    prompts: PromptSet, heads: Sequence[Head], query: Named, keys: Sequence[Named], bench: Bench
) -> Patterns:
    """Returns what makes these heads look from the query at the keys alone, evenly.

    Raises:
        Refusal: `key-not-before-query`; those of `find_places` and `Engine.head_values`.
    """
    (looking,), looked_at = find_places([query], prompts), torch.cat(find_places(keys, prompts), dim=1)
    _check_order(looking, looked_at, query, keys)
    there = (looked_at >= 0)[..., None]
    edits = []
    for head, values in zip(heads, bench.engine.head_values(prompts.prompts, heads, looked_at), strict=True):
        mean = values.sum(1) / there.sum(1).to(values)
        value = mean[:, None].expand(-1, looking.shape[1], -1)
        edits.append(Edit("head", head.layer, "replace", value, head.head, looking))
    return Patterns(edits, lambda after: _audit(after, prompts, heads, looking, looked_at, bench))


def _check_order(looking: Tensor, looked_at: Tensor, query: Named, keys: Sequence[Named]) -> None:
    first = looking.masked_fill(looking < 0, looking.max() + 1).min(1).values
    if bool((looked_at.max(1).values >= first).any()) or bool((looked_at.max(1).values < 0).any()):
        raise Refusal(
            "key-not-before-query",
            what=f"heads were to look from {query} at {', '.join(map(str, keys))}",
            why="in some prompt one of these stands at the token that looks or behind it, or none stands there at all",
            instead="name keys that stand before the query in every prompt",
        )


def _audit(
    after: Said, prompts: PromptSet, heads: Sequence[Head], looking: Tensor, looked_at: Tensor, bench: Bench
) -> Audit:
    slow = Reference(bench.model.model, bench.parts)
    slow.counts, slow.watch = bench.engine.counts, bench.engine.watch
    count, sides = len(prompts.prompts), sides_of(prompts.items)
    drawn = random.Random(f"audit|{prompts.recipe.seed}").sample(range(count), min(AUDITED, count))
    deviations = []
    for row in drawn:
        here = sides.of(slice(row, row + 1))
        tokens = [[place for place in places[row].tolist() if place >= 0] for places in (looking, looked_at)]
        with attending(bench.parts, heads, *tokens):
            logits = slow.last_logits([prompts.prompts[row]]).double().gather(-1, here.tokens)
        deviations.append(abs(float(here.difference(logits)[0]) - float(after.difference[row])))
    route = "whole passes in which the patterns themselves are edited, one prompt at a time, unpadded"
    return check_audit(deviations, LogitDifference.tolerance[bench.facts.dtype], route)
