"""How far estimates of the heads' effects agree with the exact sweep."""

from collections.abc import Sequence

import torch
from torch import Tensor

from recircuit_worker.contract import SweepAgreement, TaskAgreement
from recircuit_worker.ranking import best_first

TOP = 10


def agreement(sweep: str, tasks: Sequence[str], estimates: Tensor, exact: Tensor) -> SweepAgreement:
    """Returns the agreement of two (task, layer, head) tensors of means over prompts; `sweep` names the exact one."""
    mine, theirs = estimates.mean(0), exact.mean(0)
    return SweepAgreement(
        sweep=sweep,
        spearman=spearman(mine.flatten(), theirs.flatten()),
        shared=shared_top(mine, theirs),
        largest_error=float((mine - theirs).abs().max()),
        tasks=tuple(
            TaskAgreement(task, spearman(a.flatten(), b.flatten()), shared_top(a, b))
            for task, a, b in zip(tasks, estimates, exact, strict=True)
        ),
    )


def spearman(a: Tensor, b: Tensor) -> float | None:
    """Returns the rank correlation of two vectors, ties at their mean rank; None where one side has no order."""
    ranks = torch.stack([_ranks(a), _ranks(b)])
    if len(a) < 2 or bool((ranks.std(1) == 0).any()):
        return None
    return max(-1.0, min(1.0, float(torch.corrcoef(ranks)[0, 1])))


def shared_top(a: Tensor, b: Tensor) -> int:
    """Returns how many of the ten highest heads of two (layer, head) scores are the same."""
    return len(set(best_first(a)[:TOP]) & set(best_first(b)[:TOP]))


def _ranks(values: Tensor) -> Tensor:
    _, group, sizes = values.double().unique(return_inverse=True, return_counts=True)
    last = sizes.cumsum(0).double()
    return (last - (sizes - 1) / 2)[group]
