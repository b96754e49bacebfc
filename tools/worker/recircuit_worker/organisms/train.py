"""Training of an organism from its recipe: data, steps, curve. What is written to disk is decided in `build.py`.

Deterministic on one machine type: every step draws its rows from (seed, step) alone, and the number of threads, which
orders floating-point sums, is part of the recipe.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.contract import (
    CurriculumRecipe,
    CurvePoint,
    InContextMaterial,
    OrganismRecipe,
    OrganismTask,
    TrainingStage,
)
from recircuit_worker.organisms.measure import repeated_accuracy, task_accuracies
from recircuit_worker.organisms.model import build_model, use_fused_attention, use_own_attention
from recircuit_worker.organisms.rows import InContextRows, RepeatedRows, Row, by_length, pad
from recircuit_worker.organisms.words import build_tokenizer
from recircuit_worker.prompts.in_context import segments

SHORT_ROW = 84
"""Tokens; longer rows (three-word inputs) are padded apart from the short ones."""
CURVE_PROMPTS = 24
CARD_PROMPTS = 100
REPEATED_LENGTH = 36

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Curriculum:
    """What an organism is trained on, made once per build."""

    tokenizer: PreTrainedTokenizerFast
    held_out: InContextMaterial
    tasks: dict[str, list[tuple[str, str]]]
    """the trained tasks, with the pairs of both halves"""
    shared: set[str]
    repeated: RepeatedRows

    def in_context(self, recipe: OrganismRecipe, stage: TrainingStage) -> InContextRows:
        """Returns the drawer of in-context rows of a stage."""
        weights = {name: stage.shared_weight if name in self.shared else 1.0 for name in self.tasks}
        return InContextRows(
            self.tokenizer, self.tasks, weights, self.held_out.template, recipe.shots, recipe.other_weight
        )


def prepare(recipe: OrganismRecipe, search: InContextMaterial, held_out: InContextMaterial) -> Curriculum:
    """Joins both halves: an organism has met every word, as a large model has; only prompts are held out."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for half in (search, held_out):
        for task in half.tasks:
            pairs.setdefault(task.task, []).extend((pair.input, pair.output) for pair in task.pairs)
    pairs = {
        name: sorted(pairs[name]) for name in sorted(pairs)
    }  # so that weights do not depend on the order of a file
    demonstrations = [pair for listed in pairs.values() for pair in listed]
    tokenizer = build_tokenizer(text for text, _ in segments(demonstrations, demonstrations[0][0], search.template))
    trained = list(pairs) if recipe.tasks is None else sorted(recipe.tasks)
    return Curriculum(
        tokenizer,
        held_out,
        {name: pairs[name] for name in trained},
        shared_output_tasks(pairs, {task.task: task.domain for task in held_out.tasks}),
        RepeatedRows(tokenizer, recipe.repeated_lengths, recipe.repeated_total, 1.0),
    )


def shared_output_tasks(pairs: dict[str, list[tuple[str, str]]], domains: dict[str, str]) -> set[str]:
    """Returns the tasks at least half of whose outputs are outputs of another task of the same domain.

    On these the label words do not give the task away, so a model needs the demonstrations' mapping.
    """
    outputs = {name: {produced for _, produced in listed} for name, listed in pairs.items()}
    return {
        name
        for name, own in outputs.items()
        for other, theirs in outputs.items()
        if other != name and domains[other] == domains[name] and 2 * len(own & theirs) >= len(own)
    }


def train(recipe: OrganismRecipe, curriculum: Curriculum, report: Report) -> tuple[PreTrainedModel, list[CurvePoint]]:
    """Returns the trained model and its curve; `report(step, steps, note)` is called after every step and may raise."""
    torch.set_num_threads(recipe.threads)
    model = build_model(recipe, curriculum.tokenizer)
    curve: list[CurvePoint] = []
    total, done = sum(stage.steps for stage in recipe.stages), 0
    for stage in recipe.stages:
        for step, loss in _stage(model, recipe, stage, curriculum, done):
            if step % recipe.evaluate_every == 0 or step == done + stage.steps:
                curve.append(_point(model.eval(), curriculum, recipe, step, loss))
                model.train()
            report(step, total, f"loss {loss:.3f}" + (f", 10-shot {curve[-1].ten_shot:.3f}" if curve else ""))
        done += stage.steps
    use_own_attention(model)
    return model.eval(), curve


def _stage(
    model: PreTrainedModel, recipe: OrganismRecipe, stage: TrainingStage, curriculum: Curriculum, before: int
) -> Iterator[tuple[int, float]]:
    """Yields (step, loss) after every step; steps count on from those of the stages before."""
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=stage.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(recipe, stage.steps, step))
    in_context = curriculum.in_context(recipe, stage)
    repeated = curriculum.repeated.weighing(stage.repeated_weight)
    use_fused_attention(model)
    for step in range(stage.steps):
        if step == stage.steps - stage.own_attention_steps:
            use_own_attention(model)
        rng = random.Random(f"{recipe.seed}|{before + step}")
        rows = [in_context.draw(rng) for _ in range(stage.in_context_rows)]
        rows += [repeated.draw(rng) for _ in range(stage.repeated_rows)]
        loss = _step(model, rows)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        yield before + step + 1, loss


def rate(recipe: OrganismRecipe | CurriculumRecipe, steps: int, step: int) -> float:
    """Returns the learning rate of a step as a share of the peak: linear warm-up, then a cosine to `final_share`."""
    warm = min(1.0, (step + 1) / recipe.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, steps)))
    return warm * (recipe.final_share + (1 - recipe.final_share) * cosine)


def card_tasks(model: PreTrainedModel, curriculum: Curriculum, shots: int) -> list[OrganismTask]:
    """Returns every task's accuracies on prompts of the held-out half, for the card."""
    names = [task.task for task in curriculum.held_out.tasks]
    scores = {
        variant: task_accuracies(model, curriculum.tokenizer, curriculum.held_out, names, variant, shots, CARD_PROMPTS)
        for variant in ("clean", "shuffled", "zero-shot")
    }
    return [
        OrganismTask(
            task=name,
            ten_shot=scores["clean"][name],
            shuffled=scores["shuffled"][name],
            zero_shot=scores["zero-shot"][name],
        )
        for name in names
    ]


def _step(model: PreTrainedModel, rows: list[Row]) -> float:
    """Leaves the gradients of one step on the model and returns its loss, nats per unit of weight."""
    total = sum(sum(row.weights) for row in rows)
    loss = 0.0
    for group in by_length(rows, SHORT_ROW):
        ids, weights = pad(group)
        logits = model(ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[:, :-1]
        losses = cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        part = (losses * weights[:, 1:]).sum() / total
        part.backward()
        loss += part.item()
    return loss


def _point(
    model: PreTrainedModel, curriculum: Curriculum, recipe: OrganismRecipe, step: int, loss: float
) -> CurvePoint:
    def mean(variant: str) -> float:
        scores = task_accuracies(
            model,
            curriculum.tokenizer,
            curriculum.held_out,
            list(curriculum.tasks),
            variant,
            recipe.shots,
            CURVE_PROMPTS,
        )
        return sum(scores.values()) / len(scores)

    repeated = repeated_accuracy(model, curriculum.repeated, REPEATED_LENGTH, CURVE_PROMPTS)
    return CurvePoint(
        step=step,
        loss=loss,
        ten_shot=mean("clean"),
        shuffled=mean("shuffled"),
        zero_shot=mean("zero-shot"),
        repeated=repeated if any(stage.repeated_rows for stage in recipe.stages) else None,
    )
