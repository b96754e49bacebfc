"""What a model says of contrast pairs: answers against rivals, whether one token or several stand on a side.

The logit difference is log(sum of exp of the answers' logits) - log(sum of exp of the rivals' logits): with one token
on each side the difference of their logits, with several the log of the ratio of their probabilities.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.contract import ContrastScore, SaidOfContrasts, TaskScore
from recircuit_worker.engine.interface import Edit, Engine, Readouts
from recircuit_worker.prompts.contrast_set import ContrastItem
from recircuit_worker.prompts.sets import Group, PromptSet
from recircuit_worker.standard_error import standard_error

PROMPTS_AT_ONCE = 32
"""whose logits over the whole vocabulary are held"""
STATISTICS = ("correct", "probability", "log probability", "logit difference", "probability difference")


@dataclass(frozen=True)
class Sides:
    """The tokens whose logits make the difference, prompt by prompt."""

    tokens: Tensor
    """(prompt, token) int64; a row that has fewer tokens repeats its first"""
    answers: Tensor
    """(prompt, token) bool"""
    rivals: Tensor

    def of(self, rows: slice) -> "Sides":
        """Returns the sides of some prompts."""
        return Sides(self.tokens[rows], self.answers[rows], self.rivals[rows])

    def difference(self, logits: Tensor) -> Tensor:
        """Returns the logit difference (..., prompt) of logits (..., prompt, token)."""
        sides = (logits.masked_fill(~side.to(logits.device), -torch.inf) for side in (self.answers, self.rivals))
        answers, rivals = (side.logsumexp(-1) for side in sides)
        return answers - rivals


@dataclass(frozen=True)
class Said:
    """Numbers of each prompt, float64."""

    correct: Tensor
    """(prompt,) 1 where the most likely next token is an answer"""
    rival: Tensor
    """(prompt,) 1 where it is a rival"""
    probability: Tensor
    """(prompt,) of all answers together"""
    rival_probability: Tensor
    difference: Tensor
    """(prompt,) logit difference"""

    def statistics(self) -> Tensor:
        """Returns (prompt, statistic), as `STATISTICS` names them."""
        between = self.probability - self.rival_probability
        columns = (self.correct, self.probability, self.probability.log(), self.difference, between)
        return torch.stack(columns, dim=-1)


def sides_of(items: Sequence[ContrastItem]) -> Sides:
    """Returns the tokens of both sides."""
    width = max(len(item.answers) + len(item.rivals) for item in items)
    rows, answers, rivals = [], [], []
    for item in items:
        both, left = [*item.answers, *item.rivals], width - len(item.answers) - len(item.rivals)
        rows.append(both + both[:1] * left)
        answers.append([True] * len(item.answers) + [False] * (width - len(item.answers)))
        rivals.append([False] * len(item.answers) + [True] * len(item.rivals) + [False] * left)
    return Sides(torch.tensor(rows), torch.tensor(answers), torch.tensor(rivals))


def ask(prompts: PromptSet, engine: Engine) -> Said:
    """Returns what the unedited model says after the last token."""
    sides, parts = sides_of(prompts.items), []
    for start in range(0, len(prompts.prompts), PROMPTS_AT_ONCE):
        rows = slice(start, start + PROMPTS_AT_ONCE)
        logits = engine.last_logits(prompts.prompts[rows]).double()
        here = sides.of(rows)
        parts.append(_said(here, logits.gather(-1, here.tokens), logits.argmax(-1), logits.logsumexp(-1)))
    return Said(*(torch.cat(part) for part in zip(*map(_numbers, parts), strict=True)))


def ask_each(prompts: PromptSet, engine: Engine, sets: Sequence[Sequence[Edit]]) -> tuple[Said, list[Said]]:
    """Returns what the unedited model says after the last token, and what it says under each set of edits."""
    sides = sides_of(prompts.items)
    found = engine.readouts_each(prompts.prompts, sets, sides.tokens)

    def of(read: Readouts, place: int) -> Said:
        return _said(
            sides, read.logits[place, :, -1].double(), read.first[place, :, -1], read.total[place, :, -1].double()
        )

    return of(found.clean, 0), [of(found.edited, place) for place in range(len(sets))]


def _said(sides: Sides, chosen: Tensor, first: Tensor, total: Tensor) -> Said:
    """Makes of logits (prompt, token), most likely tokens (prompt,) and log sums (prompt,) what was said."""
    shares = (chosen - total[:, None]).exp()
    both = (sides.answers, sides.rivals)
    best = [((first[:, None] == sides.tokens) & side).any(-1).double() for side in both]
    return Said(*best, *((shares * side).sum(-1) for side in both), sides.difference(chosen))


def _numbers(said: Said) -> tuple[Tensor, ...]:
    return said.correct, said.rival, said.probability, said.rival_probability, said.difference


def contrast_scores(prompts: PromptSet, said: Said, variant: str) -> tuple[ContrastScore, ...]:
    """Returns one row for each task."""
    return tuple(_contrast(group, said, variant, prompts.items[group.rows[0]].shots) for group in prompts.groups)


def said_of_group(group: Group, said: Said) -> SaidOfContrasts:
    """Returns the means over the prompts of a task."""
    return SaidOfContrasts(
        accuracy=group.mean(said.correct),
        rival_accuracy=group.mean(said.rival),
        logit_difference=group.mean(said.difference),
        probability_difference=group.mean(said.probability - said.rival_probability),
    )


def task_scores(prompts: PromptSet, said: Said) -> tuple[TaskScore, ...]:
    """Returns the rows that all kinds of prompts have; several answers count as one that is right if any is."""
    rows = []
    for group in prompts.groups:
        items = [prompts.items[row] for row in group.rows]
        often = Counter(token for item in items for token in item.answers)
        probability = _of(group, said.probability)
        rows.append(
            TaskScore(
                task=group.name,
                prompts=len(items),
                accuracy=float(_of(group, said.correct).mean()),
                probability=float(probability.mean()),
                majority=often.most_common(1)[0][1] / len(items),
                loss=-float(probability.log().mean()),
            )
        )
    return tuple(rows)


def _contrast(group: Group, said: Said, variant: str, shots: int) -> ContrastScore:
    difference = _of(group, said.difference)
    sem = standard_error(difference)
    return ContrastScore(
        task=group.name,
        variant=variant,
        prompts=len(difference),
        shots=shots,
        accuracy=float(_of(group, said.correct).mean()),
        rival_accuracy=float(_of(group, said.rival).mean()),
        preferred=float((difference > 0).double().mean()),
        logit_difference=float(difference.mean()),
        sem=sem,
        probability_difference=float((_of(group, said.probability) - _of(group, said.rival_probability)).mean()),
    )


def _of(group: Group, values: Tensor) -> Tensor:
    return values[group.rows.start : group.rows.stop]
