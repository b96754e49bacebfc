"""What replaces a head's output in a sweep: the mean of its task, nothing, or what another prompt had there."""

import random
from dataclasses import replace

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import SweepHeadsInput
from recircuit_worker.engine.sweeps import Positions, from_the_end
from recircuit_worker.errors import Refusal
from recircuit_worker.means import read_means
from recircuit_worker.prompts.sets import PromptSet

COUNTERPART = {"clean": "shuffled", "shuffled": "clean"}


def find_source(request: SweepHeadsInput, prompts: PromptSet, bench: Bench) -> tuple[Tensor | None, Positions]:
    """Returns (values, positions) as `head_sets` takes them.

    Raises:
        Refusal: `source-without-mean`, `mean-at-last-only`, `position-before-prompt`, `no-counterfactual`,
            `not-aligned`, `one-prompt`; those of `read_means`.
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
    positions = from_the_end(prompts.prompts, request.positions)
    _check_inside(request, positions)
    if request.replace_by == "zero":
        return None, "last" if last else positions
    values = bench.engine.head_outputs(_donors(request, prompts, bench).prompts, positions)
    return (values[:, 0], "last") if last else (values, positions)


def _donors(request: SweepHeadsInput, prompts: PromptSet, bench: Bench) -> PromptSet:
    """Returns the prompts whose head outputs are taken, one for each."""
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
    lengths = [[len(prompt.ids) for prompt in each.prompts] for each in (prompts, donors)]
    if request.positions != (-1,) and lengths[0] != lengths[1]:
        raise Refusal(
            "not-aligned",
            what="head outputs of other prompts were to be put in at several tokens",
            why="prompts of different lengths have no tokens that correspond",
            instead="set positions to [-1], or use tasks whose words are all of one token",
        )
    return donors


def _resampled(request: SweepHeadsInput, prompts: PromptSet) -> PromptSet:
    """Returns for each prompt another of its task, drawn by the seed of the prompts."""
    chosen = []
    for group in prompts.groups:
        if len(group.rows) < 2:
            raise Refusal(
                "one-prompt",
                what=f"another prompt of {group.name} was asked for",
                why="the call has one prompt of each task",
                instead="ask for two prompts or more",
            )
        rng = random.Random(f"resample|{group.name}|{request.prompts.seed}")
        chosen += [rng.choice([other for other in group.rows if other != row]) for row in group.rows]
    return replace(prompts, prompts=tuple(prompts.prompts[row] for row in chosen))


def _check_inside(request: SweepHeadsInput, positions: Tensor) -> None:
    if request.positions is not None and bool((positions < 0).any()):
        raise Refusal(
            "position-before-prompt",
            what=f"heads were to be replaced {-min(request.positions)} tokens from the end",
            why="the shortest prompt of the call is not that long",
            instead="ask for later tokens, or for more shots",
        )
