"""One contrast pair as text: the clean prompt and its counterfactuals, drawn by a seed, with the places of their slots.

The clean prompt is a world of values; each counterfactual is the same draws in a world where some slots are given
otherwise. Tokens belong in `contrast_set.py`.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import ContrastMaterial, ContrastTask, NthSlot, Slot
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.slots import Lists, NoValue, Values, draw, fill

CLEAN = "clean"
DEMONSTRATIONS = "demonstrations."
"""stands before the name of a slot of the demonstrations, whose positions are as many as there are of them"""
TRIES = 2000
"""draws of a line, or of an item, before its pattern is called impossible"""
_SLOT = re.compile(r"\{(\w+)\}")

Worlds = dict[str, Values]
"""values of one line, by the name of the variant"""


@dataclass(frozen=True)
class Told:
    """One variant of an item. It ends where the answer must follow."""

    text: str
    ends: Mapping[str, tuple[int, ...]]
    """by slot, how many characters stand before its end; one for each demonstration, or one"""


@dataclass(frozen=True)
class ContrastText:
    """An item: its variants, the clean one first, and what is held against what."""

    told: Mapping[str, Told]
    answers: tuple[str, ...]
    rivals: tuple[tuple[str, ...], ...]
    """one entry for each rival of the pattern; several texts where it is a set"""
    placed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """as `Told.ends` of the clean prompt: slots of the query that stand there under the name of one of kind nth"""


class Drawer:
    """Draws the items of one task, in one half."""

    def __init__(self, task: ContrastTask, material: ContrastMaterial, shots: int) -> None:
        self.task, self.material, self.shots = task, material, shots
        self.lists: Lists = material.lists
        self.worlds: dict[str, dict[str, Slot]] = {CLEAN: {}}
        for counterfactual in task.counterfactuals:
            self.worlds[counterfactual.name] = {slot.slot: slot for slot in counterfactual.slots}

    def draw(self, rng: random.Random) -> ContrastText:
        """Returns the next item of this half.

        Raises:
            Refusal: `nothing-to-draw`; those of `slots.draw` and `slots.fill`.
        """
        for _ in range(TRIES):
            taken: dict[str, set[str]] = {}
            try:
                item = self._filled(self.task.slots, {name: {} for name in self.worlds}, rng, taken)
            except NoValue:
                continue
            template = rng.choice(self.task.queries)
            query = self._line(item, rng, taken, None)
            if half_of(self.task, query[CLEAN], self.material.split_seed) != self.material.split:
                continue
            if set(_expand(self.task.answer, query[CLEAN])) & set(_all(self.task.rivals, query[CLEAN])):
                continue
            demonstrations = [self._line(item, rng, taken, query) for _ in range(self.shots)]
            return self._text(template, query, demonstrations)
        raise self._nothing(f"no item of its {self.material.split} half whose answers differ from its rivals")

    def _line(self, item: Worlds, rng: random.Random, taken: dict[str, set[str]], query: Worlds | None) -> Worlds:
        """Returns a line within the bounds, and apart from the query where it is a demonstration."""
        for _ in range(TRIES):
            mine = {name: set(used) for name, used in taken.items()}
            try:
                line = self._filled(self.task.each, item, rng, mine)
            except NoValue:
                continue
            clash = query is not None and any(line[CLEAN][name] == query[CLEAN][name] for name in self.task.apart)
            if not clash and all(self._within(values) for values in line.values()):
                return line
        raise self._nothing("no line within its bounds")

    def _filled(self, slots: tuple[Slot, ...], known: Worlds, rng: random.Random, taken: dict[str, set[str]]) -> Worlds:
        drawn = draw(slots, self.lists, rng, taken)
        return {name: fill(slots, drawn, known[name], self.lists, given) for name, given in self.worlds.items()}

    def _within(self, values: Values) -> bool:
        for bound in self.task.where:
            value = values[bound.slot]
            if not isinstance(value, int):
                raise Refusal(
                    "no-number",
                    what=f"the slot {bound.slot} of {self.task.task} was to be held within bounds",
                    why=f"it holds {value!r}",
                    instead="bound slots that hold numbers",
                )
            low, high = bound.at_least, bound.at_most
            if (low is not None and value < low) or (high is not None and value > high):
                return False
        return True

    def _text(self, template: str, query: Worlds, demonstrations: list[Worlds]) -> ContrastText:
        told = {}
        for world in self.worlds:
            text, ends = "", {}
            for line in demonstrations:
                text = _write(str(self.task.demonstration), line[world], text, ends, DEMONSTRATIONS)
            text = _write(template, query[world], text, ends, "")
            told[world] = Told(text, {name: tuple(places) for name, places in ends.items()})
        answers = _expand(self.task.answer, query[CLEAN])
        rivals = tuple(tuple(_expand(rival, query[CLEAN])) for rival in self.task.rivals)
        return ContrastText(told, tuple(answers), rivals, self._placed(query[CLEAN], told[CLEAN].ends))

    def _placed(self, values: Values, ends: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Returns where slots stand that are written through a slot of kind nth, and not by their own name."""
        by_number = [
            slot for slot in (*self.task.slots, *self.task.each) if isinstance(slot, NthSlot) and slot.slot in ends
        ]
        found = {slot.of[int(str(values[slot.at]))]: ends[slot.slot] for slot in by_number}
        return {name: places for name, places in found.items() if name not in ends}

    def _nothing(self, what: str) -> Refusal:
        return Refusal(
            "nothing-to-draw",
            what=f"prompts of the task {self.task.task} were asked for",
            why=f"{TRIES} draws gave {what}",
            instead="loosen the bounds of its pattern, give its lists more items, or take another split_seed",
        )


def half_of(task: ContrastTask, values: Values, seed: int) -> Literal["search", "held-out"]:
    """Returns the half of an item: items with the same values in the slots that split, in any order, lie together."""
    key = sorted(str(values[name]) for name in task.split_by)
    return "search" if int(hash_of([seed, key])[:8], 16) % 2 == 0 else "held-out"


def _write(template: str, values: Values, text: str, ends: dict[str, list[int]], prefix: str) -> str:
    """Returns the text with a line behind it, and notes where its slots end."""
    for place, piece in enumerate(_SLOT.split(template)):
        if place % 2 == 0:
            text += piece
            continue
        text += str(values[piece])
        ends.setdefault(prefix + piece, []).append(len(text))
    return text


def _all(templates: tuple[str, ...], values: Values) -> list[str]:
    return [text for template in templates for text in _expand(template, values)]


def _expand(template: str, values: Values) -> list[str]:
    """Returns the texts that a template stands for: several where a slot holds several items."""
    texts = [""]
    for place, piece in enumerate(_SLOT.split(template)):
        value = piece if place % 2 == 0 else values[piece]
        texts = [text + str(item) for text in texts for item in (value if isinstance(value, tuple) else (value,))]
    return texts
