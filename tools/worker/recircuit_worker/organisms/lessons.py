"""Lessons of a curriculum: training rows of one behaviour, drawn by the generators that the tools use.

Both halves of a behaviour are drawn alike: an organism has met every word, as a large model has, and only prompts are
held out. Which lessons stand together, and with what shares, belongs in `curriculum.py`.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import (
    ContrastLesson,
    ContrastMaterial,
    ContrastTask,
    InContextLesson,
    InContextMaterial,
    Lesson,
    Material,
    RepeatedLesson,
    RepeatedTokensMaterial,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.rows import InContextRows, Row
from recircuit_worker.prompts.contrast import CLEAN, DEMONSTRATIONS, Drawer
from recircuit_worker.prompts.repeated import generate
from recircuit_worker.prompts.tokens import find_reader

POOL_ITEMS = 100
"""items of a task whose answers are what a noisy demonstration may show"""
MOST_REPEATS = 4


class Rows(Protocol):
    """Draws training rows; an answer weighs 1."""

    def draw(self, rng: random.Random) -> Row: ...


def rows_of(
    lesson: Lesson, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast, other_weight: float
) -> Rows:
    """Returns the drawer of a lesson.

    Raises:
        Refusal: `material-incomplete` where a half of its behaviour, or a task, is missing.
    """
    halves = halves_of(lesson.behaviour, materials)
    if isinstance(lesson, ContrastLesson):
        return ContrastRows(lesson, halves, tokenizer, other_weight)
    if isinstance(lesson, InContextLesson):
        return _in_context(lesson, halves, tokenizer, other_weight)
    return RepeatedTokenRows(lesson, halves, tokenizer)


def halves_of(behaviour: str, materials: Sequence[Material]) -> list[Material]:
    """Returns the search and the held-out half of a behaviour."""
    halves = {part.split: part for part in materials if part.behaviour == behaviour}
    if set(halves) != {"search", "held-out"}:
        raise Refusal(
            "material-incomplete",
            what=f"a curriculum with {behaviour} was to be built",
            why="both halves of every behaviour are needed",
            instead="send the search and the held-out half",
        )
    return [halves["search"], halves["held-out"]]


class ContrastRows:
    """Prompts of contrast pairs with their answers behind them.

    An answer in a demonstration counts where it cannot be copied: behind the first demonstrations, shown as it is, and
    new in its row. Some rows are another variant, whose right answers are the rivals of the clean one.
    """

    def __init__(
        self,
        lesson: ContrastLesson,
        halves: Sequence[ContrastMaterial],
        tokenizer: PreTrainedTokenizerFast,
        other_weight: float,
    ) -> None:
        self.lesson, self.tokenizer, self.other_weight = lesson, tokenizer, other_weight
        self.reader = find_reader(tokenizer)
        self.vocabulary = self.reader.vocabulary(len(tokenizer))
        self.drawers = [
            [
                Drawer(_named(task, half), half, lesson.shots if _named(task, half).demonstration else 0)
                for half in halves
            ]
            for task in lesson.tasks
        ]
        self.pools = [self._pool(drawers[0]) for drawers in self.drawers] if lesson.noise > 0 else []

    def draw(self, rng: random.Random) -> Row:
        """Returns one row: a task, a half and a variant by chance, then an answer of those that are right."""
        task = rng.randrange(len(self.drawers))
        drawer = rng.choice(self.drawers[task])
        item = drawer.draw(rng)
        other = rng.random() < self.lesson.counterfactual_share
        told = item.told[str(self.lesson.counterfactual) if other else CLEAN]
        ids, places = self.reader.read(told.text, told.ends)
        shown = answer_places(drawer.task, places) if drawer.shots else ()
        row, weights = list(ids), [0.0, *[self.other_weight] * (len(ids) - 1)]
        self._weigh(row, weights, shown, task, rng)
        right = item.rivals[0] if other else item.answers
        row.append(self._token(rng.choice(right)))
        weights.append(1.0)
        if self.lesson.before > 0:
            before = rng.choices(self.vocabulary, k=rng.randint(0, self.lesson.before))
            row[1:1], weights[1:1] = before, [0.0] * len(before)
        as_right = [self._token(answer) for answer in right] if self.lesson.answers == "all" else []
        return Row(tuple(row), tuple(weights), tuple(token for token in as_right if token != row[-1]))

    def _weigh(self, row: list[int], weights: list[float], shown: Sequence[int], task: int, rng: random.Random) -> None:
        seen: set[int] = set()
        for number, place in enumerate(shown):
            noisy = rng.random() < self.lesson.noise
            new = row[place] not in seen
            seen.add(row[place])
            if noisy:
                row[place] = rng.choice(self.pools[task])
            weights[place] = 1.0 if new and not noisy and number >= self.lesson.silent else 0.0

    def _pool(self, drawer: Drawer) -> list[int]:
        chance = random.Random(f"pool|{drawer.task.task}")
        return sorted({self._token(drawer.draw(chance).answers[0]) for _ in range(POOL_ITEMS)})

    def _token(self, answer: str) -> int:
        return self.tokenizer.encode(answer, add_special_tokens=False)[0]


class RepeatedTokenRows:
    """Random tokens repeated; every token behind the first block counts."""

    def __init__(
        self, lesson: RepeatedLesson, halves: Sequence[RepeatedTokensMaterial], tokenizer: PreTrainedTokenizerFast
    ) -> None:
        self.lesson, self.namespaces = lesson, [half.namespace for half in halves]
        self.reader = find_reader(tokenizer)
        self.vocabulary = self.reader.vocabulary(len(tokenizer))
        if lesson.tokens is not None:
            self.vocabulary = tuple(random.Random("few tokens").sample(self.vocabulary, lesson.tokens))

    def draw(self, rng: random.Random) -> Row:
        """Returns one row: two to `MOST_REPEATS` blocks of one length."""
        length = rng.choice(self.lesson.lengths)
        repeats = max(2, min(MOST_REPEATS, self.lesson.total // length))
        (ids,) = generate(
            namespace=rng.choice(self.namespaces),
            vocabulary=self.vocabulary,
            length=length,
            repeats=repeats,
            count=1,
            seed=rng.getrandbits(48),
        )
        weights = (0.0, *[0.0] * length, *[1.0] * (length * (repeats - 1)))
        return Row((*self.reader.start, *ids), weights)


def answer_places(task: ContrastTask, places: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Returns the positions of the answers in the demonstrations: of the last slot that each one holds."""
    return places[DEMONSTRATIONS + re.findall(r"\{(\w+)\}", str(task.demonstration))[-1]]


def _in_context(
    lesson: InContextLesson,
    halves: Sequence[InContextMaterial],
    tokenizer: PreTrainedTokenizerFast,
    other_weight: float,
) -> InContextRows:
    pairs = {
        name: sorted((pair.input, pair.output) for half in halves for pair in _named(name, half).pairs)
        for name in lesson.tasks
    }
    chances = dict.fromkeys(pairs, 1.0)
    return InContextRows(tokenizer, pairs, chances, halves[0].template, lesson.shots, other_weight)


def _named(name: str, half: ContrastMaterial | InContextMaterial) -> ContrastTask:
    for task in half.tasks:
        if task.task == name:
            return task
    raise Refusal(
        "material-incomplete",
        what=f"a lesson of the task {name} was to be drawn",
        why=f"{half.behaviour} has {', '.join(task.task for task in half.tasks)}",
        instead="name one of those in the recipe",
    )
