"""Training of an organism on several behaviours at once: lessons, steps, curve. Files belong in `build.py`.

Deterministic on one machine type, as `train.py` is: every step draws its rows from (seed, step, lesson). A lesson's
share of the loss does not depend on how many of its tokens can be predicted. Stages meet in the weights and in nothing
else, so a training that was watched stage by stage is the training that runs through.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.contract import CurriculumPoint, CurriculumRecipe, CurriculumStage, Material
from recircuit_worker.organisms.exam import examine, lesson_accuracies, only_taught
from recircuit_worker.organisms.lessons import Rows, rows_of
from recircuit_worker.organisms.model import build_model, use_fused_attention, use_own_attention
from recircuit_worker.organisms.rows import Row, pad
from recircuit_worker.organisms.train import Report, rate
from recircuit_worker.prompts.contrast import CLEAN

BORDERS = (20, 56)
"""tokens; rows up to each border are padded apart from longer ones"""


CURVE_PROMPTS = 40


@dataclass(frozen=True)
class Curriculum:
    """What an organism is trained on, made once per build."""

    recipe: CurriculumRecipe
    materials: Sequence[Material]
    tokenizer: PreTrainedTokenizerFast
    lessons: dict[str, Rows]


def prepare(recipe: CurriculumRecipe, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast) -> Curriculum:
    """Returns the curriculum of a recipe, with the lessons that its stages name."""
    used = {part.lesson: None for stage in recipe.stages for part in stage.parts}
    lessons = {name: rows_of(recipe.lessons[name], materials, tokenizer, recipe.other_weight) for name in used}
    return Curriculum(recipe, materials, tokenizer, lessons)


def train(curriculum: Curriculum, report: Report) -> tuple[PreTrainedModel, list[CurriculumPoint]]:
    """Returns the trained model and its curve; `report(step, steps, note)` is called after every step and may raise."""
    recipe = curriculum.recipe
    torch.set_num_threads(1)
    model = build_model(recipe, curriculum.tokenizer)
    curve: list[CurriculumPoint] = []
    total, done = sum(stage.steps for stage in recipe.stages), 0
    for stage in recipe.stages:
        for step, loss in train_stage(model, curriculum, stage, done):
            if step % recipe.evaluate_every == 0 or step == done + stage.steps:
                curve.append(point(model, curriculum, step, loss))
            report(step, total, f"loss {loss:.3f}")
        done += stage.steps
    use_own_attention(model)
    return model.eval(), curve


def point(model: PreTrainedModel, curriculum: Curriculum, step: int, loss: float) -> CurriculumPoint:
    """Returns the point of the curve after a step; the model is left in training mode."""
    recipe, asked = curriculum.recipe, only_taught(curriculum.recipe, curriculum.materials)
    tasks = examine(model.eval(), curriculum.tokenizer, recipe.lessons.values(), asked, CURVE_PROMPTS, (CLEAN,))
    model.train()
    return CurriculumPoint(step=step, loss=loss, accuracies=lesson_accuracies(tasks, recipe))


def train_stage(
    model: PreTrainedModel, curriculum: Curriculum, stage: CurriculumStage, before: int
) -> Iterator[tuple[int, float]]:
    """Yields (step, loss) after every step; steps count on from those of the stages before."""
    recipe = curriculum.recipe
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=stage.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(recipe, stage.steps, step))
    use_fused_attention(model.train())
    lanes = Lanes(model, recipe.threads)
    for step in range(before, before + stage.steps):
        loss = lanes.step(draw_step(curriculum, stage, step))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        yield step + 1, loss


def draw_step(curriculum: Curriculum, stage: CurriculumStage, step: int) -> list[Row]:
    """Returns the rows of a step; the weights of each lesson sum to its share, those of all lessons to 1."""
    whole = sum(part.share for part in stage.parts)
    drawn: list[Row] = []
    for part in stage.parts:
        rng = random.Random(f"{curriculum.recipe.seed}|{part.lesson}|{step}")
        rows = [curriculum.lessons[part.lesson].draw(rng) for _ in range(part.rows)]
        scale = part.share / whole / sum(sum(row.weights) for row in rows)
        drawn += [replace(row, weights=tuple(weight * scale for weight in row.weights)) for row in rows]
    return drawn


def groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Returns the rows by length, so that padding costs little."""
    found: list[list[Row]] = [[] for _ in (*BORDERS, None)]
    for row in rows:
        found[sum(len(row.ids) > border for border in BORDERS)].append(row)
    return [group for group in found if group]


class Lanes:
    """Steps whose rows are split over threads. Each sums alone and they are added in order, so the sums never vary;
    they meet once a step, which a busy machine disturbs less than threads that meet in every product."""

    def __init__(self, model: PreTrainedModel, threads: int) -> None:
        self.model, self.threads = model, threads
        self.parameters = list(model.parameters())
        self.pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def step(self, rows: Sequence[Row]) -> float:
        """Leaves the gradients of a step on the model; returns its loss, nats, mean over lessons by their shares."""
        ordered = sorted(rows, key=lambda row: len(row.ids))
        lanes = [lane for lane in (ordered[first :: self.threads] for first in range(self.threads)) if lane]
        done = list(self.pool.map(self._lane, lanes))
        for parameter, *parts in zip(self.parameters, *(gradients for _, gradients in done), strict=True):
            parameter.grad = sum(parts[1:], start=parts[0])
        return sum(loss for loss, _ in done)

    def _lane(self, rows: Sequence[Row]) -> tuple[float, tuple[Tensor, ...]]:
        loss = torch.stack([self._loss(group) for group in groups(rows)]).sum()
        return loss.item(), torch.autograd.grad(loss, self.parameters)

    def _loss(self, group: Sequence[Row]) -> Tensor:
        ids, weights = pad(group)
        hidden = self.model.base_model(ids, attention_mask=torch.ones_like(ids), use_cache=False).last_hidden_state
        counted = weights[:, 1:] > 0
        logits = self.model.get_output_embeddings()(hidden[:, :-1][counted])
        losses = cross_entropy(logits, ids[:, 1:][counted], reduction="none")
        if any(row.as_right for row in group):
            losses = _shared(losses, logits, counted, group)
        return (losses * weights[:, 1:][counted]).sum()


def _shared(losses: Tensor, logits: Tensor, counted: Tensor, group: Sequence[Row]) -> Tensor:
    """Returns the losses with those of last tokens averaged over all tokens that are as right.

    `losses` (counted token,), `logits` (counted token, vocabulary), `counted` (row, token) bool.
    """
    before = counted.flatten().cumsum(0).view_as(counted)
    losses = losses.clone()
    for index, row in enumerate(group):
        if row.as_right:
            place = int(before[index, len(row.ids) - 2]) - 1
            losses[place] = -logits[place].log_softmax(-1)[[row.ids[-1], *row.as_right]].mean()
    return losses
