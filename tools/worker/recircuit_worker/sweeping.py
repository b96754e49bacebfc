"""One sweep: the change of the metric under every set of edits, exactly, with its audit.

What is measured belongs in `metrics.py`; what the sets are, and what is told of the changes, is the tools' business.
"""

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import Audit
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Fault
from recircuit_worker.metrics import Metric, metric_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import check_audit

AUDITED = 4
"""largest changes, and as many random cells, that are measured again"""
Sets = Sequence[Sequence[Edit]]


@dataclass(frozen=True)
class Swept:
    """What every sweep finds."""

    changes: Tensor
    """(prompt, set), in units of the metric"""
    before: Tensor
    """(prompt,) metric, nothing edited"""
    audit: Audit


def expect_sweep(prompts: PromptSet, sets: int, source_passes: int, bench: Bench) -> None:
    """Gives progress its total."""
    bench.expect(source_passes + len(prompts.prompts) * (sets + 1) + 4 * AUDITED)


def sweep(sets: Sets, prompts: PromptSet, bench: Bench) -> Swept:
    """Returns what each set of edits changes in each prompt.

    Raises:
        Fault: `edit-did-not-fire`, `all-effects-zero`, `audit-failed`.
    """
    metric = metric_of(prompts)
    edited, clean = metric.each(bench.engine, sets)
    changes = (edited - clean).T
    if not bool(changes.any()) and _one_can_reach(sets, prompts, bench.facts.layers):
        raise Fault(
            "all-effects-zero",
            f"none of {changes.numel()} edits changed the {metric.name}",
            why="a real model never shows that, so the edits did not reach it",
            instead="do not use the result; report the model and the request",
        )
    return Swept(changes, clean[0], _audit(changes, sets, prompts, metric, bench))


def recovery(change: float, baseline: float, counterpart: float | None) -> float | None:
    """Returns a change as share of the way from baseline to counterpart; None where there is no way."""
    return None if counterpart is None or counterpart == baseline else change / (counterpart - baseline)


def _one_can_reach(sets: Sets, prompts: PromptSet, layers: int) -> bool:
    """Returns whether an edit can change what is said after the last token: in the last layer, only one made there."""
    last = torch.tensor([len(prompt.ids) - 1 for prompt in prompts.prompts])[:, None]
    return any(
        edit.layer < layers - 1 or isinstance(edit.positions, str) or bool((edit.positions == last).any())
        for edits in sets
        for edit in edits
    )


def _audit(changes: Tensor, sets: Sets, prompts: PromptSet, metric: Metric, bench: Bench) -> Audit:
    """Measures the largest changes and some random ones again: whole passes, one prompt at a time, no padding."""
    cells = _audited_cells(changes, prompts.recipe.seed)
    deviations = []
    for row, place in cells:
        edits = [_of_prompt(edit, row) for edit in sets[place]]
        before, after = (metric.alone(bench.engine, row, each) for each in ([], edits))
        deviations.append(abs(after - before - float(changes[row, place])))
    route = "whole forward passes, one prompt at a time, unpadded"
    return check_audit(deviations, metric.tolerance[bench.facts.dtype], route)


def _of_prompt(edit: Edit, row: int) -> Edit:
    """Returns an edit of many prompts as that of one."""
    value, positions = edit.value, edit.positions
    return dataclasses.replace(
        edit,
        value=value if value is None or value.dim() == 1 else value[row : row + 1],
        positions=positions if isinstance(positions, str) else positions[row : row + 1],
    )


def _audited_cells(changes: Tensor, seed: int) -> list[tuple[int, int]]:
    order = changes.abs().flatten().argsort(descending=True, stable=True)
    others = random.Random(f"audit|{seed}").sample(range(changes.numel()), min(AUDITED, changes.numel()))
    return [divmod(cell, changes.shape[1]) for cell in [*order[:AUDITED].tolist(), *others]]
