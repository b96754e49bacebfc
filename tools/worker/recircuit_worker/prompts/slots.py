"""Slots of contrast pairs: what each kind of draw and of computed slot means, and nothing of any behaviour.

It works on values. Which slots stand where in a text belongs in `contrast.py`, tokens in `contrast_set.py`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recircuit_worker.contract import ChoiceSlots, OrderSlots, RangeSlots, Slot
from recircuit_worker.errors import Refusal

Value = int | str | tuple[str, ...]
"""a number, a word, or several items of a list"""
Values = dict[str, Value]
Lists = Mapping[str, Sequence[str]]


class NoValue(Exception):
    """A slot has no value for what was drawn, such as the item behind the last: the line is to be drawn again."""


def names_of(slot: Slot) -> tuple[str, ...]:
    """Returns the slots that a definition fills."""
    return slot.slots if isinstance(slot, ChoiceSlots | RangeSlots | OrderSlots) else (slot.slot,)


def draw(slots: Sequence[Slot], lists: Lists, rng: random.Random, taken: dict[str, set[str]]) -> Values:
    """Returns what is drawn for these slots; the items chosen are added to `taken`, by list, and never chosen again.

    For slots of kind order it is the number of the slot whose value they get.

    Raises:
        Refusal: `list-too-short`.
    """
    drawn: Values = {}
    for slot in slots:
        if isinstance(slot, ChoiceSlots):
            used = taken.setdefault(slot.list, set())
            left = [item for item in lists[slot.list] if item not in used]
            if len(left) < len(slot.slots):
                raise Refusal(
                    "list-too-short",
                    what=f"{len(slot.slots)} different items of the list {slot.list} were to be drawn",
                    why=f"{len(left)} of its {len(lists[slot.list])} are left for this line",
                    instead="give the list more items",
                )
            drawn.update(zip(slot.slots, chosen := rng.sample(left, len(slot.slots)), strict=True))
            used.update(chosen)
        elif isinstance(slot, RangeSlots):
            drawn.update((name, rng.randint(slot.low, slot.high)) for name in slot.slots)
        elif isinstance(slot, OrderSlots):
            drawn.update(zip(slot.slots, rng.sample(range(len(slot.of)), len(slot.of)), strict=True))
    return drawn


def fill(slots: Sequence[Slot], drawn: Values, known: Values, lists: Lists, instead: Mapping[str, Slot]) -> Values:
    """Returns the values of these slots, and those that were known; `instead` holds definitions that go before theirs.

    Raises:
        NoValue: where one has none.
        Refusal: `no-number`, `no-item` where a slot holds something that its definition cannot use.
    """
    values = dict(known)
    for slot in slots:
        for name in names_of(slot):
            definition = instead.get(name, slot)
            if isinstance(definition, ChoiceSlots | RangeSlots):
                values[name] = drawn[name]
            elif isinstance(definition, OrderSlots):
                values[name] = values[definition.of[_number(drawn[name], name)]]
            else:
                values[name] = _COMPUTE[definition.kind](definition, values, lists)
    return values


def _sum(slot: Any, values: Values, _: Lists) -> int:
    return sum(_operand(part, values, slot.slot) for part in slot.of)


def _base(slot: Any, values: Values, _: Lists) -> int:
    left, digits = _number(values[slot.of], slot.slot), ""
    if left < 0:
        raise NoValue
    while left or not digits:
        left, digit = divmod(left, slot.base)
        digits = f"{digit}{digits}"
    return int(digits)


def _shift(slot: Any, values: Values, lists: Lists) -> str:
    items = lists[slot.list]
    place = _place(values[slot.of], items, slot.list) + _operand(slot.by, values, slot.slot)
    if slot.wrap:
        return items[place % len(items)]
    if not 0 <= place < len(items):
        raise NoValue
    return items[place]


def _map(slot: Any, values: Values, lists: Lists) -> str:
    return lists[slot.to][_place(values[slot.of], lists[slot.list], slot.list)]


def _nth(slot: Any, values: Values, _: Lists) -> Value:
    place = _number(values[slot.at], slot.slot)
    if not 0 <= place < len(slot.of):
        raise NoValue
    return values[slot.of[place]]


def _place_among(slot: Any, values: Values, _: Lists) -> int:
    held = [values[name] for name in slot.among]
    if values[slot.of] not in held:
        raise NoValue
    return held.index(values[slot.of])


def _items(slot: Any, values: Values, lists: Lists) -> tuple[str, ...]:
    items = lists[slot.list]
    border = _place(values[slot.of], items, slot.list) + 1
    chosen = tuple(items[border:] if slot.which == "after" else items[:border])
    if not chosen:
        raise NoValue
    return chosen


_COMPUTE: Mapping[str, Callable[[Any, Values, Lists], Value]] = {
    "constant": lambda slot, _, __: slot.value,
    "same": lambda slot, values, _: values[slot.of],
    "sum": _sum,
    "base": _base,
    "shift": _shift,
    "map": _map,
    "nth": _nth,
    "place": _place_among,
    "items": _items,
}


def _operand(part: int | str, values: Values, asker: str) -> int:
    return _number(part if isinstance(part, int) else values[part], asker)


def _number(value: Value, asker: str) -> int:
    if isinstance(value, int):
        return value
    raise Refusal(
        "no-number",
        what=f"the slot {asker} was to be computed",
        why=f"it needs a number and was given {value!r}",
        instead="compute it from slots that hold numbers",
    )


def _place(value: Value, items: Sequence[str], name: str) -> int:
    if value in items:
        return items.index(str(value))
    raise Refusal(
        "no-item",
        what=f"the place of {value!r} in the list {name} was looked for",
        why="the list does not hold it",
        instead="use slots that are drawn from this list",
    )
