"""The prompts of one call: a recipe and material turned into token ids with their targets, and a hash of all of it."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor

from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import (
    ContrastMaterial,
    ContrastPrompts,
    ContrastTask,
    InContextMaterial,
    InContextPrompts,
    Material,
    PassedOver,
    RepeatedPrompts,
    RepeatedTokensMaterial,
    Task,
    UnscorableTask,
)
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts import in_context, repeated
from recircuit_worker.prompts.contrast_set import (
    ContrastItem,
    DrawnTask,
    Inexpressible,
    draw_task,
    other_variant,
    passed_over_of,
)
from recircuit_worker.prompts.in_context import InContextPrompt
from recircuit_worker.prompts.tokens import Reader, why_unscorable

FIRST_BLOCK, LATER_BLOCKS = "first-block", "later-blocks"


@dataclass(frozen=True)
class Group:
    """Prompts (rows) and scored positions (columns) that are reported as one row: a task, or blocks of a sequence."""

    name: str
    rows: range
    columns: tuple[int, ...]

    def mean(self, values: Tensor) -> float:
        """Returns the mean of (prompt,) values over the rows."""
        return float(values[self.rows.start : self.rows.stop].double().mean())


@dataclass(frozen=True)
class PromptSet:
    """What a tool measures. Groups of in-context prompts are its tasks, in the order asked."""

    recipe: InContextPrompts | RepeatedPrompts | ContrastPrompts
    prompts: tuple[TokenPrompt, ...]
    groups: tuple[Group, ...]
    texts: tuple[InContextPrompt, ...]
    """in-context prompts as words, prompt by prompt; else empty"""
    items: tuple[ContrastItem, ...] = ()
    """contrast pairs, prompt by prompt; else empty"""
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the token ids."""
        return hash_of([list(prompt.ids) for prompt in self.prompts])

    @property
    def names(self) -> list[str]:
        return [group.name for group in self.groups]

    @property
    def group_of(self) -> list[int]:
        """The group of each prompt. For in-context prompts, where groups do not share prompts."""
        return [index for index, group in enumerate(self.groups) for _ in group.rows]

    def chosen(self, rows: Sequence[int]) -> "PromptSet":
        """Returns these prompts, in this order, in the place of all; the groups stay."""
        items = tuple(self.items[row] for row in rows) if self.items else ()
        return replace(self, prompts=tuple(self.prompts[row] for row in rows), texts=(), items=items)

    def told(self, counterfactual: str | None) -> "PromptSet":
        """Returns the same contrast pairs in another variant; None: clean, and for clean its only counterfactual.

        Raises:
            Refusal: `which-counterfactual`, `unknown-counterfactual`, `no-counterfactual` for the variant itself.
        """
        assert isinstance(self.recipe, ContrastPrompts)
        variant = other_variant(self.recipe.variant, counterfactual, self.items)
        prompts = tuple(item.prompt(variant) for item in self.items)
        return replace(self, recipe=replace(self.recipe, variant=variant, counterfactual=None), prompts=prompts)


def in_context_set(recipe: InContextPrompts, material: InContextMaterial, reader: Reader) -> PromptSet:
    """Returns `count` prompts of each task, the tasks one after the other. Unscorable prompts get the target -1.

    Raises:
        Refusal: `unknown-task`, `task-twice`, `too-few-pairs`.
    """
    texts = [
        prompt
        for task in find_tasks(recipe.tasks, material)
        for prompt in in_context.generate(
            behaviour=material.behaviour,
            task=task.task,
            pairs=[(pair.input, pair.output) for pair in task.pairs],
            template=material.template,
            variant=recipe.variant,
            shots=recipe.shots,
            count=recipe.count,
            seed=recipe.seed,
        )
    ]
    groups = (Group(t, range(i * recipe.count, (i + 1) * recipe.count), (0,)) for i, t in enumerate(recipe.tasks))
    return PromptSet(recipe, tuple(_token_prompt(text, reader) for text in texts), tuple(groups), tuple(texts))


def contrast_set(
    recipe: ContrastPrompts, material: ContrastMaterial, reader: Reader, *, scored: bool
) -> tuple[PromptSet, tuple[UnscorableTask, ...]]:
    """Returns one variant of `count` contrast pairs of each task, the tasks one after the other.

    Args:
        scored: whether a task that this tokenizer cannot express is refused, instead of being left out and named.

    Raises:
        Refusal: `unknown-task`, `task-twice`, `no-single-step-answers` (always, where no task is left); those of
            `draw_task`.
    """
    drawn: dict[str, DrawnTask] = {}
    left_out: list[UnscorableTask] = []
    for task in _named(recipe.tasks, material.tasks, material.behaviour):
        try:
            drawn[task.task] = draw_task(task, recipe, material, reader)
        except Inexpressible as refusal:
            left_out.append(refusal.unscorable(task.task))
            if scored or len(left_out) == len(recipe.tasks):
                raise
    items = tuple(item for task in drawn.values() for item in task.items)
    groups = (Group(t, range(i * recipe.count, (i + 1) * recipe.count), (0,)) for i, t in enumerate(drawn))
    prompts = tuple(item.prompt(recipe.variant) for item in items)
    return PromptSet(recipe, prompts, tuple(groups), (), items, passed_over_of(drawn)), tuple(left_out)


def repeated_set(
    recipe: RepeatedPrompts,
    material: Material,
    reader: Reader,
    vocabulary_size: int,
) -> PromptSet:
    """Returns `count` sequences; they need a vocabulary and no words, so any behaviour's worker can make them.

    First block: its tokens, chance. Later blocks: all but the first token of the second block, since nothing before it
    says that a repetition begins.

    Raises:
        Refusal: `too-few-tokens`.
    """
    sequences = repeated.generate(
        namespace=_namespace(material),
        vocabulary=reader.vocabulary(vocabulary_size),
        length=recipe.length,
        repeats=recipe.repeats,
        count=recipe.count,
        seed=recipe.seed,
    )
    start, total = len(reader.start), recipe.length * recipe.repeats
    tokens = [place for place in range(1, start + total) if place >= start and place != start + recipe.length]
    scored = tuple(place - 1 for place in tokens)
    ids = [(*reader.start, *sequence) for sequence in sequences]
    prompts = tuple(TokenPrompt(row, scored, tuple(row[place] for place in tokens)) for row in ids)
    first = tuple(column for column, place in enumerate(tokens) if place < start + recipe.length)
    later = tuple(column for column, place in enumerate(tokens) if place > start + recipe.length)
    rows = range(recipe.count)
    return PromptSet(recipe, prompts, (Group(FIRST_BLOCK, rows, first), Group(LATER_BLOCKS, rows, later)), ())


def _namespace(material: Material) -> str:
    if isinstance(material, RepeatedTokensMaterial):
        return material.namespace
    return f"{material.behaviour}|{material.split}"


def unscorable_tasks(names: Sequence[str], material: InContextMaterial, reader: Reader) -> list[UnscorableTask]:
    """Returns the tasks whose first answer token says too little, with the reason (see `tokens.why_unscorable`)."""
    found = []
    for task in find_tasks(names, material):
        why = why_unscorable([(pair.input, pair.output) for pair in task.pairs], material.template, reader)
        if why is not None:
            found.append(UnscorableTask(task.task, why))
    return found


def refuse_unscorable(names: Sequence[str], material: InContextMaterial, reader: Reader) -> None:
    """Returns if every task can be scored by its first answer token.

    Raises:
        Refusal: `no-single-step-answers`, naming the tasks that cannot.
    """
    bad = unscorable_tasks(names, material, reader)
    if bad:
        raise no_single_step_answers(bad, left=len(names) - len(bad))


def no_single_step_answers(bad: Sequence[UnscorableTask], left: int) -> Refusal:
    """Returns the refusal that names the tasks that cannot be scored; `left` tasks of the request can."""
    return Refusal(
        "no-single-step-answers",
        what=f"{', '.join(task.task for task in bad)} were to be scored by the first token of the answer",
        why=f"on this tokenizer it does not tell the answers apart ({bad[0].task}: {bad[0].why})",
        instead="leave these tasks out"
        if left
        else "use another model or other tasks: none of those asked for is left",
    )


def find_tasks(names: Sequence[str], material: InContextMaterial) -> list[Task]:
    """Returns the tasks in the order asked.

    Raises:
        Refusal: `unknown-task` or `task-twice`.
    """
    return _named(names, material.tasks, material.behaviour)


AnyTask = TypeVar("AnyTask", Task, ContrastTask)


def _named(names: Sequence[str], tasks: Sequence[AnyTask], behaviour: str) -> list[AnyTask]:
    known = {task.task: task for task in tasks}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise Refusal(
                "unknown-task",
                what=f"the task {name} was asked for",
                why=f"the behaviour {behaviour} has no such task",
                instead=f"ask for {near[0]}" if near else f"ask for one of {', '.join(known)}",
            )
        if list(names).count(name) > 1:
            raise Refusal(
                "task-twice",
                what=f"the task {name} was asked for twice",
                why="its prompts would be counted twice",
                instead="name each task once",
            )
    return [known[name] for name in names]


def _token_prompt(prompt: InContextPrompt, reader: Reader) -> TokenPrompt:
    ids = reader.ids(prompt.text)
    target = reader.first_answer_token(prompt.text, prompt.answer)
    return TokenPrompt(ids, (len(ids) - 1,), (-1 if target is None else target,))
