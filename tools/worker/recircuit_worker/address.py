"""Addresses of components: `a9.h6` (layer 9, head 6, from 0) and `m3` (the MLP of layer 3), and nothing about tensors.

Every component has exactly one spelling, so that lists can be compared as text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from recircuit_worker.errors import Refusal

_ADDRESS = re.compile(r"(?:a(0|[1-9][0-9]{0,3})\.h(0|[1-9][0-9]{0,3})|m(0|[1-9][0-9]{0,3}))", re.ASCII)


@dataclass(frozen=True, order=True)
class Head:
    """An attention head."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"a{self.layer}.h{self.head}"


@dataclass(frozen=True, order=True)
class Mlp:
    """The MLP of one layer."""

    layer: int

    def __str__(self) -> str:
        return f"m{self.layer}"


def parse(text: str) -> Head | Mlp:
    """Returns the component that an address names.

    Raises:
        Refusal: `bad-address` for any other spelling, leading zeros among them.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise Refusal(
            "bad-address",
            what=f"the component {text!r} was asked for",
            why="an address is a layer and a head, or an MLP, without leading zeros",
            instead="write `a9.h6` for head 6 of layer 9, or `m3` for the MLP of layer 3",
        )
    layer, head, mlp = match.groups()
    return Mlp(int(mlp)) if mlp is not None else Head(int(layer), int(head))


def parse_components(texts: Iterable[str], *, layers: int, heads: int) -> list[Head | Mlp]:
    """Returns the components in the order given, each inside a model of `layers` x `heads` and named once.

    Raises:
        Refusal: `bad-address`, `no-such-component` or `duplicate-component`.
    """
    found: list[Head | Mlp] = []
    for text in texts:
        component = parse(text)
        if component.layer >= layers or (isinstance(component, Head) and component.head >= heads):
            raise Refusal(
                "no-such-component",
                what=f"the component {text} was asked for",
                why=f"this model has {layers} layers of {heads} heads, counted from 0",
                instead=f"name components up to {Head(layers - 1, heads - 1)} or {Mlp(layers - 1)}",
            )
        if component in found:
            raise Refusal(
                "duplicate-component",
                what=f"the component {text} was asked for twice",
                why="one component is edited once",
                instead="name each component once",
            )
        found.append(component)
    return found


def parse_heads(texts: Iterable[str], *, layers: int, heads: int) -> list[Head]:
    """Returns the heads in the order given; as `parse_components`, but an MLP is refused.

    Raises:
        Refusal: also `not-a-head`.
    """
    components = parse_components(texts, layers=layers, heads=heads)
    only_heads = [component for component in components if isinstance(component, Head)]
    for component in components:
        if isinstance(component, Mlp):
            raise Refusal(
                "not-a-head",
                what=f"the component {component} was asked for",
                why="it is an MLP, and this experiment edits attention heads",
                instead="name heads only, such as a9.h6",
            )
    return only_heads
