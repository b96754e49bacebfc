"""Paths from every sender to the final stream or to what heads read, with their audit. The algebra is the engine's."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.address import Head, Mlp
from recircuit_worker.bench import Bench
from recircuit_worker.contract import Audit
from recircuit_worker.engine.interface import Edit, Receiver, TokenPrompt
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Fault
from recircuit_worker.metrics import LogitDifference
from recircuit_worker.places import Asked, find_places
from recircuit_worker.prompts.contrast_scores import sides_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import check_audit
from recircuit_worker.sources import check_differ

PROMPTS_AT_ONCE = 16
"""whose senders' outputs at every token are held"""
AUDITED = 4
"""largest changes, and as many random ones, that are measured again"""
ROUNDING = 1e-4
"""of the largest logit difference, which float32 may lose: seen are 4e-5 of 27, through keys that are compared with
scores of 150 (planted organisms), where float64 gives 1e-12; below a difference of 10 the absolute tolerance counts"""
Groups = Sequence[Sequence[Receiver]]


@dataclass(frozen=True)
class Paths:
    """What path patching finds."""

    changes: Tensor
    """(prompt, receiver, sender), of the logit difference"""
    before: Tensor
    """(prompt,) logit difference, nothing patched"""
    audit: Audit


def patch_paths(
    prompts: PromptSet,
    others: PromptSet,
    senders: Sequence[Head | Mlp],
    receivers: Groups | None,
    asked: Asked,
    bench: Bench,
) -> Paths:
    """Returns what each sender changes that gets its output in the other prompt, at the places asked for.

    Args:
        receivers: those of one group are patched together; None: the final residual stream.

    Raises:
        Refusal: those of `find_places`, `check_differ` and `Engine.paths`.
        Fault: `all-effects-zero`, `audit-failed`.
    """
    check_differ(asked, prompts, others)
    places = _where_they_differ(torch.cat(find_places(asked, prompts), dim=1), prompts, others)
    sides, changes, before = sides_of(prompts.items), [], []
    for start in range(0, len(prompts.prompts), PROMPTS_AT_ONCE):
        rows = slice(start, start + PROMPTS_AT_ONCE)
        here, edits = sides.of(rows), _sending(senders, others.prompts[rows], places[rows], bench)
        found = bench.engine.paths(prompts.prompts[rows], [[edit] for edit in edits], receivers, here.tokens)
        # (sender, [receiver], prompt, position, token), of which there is one position
        edited, clean = (here.difference(told[..., -1, :]) for told in (found.edited, found.clean))
        change = edited - clean
        changes.append((change if receivers is not None else change[:, None]).permute(2, 1, 0))
        before.append(clean.flatten(0, -2)[0])
    told = torch.cat(changes)
    last = torch.tensor([len(prompt.ids) - 1 for prompt in prompts.prompts])[:, None]
    # Elsewhere a window, or causality, can keep every change from what is read at the end.
    if receivers is None and bool((places == last).any()) and not bool(told.any()):
        raise Fault(
            "all-effects-zero",
            f"none of {told.numel()} paths changed the logit difference",
            why="a real model never shows that, so the changes did not travel",
            instead="do not use the result; report the model and the request",
        )
    clean = torch.cat(before)
    tolerance = LogitDifference.tolerance[bench.facts.dtype]
    if bench.facts.dtype != "float64":
        tolerance = max(tolerance, ROUNDING * float(clean.abs().max()))
    return Paths(told, clean, _audit(told, tolerance, prompts, others, senders, receivers, places, bench))


def _where_they_differ(places: Tensor, prompts: PromptSet, others: PromptSet) -> Tensor:
    """Returns the places with -1 for those before the first token that differs: up to there both runs are the same.

    Two counterfactuals of one clean prompt may be alike: then nothing is sent.
    """
    pairs = zip(prompts.prompts, others.prompts, strict=True)
    first = [
        next(
            (at for at, (one, other) in enumerate(zip(here.ids, there.ids, strict=True)) if one != other),
            len(here.ids),
        )
        for here, there in pairs
    ]
    return torch.where(places >= torch.tensor(first)[:, None], places, -1)


def _sending(senders: Sequence[Head | Mlp], others: Sequence[TokenPrompt], places: Tensor, bench: Bench) -> list[Edit]:
    """Returns the edit that gives each sender its output in the other prompts."""
    values = bench.engine.component_outputs(others, senders, places)
    return [
        Edit("head", sender.layer, "replace", value, sender.head, places)
        if isinstance(sender, Head)
        else Edit("mlp", sender.layer, "replace", value, positions=places)
        for sender, value in zip(senders, values, strict=True)
    ]


def _audit(
    changes: Tensor,
    tolerance: float,
    prompts: PromptSet,
    others: PromptSet,
    senders: Sequence[Head | Mlp],
    receivers: Groups | None,
    places: Tensor,
    bench: Bench,
) -> Audit:
    """Measures the largest changes and some random ones again: two whole passes for each, one prompt at a time."""
    slow = Reference(bench.model.model, bench.parts)
    slow.counts, slow.watch = bench.engine.counts, bench.engine.watch
    sides, deviations = sides_of(prompts.items), []
    flat = changes.abs().flatten().argsort(descending=True, stable=True)[:AUDITED].tolist()
    drawn = random.Random(f"audit|{prompts.recipe.seed}").sample(range(changes.numel()), min(AUDITED, changes.numel()))
    for cell in [*flat, *drawn]:
        row, place, sender = (int(index) for index in torch.unravel_index(torch.tensor(cell), changes.shape))
        mine = slice(row, row + 1)
        edits = _sending([senders[sender]], others.prompts[mine], places[mine], bench)
        group = None if receivers is None else [receivers[place]]
        here = sides.of(mine)
        found = slow.paths(prompts.prompts[mine], [edits], group, here.tokens)
        again = here.difference(found.edited[..., -1, :]) - here.difference(found.clean[..., -1, :])
        deviations.append(abs(float(again.flatten()[0]) - float(changes[row, place, sender])))
    route = "two whole passes with all heads frozen by hand, one prompt at a time, unpadded"
    return check_audit(deviations, tolerance, route)
