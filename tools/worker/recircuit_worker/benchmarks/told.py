"""What a contender says of a sweep, and how far two of them agree.

Probabilities are compared as logs and everything else as logits: a tolerance on probabilities would hide a large error.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.agreement import spearman
from recircuit_worker.benchmarks.work import Work

TOP = 20


class Told:
    """Numbers of a sweep, NaN where nothing was said. Every tensor is (prompt, cell, ...) on the model's device."""

    def __init__(self, work: Work, *, keeps: bool = True) -> None:
        shape = (len(work.ids), work.cells)
        number = torch.float64 if work.means.dtype == torch.float64 else torch.float32

        def empty(*more: int) -> Tensor:
            return torch.full((*shape, *more), torch.nan, dtype=number, device=work.device)

        self._work, self.keeps = work, keeps
        self.log_probability, self.clean_log_probability = empty(), empty()
        self.answers, self.clean_answers = empty(2), empty(2)
        self.logits = empty(len(work.checked)) if keeps else None
        """of the checked tokens; None if nobody will look"""

    def put(self, prompts: slice, cells: list[int], logits: Tensor) -> None:
        """Notes logits (prompt, cell, vocabulary), or (prompt, 1, vocabulary)."""
        logits = logits.to(self.log_probability.dtype)
        answers = self._work.answers[prompts][:, None].expand(-1, logits.shape[1], -1)
        told = logits.gather(-1, answers)
        self.log_probability[prompts, cells] = told[..., 0] - logits.logsumexp(-1)
        self.answers[prompts, cells] = told
        if self.logits is not None:
            self.logits[prompts, cells] = logits[..., self._work.checked]

    def put_clean(self, prompts: slice, logits: Tensor) -> None:
        """Notes logits (prompt, vocabulary) of the unedited prompts."""
        logits = logits.to(self.log_probability.dtype)
        answers = self._work.answers[prompts]
        log_probability = logits.log_softmax(-1).gather(-1, answers[:, :1])
        self.clean_log_probability[prompts] = log_probability
        self.clean_answers[prompts] = logits.gather(-1, answers)[:, None]

    def effect(self) -> Tensor:
        """Returns the change of the answer's probability, (prompt, cell)."""
        return self.log_probability.exp() - self.clean_log_probability.exp()

    def difference(self) -> Tensor:
        """Returns the change of the logit difference between the two answers, (prompt, cell)."""
        edited, clean = (part[..., 0] - part[..., 1] for part in (self.answers, self.clean_answers))
        return edited - clean


@dataclass(frozen=True)
class Agreement:
    """How far two sweeps agree, on the cells that both measured. None: not said by one of them."""

    cells: int
    logits: float | None
    """largest difference of a logit, over all compared tokens or over the answers' where no more was told"""
    compared_tokens: int
    log_probability: float | None
    """largest difference, nats"""
    same_top: bool | None
    """the same 20 heads (or a third of the cells, if fewer) in the same order, by the prompts' mean effect"""
    spearman: float | None
    """of the mean effects"""


def compare(mine: Told, reference: Told) -> Agreement:
    """Returns the agreement with a reference that told everything of its cells."""
    cells = ~reference.answers.isnan().any(-1).any(0) & ~_silent(mine).any(0)
    whole = mine.logits is not None and not mine.logits[:, cells].isnan().any()
    logits = (
        _largest(mine.logits, reference.logits, cells) if whole else _largest(mine.answers, reference.answers, cells)
    )
    by_probability = mine.effect()[:, cells].isnan().sum() == 0
    ours, theirs = (told.effect() if by_probability else told.difference() for told in (mine, reference))
    ours, theirs = (part[:, cells].double().mean(0) for part in (ours, theirs))
    return Agreement(
        cells=int(cells.sum()),
        logits=logits,
        compared_tokens=mine.logits.shape[-1] if whole else 2,
        log_probability=_largest(mine.log_probability, reference.log_probability, cells),
        same_top=same_order(ours, theirs),
        spearman=spearman(ours, theirs),
    )


def same_order(ours: Tensor, theirs: Tensor) -> bool:
    """Returns whether the largest cells are the same in the same order."""
    top = min(TOP, max(1, len(ours) // 3))
    return torch.equal(ours.argsort(descending=True)[:top], theirs.argsort(descending=True)[:top])


def _silent(told: Told) -> Tensor:
    return told.log_probability.isnan() & told.answers.isnan().any(-1)


def _largest(mine: Tensor, reference: Tensor, cells: Tensor) -> float | None:
    difference = (mine[:, cells] - reference[:, cells]).abs()
    return None if difference.isnan().any() or not difference.numel() else float(difference.max())
