"""Contrast pairs as tokens, and which of them a tokenizer can express.

A pair is used where every answer and rival is one token, all words are known, and clean prompt and counterfactuals
have their slots at the same positions and some token that differs. Others are passed over and counted; a task of which
none is left is refused.
"""

import difflib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from recircuit_worker.contract import ContrastMaterial, ContrastPrompts, ContrastTask, PassedOver, UnscorableTask
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.contrast import CLEAN, ContrastText, Drawer
from recircuit_worker.prompts.tokens import Reader

START, END = "START", "END"
"""names of the first token of a prompt, be it a beginning-of-text token or not, and of the last, where the answer is
scored"""
LEAST_OF_SET = 0.8
"""share of a set of answers that must be one token each; the others are left out of it (a year that is a token of its
own joins with its century). A single answer always must"""
MISSES = 200
"""draws in a row that a tokenizer cannot express, before a task is called inexpressible"""


@dataclass(frozen=True)
class ContrastItem:
    """One pair as tokens. All variants have the same length and the same positions."""

    task: str
    text: ContrastText
    ids: Mapping[str, tuple[int, ...]]
    """by variant"""
    answers: tuple[int, ...]
    rivals: tuple[int, ...]
    positions: Mapping[str, tuple[int, ...]]
    """by slot, the token in which it ends; one for each demonstration, or one"""
    placed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """as `positions`: slots that stand in the clean query under the name of one of kind nth"""
    shots: int = 0
    """demonstrations"""

    def prompt(self, variant: str) -> TokenPrompt:
        """Returns a variant, scored at its end; the target is -1 where several answers are right."""
        ids = self.ids[variant]
        return TokenPrompt(ids, (len(ids) - 1,), (self.answers[0] if len(self.answers) == 1 else -1,))


@dataclass(frozen=True)
class DrawnTask:
    """The items of a task, and what was passed over on the way."""

    items: tuple[ContrastItem, ...]
    passed_over: Counter[str]


def draw_task(task: ContrastTask, recipe: ContrastPrompts, material: ContrastMaterial, reader: Reader) -> DrawnTask:
    """Returns `count` items. Item i depends on (behaviour, task, shots, seed, i), the half and the tokenizer alone.

    Raises:
        Refusal: `no-single-step-answers` where the tokenizer cannot express the task; `unknown-counterfactual`,
            `no-demonstrations`; those of `Drawer`.
    """
    drawer = Drawer(task, material, _shots(task, recipe))
    for variant in (recipe.variant, recipe.counterfactual or CLEAN):
        check_variant(variant, list(drawer.worlds), task.task)
    found: list[ContrastItem] = []
    passed_over: Counter[str] = Counter()
    for index in range(recipe.count):
        rng = random.Random(f"{material.behaviour}|{task.task}|{drawer.shots}|{recipe.seed}|{index}")
        found.append(_expressible(drawer, rng, reader, passed_over))
    return DrawnTask(tuple(found), passed_over)


def other_variant(variant: str, counterfactual: str | None, items: Sequence[ContrastItem]) -> str:
    """Returns the variant that is held against `variant`; None: clean, and for clean the only counterfactual there is.

    Raises:
        Refusal: `which-counterfactual`, `no-counterfactual` for the variant itself; that of `check_variant`.
    """
    if counterfactual is None and variant != CLEAN:
        return CLEAN
    known = {name: None for item in items for name in item.ids if name != CLEAN}
    if counterfactual is None and len(known) > 1:
        raise Refusal(
            "which-counterfactual",
            what="the counterfactuals of clean prompts were asked for",
            why=f"there are several: {', '.join(known)}",
            instead="name one as `counterfactual` of the prompts",
        )
    chosen = counterfactual or next(iter(known))
    for item in items:
        check_variant(chosen, list(item.ids), item.task)
    if chosen == variant:
        raise Refusal(
            "no-counterfactual",
            what=f"{variant} prompts were to be held against themselves",
            why="the same outputs would be put back",
            instead="name another variant as `counterfactual`",
        )
    return chosen


def passed_over_of(tasks: Mapping[str, DrawnTask]) -> tuple[PassedOver, ...]:
    """Returns what was passed over, most frequent first within a task."""
    return tuple(
        PassedOver(task, why, pairs) for task, drawn in tasks.items() for why, pairs in drawn.passed_over.most_common()
    )


class Inexpressible(Refusal):
    """A task of which this tokenizer can express no pair."""

    def __init__(self, task: str, why: str) -> None:
        super().__init__(
            "no-single-step-answers",
            what=f"contrast pairs of {task} were asked for",
            why=f"this tokenizer could express none of {MISSES}: {why}",
            instead="leave the task out, or use another model",
        )

    def unscorable(self, task: str) -> UnscorableTask:
        return UnscorableTask(task, self.why)


def _expressible(drawer: Drawer, rng: random.Random, reader: Reader, passed_over: Counter[str]) -> ContrastItem:
    misses: Counter[str] = Counter()
    for _ in range(MISSES):
        item = read_item(drawer.task.task, drawer.draw(rng), reader)
        if isinstance(item, ContrastItem):
            passed_over.update(misses)
            return replace(item, shots=drawer.shots)
        misses[item] += 1
    raise Inexpressible(drawer.task.task, misses.most_common(1)[0][0])


def read_item(task: str, text: ContrastText, reader: Reader) -> ContrastItem | str:
    """Returns the item as tokens, or why this tokenizer cannot express it."""
    unknown = reader.tokenizer.unk_token_id
    read = {variant: reader.read(told.text, told.ends) for variant, told in text.told.items()}
    clean = read[CLEAN]
    if any(unknown is not None and unknown in ids for ids, _ in read.values()):
        return "it does not know all words of the prompt"
    for ids, positions in read.values():
        if len(ids) != len(clean[0]) or positions != clean[1]:
            return "the words that are exchanged have different numbers of tokens, so that the pair is not aligned"
    for variant, (ids, _) in read.items():
        if variant != CLEAN and ids == clean[0]:
            return f"no token differs between the clean prompt and {variant}"
    groups = []
    for texts in (text.answers, *text.rivals):
        tokens = [_token(answer, text, reader) for answer in texts]
        left = list(dict.fromkeys(token for token in tokens if token is not None))
        if len(left) < LEAST_OF_SET * len(texts):
            return "an answer or rival is not one token of its own, the same behind every variant"
        groups.append(left)
    answers, rivals = tuple(groups[0]), tuple(dict.fromkeys(token for group in groups[1:] for token in group))
    if set(answers) & set(rivals):
        return "an answer and a rival are the same token"
    ids = {variant: ids for variant, (ids, _) in read.items()}
    placed = reader.read(text.told[CLEAN].text, text.placed)[1] if text.placed else {}
    positions = {**clean[1], START: (0,), END: (len(clean[0]) - 1,)}
    return ContrastItem(task, text, ids, answers, rivals, positions, placed)


def _token(answer: str, text: ContrastText, reader: Reader) -> int | None:
    """Returns the one token that an answer is behind every variant."""
    found = {reader.only_answer_token(told.text, answer) for told in text.told.values()}
    token = found.pop()
    return None if found or token == reader.tokenizer.unk_token_id else token


def _shots(task: ContrastTask, recipe: ContrastPrompts) -> int:
    if recipe.shots is None or recipe.shots == 0:
        return task.shots if recipe.shots is None else 0
    if task.demonstration is None:
        raise Refusal(
            "no-demonstrations",
            what=f"{recipe.shots} demonstrations were asked for in prompts of {task.task}",
            why="its pattern has none",
            instead="leave shots out",
        )
    return recipe.shots


def check_variant(variant: str, known: Sequence[str], task: str) -> None:
    """Returns if a task has this variant.

    Raises:
        Refusal: `unknown-counterfactual`.
    """
    if variant in known:
        return
    near = difflib.get_close_matches(variant, known, n=1)
    raise Refusal(
        "unknown-counterfactual",
        what=f"the variant {variant} of {task} was asked for",
        why=f"it has {', '.join(known)}",
        instead=f"ask for {near[0] if near else CLEAN}",
    )
