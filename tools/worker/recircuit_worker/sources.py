"""What is put in place of an output: the mean of its task, nothing, or what another prompt had there."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import InContextPrompts
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.sweeps import Positions, from_the_end
from recircuit_worker.errors import Refusal
from recircuit_worker.means import read_means
from recircuit_worker.prompts.sets import PromptSet

COUNTERPART = {"clean": "shuffled", "shuffled": "clean"}


class Replacing(Protocol):
    """A request that replaces outputs by those of other prompts, at tokens counted from the end."""

    prompts: InContextPrompts
    replace_by: str
    positions: tuple[int, ...] | None


class ReplacingHeads(Replacing, Protocol):
    """A request that may also replace head outputs by means."""

    source: str | None


def find_source(request: ReplacingHeads, prompts: PromptSet, bench: Bench) -> tuple[Tensor | None, Positions]:
    """Returns (values, positions) as `head_sets` takes them.

    Raises:
        Refusal: `source-without-mean`, `mean-at-last-only`; those of `find_positions`, `find_donors` and `read_means`.
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
    donors = find_donors(request, prompts, bench).prompts
    values = bench.engine.head_outputs(donors, from_the_end(donors, request.positions))
    return (values[:, 0], "last") if last else (values, positions)


def source_passes(request: ReplacingHeads, prompts: PromptSet) -> int:
    """Returns how many passes `find_source` makes."""
    return 0 if request.replace_by in ("mean", "zero") else len(prompts.prompts)


def find_positions(request: Replacing, prompts: PromptSet) -> Tensor:
    """Returns positions (prompt, place).

    Raises:
        Refusal: `position-twice` or `position-before-prompt`.
    """
    positions = from_the_end(prompts.prompts, request.positions)
    if request.positions is None:
        return positions
    if len(set(request.positions)) < len(request.positions):
        raise Refusal(
            "position-twice",
            what=f"the positions {', '.join(map(str, request.positions))} were asked for",
            why="a token is replaced once",
            instead="name each position once",
        )
    if bool((positions < 0).any()):
        raise Refusal(
            "position-before-prompt",
            what=f"outputs were to be replaced {-min(request.positions)} tokens from the end",
            why="the shortest prompt of the call is not that long",
            instead="ask for later tokens, or for more shots",
        )
    return positions


def find_donors(request: Replacing, prompts: PromptSet, bench: Bench) -> PromptSet:
    """Returns the prompts whose outputs are taken, one for each.

    Raises:
        Refusal: `no-counterfactual`, `one-prompt`, `not-aligned`, `nothing-replaced`.
    """
    if request.replace_by == "counterfactual":
        other = COUNTERPART.get(request.prompts.variant)
        if other is None:
            raise Refusal(
                "no-counterfactual",
                what=f"the counterfactuals of {request.prompts.variant} prompts were asked for",
                why="they have no demonstrations whose labels could be shuffled or put in order",
                instead="use clean or shuffled prompts",
            )
        donors = bench.prompts(replace(request.prompts, variant=other))
    else:
        donors = _resampled(request, prompts)
    check_aligned(request, prompts.prompts, donors.prompts)
    check_differ(request, prompts.prompts, donors.prompts)
    return donors


def check_aligned(request: Replacing, prompts: Sequence[TokenPrompt], donors: Sequence[TokenPrompt]) -> None:
    """Returns if each token that is replaced has a counterpart in the prompt that gives.

    Raises:
        Refusal: `not-aligned`.
    """
    lengths = [[len(prompt.ids) for prompt in each] for each in (prompts, donors)]
    if request.positions != (-1,) and lengths[0] != lengths[1]:
        raise Refusal(
            "not-aligned",
            what="outputs of other prompts were to be put in at other tokens than the last",
            why="prompts of different lengths have no tokens that correspond",
            instead="set positions to [-1], or use tasks whose words are all of one token",
        )


def check_differ(request: Replacing, prompts: Sequence[TokenPrompt], donors: Sequence[TokenPrompt]) -> None:
    """Returns if some output that is put in is another than the one that is there.

    Raises:
        Refusal: `nothing-replaced`.
    """
    latest = 0 if request.positions is None else 1 + max(request.positions)
    seen = [[prompt.ids[: len(prompt.ids) + latest] for prompt in each] for each in (prompts, donors)]
    if seen[0] == seen[1]:
        raise Refusal(
            "nothing-replaced",
            what=f"outputs up to position {latest - 1} were to be replaced by those of other prompts",
            why="these prompts begin alike and differ only behind, so that their outputs there are the same",
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
    return replace(prompts, prompts=tuple(prompts.prompts[row] for row in chosen))
