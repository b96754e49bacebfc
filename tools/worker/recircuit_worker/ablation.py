"""What contrast pairs get in the place of components' outputs, token by token. Other prompts have no counterparts of
their tokens; what replaces outputs there is in the tools.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from recircuit_worker.address import Head, Mlp
from recircuit_worker.bench import Bench
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.places import Asked, find_places
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sources import check_differ

Replacement = Literal["mean", "zero", "counterfactual", "counterfactual-mean"]
NAMED = {"last": (-1,), "all": None}


def asked_places(positions: str | tuple[int | str, ...]) -> Asked:
    """Returns positions of a request as `find_places` takes them."""
    return NAMED[positions] if isinstance(positions, str) else positions


def replacing_edits(
    prompts: PromptSet,
    counterfactual: str | None,
    components: Sequence[Head | Mlp],
    replace_by: Replacement,
    asked: Asked,
    bench: Bench,
) -> list[Edit]:
    """Returns one edit for each component, with values (prompt, place, width).

    Means are over the prompts of a task; where every token is replaced, over those of them that have the same length
    and their slots at the same tokens (one template, as Wang et al. 2023 take their mean over ABC).

    Raises:
        Refusal: `one-prompt`; those of `find_places`, `PromptSet.told`, `check_differ` and `component_outputs`.
    """
    places = torch.cat(find_places(asked, prompts), dim=1)
    if replace_by == "zero":
        return [_edit(component, None, places) for component in components]
    donors = prompts
    if replace_by.startswith("counterfactual"):
        donors = prompts.told(counterfactual)
        check_differ(asked, prompts, donors)
    values = bench.engine.component_outputs(donors.prompts, components, places)
    if replace_by.endswith("mean"):
        values = [_averaged(value, places, _alike(prompts, asked)) for value in values]
    return [_edit(component, value, places) for component, value in zip(components, values, strict=True)]


def _edit(component: Head | Mlp, value: Tensor | None, places: Tensor) -> Edit:
    op = "zero" if value is None else "replace"
    if isinstance(component, Head):
        return Edit("head", component.layer, op, value, component.head, places)
    return Edit("mlp", component.layer, op, value, positions=places)


def _alike(prompts: PromptSet, asked: Asked) -> list[list[int]]:
    """Returns the rows of prompts whose places correspond, so that a mean over them is of one place."""
    groups: dict[tuple, list[int]] = {}
    for row, item in enumerate(prompts.items):
        where = tuple(sorted(item.positions.items())) if asked is None else ()
        groups.setdefault((item.task, where), []).append(row)
    for (task, _), rows in groups.items():
        if len(rows) < 2:
            raise Refusal(
                "one-prompt",
                what=f"means over prompts of {task} were asked for",
                why="one of them is alone in having its slots at its tokens, so its mean would be its own output",
                instead="ask for more prompts, name positions, or replace by counterfactual",
            )
    return list(groups.values())


def _averaged(values: Tensor, places: Tensor, alike: Sequence[Sequence[int]]) -> Tensor:
    """Returns values (prompt, place, width) as means over prompts that are alike; place -1 counts for nothing."""
    found = torch.zeros_like(values)
    for rows in alike:
        there = (places[rows] >= 0).to(values)
        total = values[rows].sum(0) / there.sum(0).clamp(min=1)[:, None]
        found[rows] = total * there[..., None]
    return found
