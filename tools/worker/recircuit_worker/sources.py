"""What is put in place of an output: the mean of its task, nothing, or what another prompt had there."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import ContrastPrompts, InContextPrompts
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.sweeps import Positions
from recircuit_worker.errors import Refusal
from recircuit_worker.means import read_means
from recircuit_worker.places import Asked, find_places, needs_equal_lengths
from recircuit_worker.prompts.contrast_scores import ask
from recircuit_worker.prompts.sets import PromptSet

COUNTERPART = {"clean": "shuffled", "shuffled": "clean"}


class Replacing(Protocol):
    """A request that replaces outputs by those of other prompts, at some tokens or all."""

    prompts: InContextPrompts | ContrastPrompts
    replace_by: str
    positions: tuple[int | str, ...] | None


class ReplacingHeads(Replacing, Protocol):
    """A request that may also replace head outputs by means."""

    source: str | None


def find_source(request: ReplacingHeads, prompts: PromptSet, bench: Bench) -> tuple[Tensor | None, Positions]:
    """Returns (values, positions) as `head_sets` takes them.

    Raises:
        Refusal: `source-without-mean`, `mean-at-last-only`; those of `find_places`, `find_donors` and `read_means`.
    """
    if (request.source is None) == (request.replace_by == "mean"):
        raise Refusal(
            "source-without-mean",
            what=f"heads were to be replaced by {request.replace_by}, "
            f"{'without' if request.source is None else 'with'} an artifact as source",
            why="an artifact holds means, and nothing else needs one",
            instead="give a source to replace_by mean only",
        )
    last = request.positions == (-1,)
    if request.replace_by == "mean":
        if not last:
            raise Refusal(
                "mean-at-last-only",
                what="heads were to be replaced by their means at other tokens than the last",
                why="mean_activations measures the last token alone",
                instead="set positions to [-1], or replace by zero, resample or counterfactual",
            )
        return read_means(str(request.source), prompts.names, bench)[prompts.group_of], "last"
    positions = find_positions(request, prompts)
    if request.replace_by == "zero":
        return None, "last" if last else positions
    donors = find_donors(request, prompts, bench)
    values = bench.engine.head_outputs(donors.prompts, find_positions(request, donors))
    return (values[:, 0], "last") if last else (values, positions)


def source_passes(request: Replacing, prompts: PromptSet) -> int:
    """Returns how many passes `find_source` and `counterpart_of` make."""
    if request.replace_by in ("mean", "zero"):
        return 0
    return len(prompts.prompts) * (2 if prompts.items and request.replace_by == "counterfactual" else 1)


def find_positions(request: Replacing, prompts: PromptSet) -> Tensor:
    """Returns positions (prompt, place), those asked for one after the other.

    Raises:
        Refusal: those of `find_places`.
    """
    return torch.cat(find_places(request.positions, prompts), dim=1)


def find_donors(request: Replacing, prompts: PromptSet, bench: Bench) -> PromptSet:
    """Returns the prompts whose outputs are taken, one for each.

    Raises:
        Refusal: `one-prompt`, `not-aligned`, `nothing-replaced`; those of `counterfactuals`.
    """
    if request.replace_by == "counterfactual":
        donors = counterfactuals(request.prompts, prompts, bench)
    else:
        donors = _resampled(request, prompts)
    check_aligned(request, prompts.prompts, donors.prompts)
    check_differ(request.positions, prompts, donors)
    return donors


def counterfactuals(recipe: InContextPrompts | ContrastPrompts, prompts: PromptSet, bench: Bench) -> PromptSet:
    """Returns the same prompts told otherwise.

    Raises:
        Refusal: `no-counterfactual`; for contrast pairs those of `PromptSet.told`.
    """
    if isinstance(recipe, ContrastPrompts):
        return prompts.told(recipe.counterfactual)
    other = COUNTERPART.get(recipe.variant)
    if other is None:
        raise Refusal(
            "no-counterfactual",
            what=f"the counterfactuals of {recipe.variant} prompts were asked for",
            why="they have no demonstrations whose labels could be shuffled or put in order",
            instead="use clean or shuffled prompts",
        )
    return bench.prompts(replace(recipe, variant=other))


def counterpart_of(request: Replacing, prompts: PromptSet, bench: Bench) -> Tensor | None:
    """Returns the metric (prompt,) of the counterfactuals of contrast pairs; None for other prompts and sources."""
    if not prompts.items or request.replace_by != "counterfactual":
        return None
    return ask(counterfactuals(request.prompts, prompts, bench), bench.engine).difference


def check_aligned(request: Replacing, prompts: Sequence[TokenPrompt], donors: Sequence[TokenPrompt]) -> None:
    """Returns if each token that is replaced has a counterpart in the prompt that gives.

    Raises:
        Refusal: `not-aligned`.
    """
    lengths = [[len(prompt.ids) for prompt in each] for each in (prompts, donors)]
    if needs_equal_lengths(request.positions) and lengths[0] != lengths[1]:
        raise Refusal(
            "not-aligned",
            what="outputs of other prompts were to be put in at other tokens than the last",
            why="prompts of different lengths have no tokens that correspond",
            instead="set positions to [-1] or to named slots, or use tasks whose words are all of one token",
        )


def check_differ(asked: Asked, prompts: PromptSet, donors: PromptSet) -> None:
    """Returns if at the places asked for some output that is put in is another than the one that is there.

    Raises:
        Refusal: `nothing-replaced`.
    """
    seen = []
    for each in (prompts, donors):
        latest = torch.cat(find_places(asked, each), dim=1).max(1).values.tolist()
        seen.append([prompt.ids[: place + 1] for prompt, place in zip(each.prompts, latest, strict=True)])
    if seen[0] == seen[1]:
        raise Refusal(
            "nothing-replaced",
            what="outputs were to be replaced by those of other prompts",
            why="these prompts begin alike and differ only behind the positions asked for, so that their outputs there "
            "are the same",
            instead="ask for later tokens",
        )


def check_two_prompts(prompts: PromptSet) -> None:
    """Returns if every task has another prompt.

    Raises:
        Refusal: `one-prompt`.
    """
    for group in prompts.groups:
        if len(group.rows) < 2:
            raise Refusal(
                "one-prompt",
                what=f"another prompt of {group.name} was asked for",
                why="the call has one prompt of each task",
                instead="ask for two prompts or more",
            )


def _resampled(request: Replacing, prompts: PromptSet) -> PromptSet:
    """Returns for each prompt another of its task, drawn by the seed of the prompts."""
    check_two_prompts(prompts)
    chosen = []
    for group in prompts.groups:
        rng = random.Random(f"resample|{group.name}|{request.prompts.seed}")
        chosen += [rng.choice([other for other in group.rows if other != row]) for row in group.rows]
    return prompts.chosen(chosen)
