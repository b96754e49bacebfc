"""Accuracies of an organism on the behaviours of its vocabulary, for its curve and card. Verdicts never read these.

All prompts are of the held-out halves. A counterfactual is asked where a lesson taught it, with the rivals as the right
answers; `one-noisy` are clean prompts in which one demonstration shows another prompt's answer.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

import torch
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.contract import (
    ContrastLesson,
    ContrastMaterial,
    ContrastPrompts,
    ContrastTask,
    CurriculumRecipe,
    CurriculumTask,
    InContextLesson,
    InContextMaterial,
    Lesson,
    Material,
)
from recircuit_worker.organisms.lessons import answer_places
from recircuit_worker.organisms.measure import CURVE_SEED, repeated_accuracy, task_accuracies
from recircuit_worker.organisms.rows import RepeatedRows
from recircuit_worker.prompts.contrast import CLEAN
from recircuit_worker.prompts.contrast_set import ContrastItem, Inexpressible, draw_task
from recircuit_worker.prompts.tokens import find_reader

SHOTS = 10
"""demonstrations of in-context prompts"""
BLOCK = 50
"""tokens of the block that is repeated once"""
REPEATED = "repeated"
"""name of the one task of random tokens"""
NOISY = "one-noisy"
IN_CONTEXT = (CLEAN, "shuffled", "zero-shot")
"""variants of in-context prompts"""

Asked = tuple[tuple[int, ...], frozenset[int]]
"""a prompt, and the next tokens that are right"""


def examine(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    taught_by: Collection[Lesson],
    materials: Sequence[Material],
    count: int,
    variants: Sequence[str] = IN_CONTEXT,
) -> list[CurriculumTask]:
    """Returns the accuracy of every task of these materials that the tokenizer can express, taught or not."""
    found: list[CurriculumTask] = []
    for half in (each for each in materials if each.split == "held-out"):
        lessons = [lesson for lesson in taught_by if lesson.behaviour == half.behaviour]
        if isinstance(half, InContextMaterial):
            found += _in_context(model, tokenizer, half, count, variants)
        elif isinstance(half, ContrastMaterial):
            found += [row for task in half.tasks for row in _contrast(model, tokenizer, half, task, lessons, count)]
        else:
            rows = RepeatedRows(tokenizer, (BLOCK,), 2 * BLOCK, 1.0)
            found.append(CurriculumTask(half.behaviour, REPEATED, CLEAN, repeated_accuracy(model, rows, BLOCK, count)))
    return found


def lesson_accuracies(tasks: Sequence[CurriculumTask], recipe: CurriculumRecipe) -> dict[str, float]:
    """Returns lesson -> mean accuracy on clean prompts of its tasks."""
    clean = {(row.behaviour, row.task): row.accuracy for row in tasks if row.variant == CLEAN}
    return {
        name: _mean([clean[lesson.behaviour, task] for task in taught(lesson)])
        for name, lesson in recipe.lessons.items()
    }


def only_taught(recipe: CurriculumRecipe, materials: Sequence[Material]) -> list[Material]:
    """Returns the materials with the tasks of the lessons alone."""
    wanted = {(lesson.behaviour, task) for lesson in recipe.lessons.values() for task in taught(lesson)}
    narrowed = []
    for material in materials:
        if isinstance(material, ContrastMaterial | InContextMaterial):
            tasks = tuple(task for task in material.tasks if (material.behaviour, task.task) in wanted)
            narrowed += [replace(material, tasks=tasks)] if tasks else []
        elif (material.behaviour, REPEATED) in wanted:
            narrowed.append(material)
    return narrowed


def taught(lesson: Lesson) -> tuple[str, ...]:
    """Returns the tasks of a lesson."""
    return lesson.tasks if isinstance(lesson, ContrastLesson | InContextLesson) else (REPEATED,)


def _in_context(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    half: InContextMaterial,
    count: int,
    variants: Sequence[str],
) -> list[CurriculumTask]:
    names = [task.task for task in half.tasks]
    return [
        CurriculumTask(half.behaviour, task, variant, accuracy)
        for variant in variants
        for task, accuracy in task_accuracies(model, tokenizer, half, names, variant, SHOTS, count).items()
    ]


def _contrast(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    half: ContrastMaterial,
    task: ContrastTask,
    lessons: Sequence[Lesson],
    count: int,
) -> list[CurriculumTask]:
    mine = [lesson for lesson in lessons if isinstance(lesson, ContrastLesson) and task.task in lesson.tasks]
    items = _items(tokenizer, half, task, count)
    if not items:
        return []
    asked = {CLEAN: [(item.ids[CLEAN], frozenset(item.answers)) for item in items]}
    for lesson in mine:
        if lesson.counterfactual is not None:
            other = lesson.counterfactual
            asked[other] = [(item.ids[other], frozenset(item.rivals)) for item in items]
        if lesson.noise > 0:
            asked[NOISY] = [_noisy(items, index, task) for index in range(len(items))]
    return [CurriculumTask(half.behaviour, task.task, variant, _right(model, rows)) for variant, rows in asked.items()]


def _items(
    tokenizer: PreTrainedTokenizerFast, half: ContrastMaterial, task: ContrastTask, count: int
) -> Sequence[ContrastItem]:
    """Returns the items that `measure_behaviour` asks with this seed; none where the tokenizer can express none."""
    recipe = ContrastPrompts(
        "contrast-pairs", (task.task,), CLEAN, task.counterfactuals[0].name, None, count, CURVE_SEED
    )
    try:
        return draw_task(task, recipe, half, find_reader(tokenizer)).items
    except Inexpressible:
        return ()


def _noisy(items: Sequence[ContrastItem], index: int, task: ContrastTask) -> Asked:
    """Returns a clean prompt, one of whose demonstrations shows an answer that is not its own."""
    item, rng = items[index], random.Random(f"noisy|{CURVE_SEED}|{index}")
    ids = list(item.ids[CLEAN])
    place = rng.choice(answer_places(task, item.positions))
    ids[place] = rng.choice([other.answers[0] for other in items if other.answers[0] != ids[place]])
    return tuple(ids), frozenset(item.answers)


def _right(model: PreTrainedModel, asked: Sequence[Asked]) -> float:
    rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids, _ in asked], batch_first=True)
    with torch.inference_mode():
        logits = model(rows, attention_mask=torch.ones_like(rows)).logits
    best = [int(logits[index, len(ids) - 1].argmax()) for index, (ids, _) in enumerate(asked)]
    return _mean([token in right for token, (_, right) in zip(best, asked, strict=True)])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
