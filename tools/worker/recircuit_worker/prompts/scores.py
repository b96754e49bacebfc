"""From answers at scored positions to the rows that are reported: accuracy, probability, majority baseline, loss."""

from collections import Counter

import torch
from torch import Tensor

from recircuit_worker.contract import TaskScore
from recircuit_worker.engine.interface import Answers
from recircuit_worker.prompts.sets import LATER_BLOCKS, Group, PromptSet


def task_scores(prompts: PromptSet, answers: Answers) -> tuple[TaskScore, ...]:
    """Returns one row for each group of the set; all its prompts and scored positions count the same."""
    return tuple(_score(group, prompts, answers) for group in prompts.groups)


def overall(scores: tuple[TaskScore, ...]) -> tuple[float, float]:
    """Returns (accuracy, loss in nats): means over the tasks; for repeated tokens those of the later blocks."""
    rows = [score for score in scores if score.task == LATER_BLOCKS] or scores
    return sum(row.accuracy for row in rows) / len(rows), sum(row.loss for row in rows) / len(rows)


def per_prompt(prompts: PromptSet, answers: Answers) -> Tensor:
    """Returns (group, prompt, statistic) float32: correct, probability, log probability; means over positions."""
    statistics = torch.stack(
        [answers.correct.float(), answers.probability.float(), answers.log_probability.float()], dim=-1
    )
    return torch.stack([_of(group, statistics).mean(1) for group in prompts.groups])


def _score(group: Group, prompts: PromptSet, answers: Answers) -> TaskScore:
    targets = Counter(prompts.prompts[row].targets[column] for row in group.rows for column in group.columns)
    return TaskScore(
        task=group.name,
        prompts=len(group.rows),
        accuracy=float(_of(group, answers.correct).double().mean()),
        probability=float(_of(group, answers.probability).double().mean()),
        majority=targets.most_common(1)[0][1] / targets.total(),
        loss=-float(_of(group, answers.log_probability).double().mean()),
    )


def _of(group: Group, values: Tensor) -> Tensor:
    return values[group.rows.start : group.rows.stop][:, list(group.columns)]
