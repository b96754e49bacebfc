"""Activation patching of MLP outputs or the residual stream, exactly: every layer and position is a cell of its own."""

from collections.abc import Sequence
from itertools import accumulate, product

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    ContrastLayers,
    LayerCell,
    LayersTask,
    StrongestCell,
    SweepLayersInput,
    SweepLayersOutput,
)
from recircuit_worker.engine.interface import Edit
from recircuit_worker.metrics import metric_of
from recircuit_worker.places import find_places
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sources import (
    check_aligned,
    check_differ,
    check_two_prompts,
    counterpart_of,
    find_donors,
    find_positions,
    source_passes,
)
from recircuit_worker.standard_error import standard_error
from recircuit_worker.sweeping import expect_sweep, recovery, sweep

KIND = "layer_effects"
TOLD = 10
"""cells named in the result; the artifact has all"""


def run(request: SweepLayersInput, bench: Bench) -> SweepLayersOutput:
    """Returns the effects, (task, prompt, layer, position) float32, and the strongest cells.

    Raises:
        Refusal: `no-mlp`; those of `Bench.prompts`, `find_places`, `find_donors`.
        Fault: those of `sweep`.
    """
    prompts = bench.prompts(request.prompts)
    asked = find_places(request.positions, prompts)
    layers, places = bench.facts.layers, len(asked)
    own = len(prompts.prompts) if request.replace_by == "mean" else 0
    expect_sweep(prompts, layers * places, own + source_passes(request, prompts), bench)
    values = _values(request, prompts, bench)
    found = sweep(_sets(request, layers, values, asked), prompts, bench)
    counterpart = counterpart_of(request, prompts, bench)
    by_task = found.changes.reshape(len(prompts.groups), -1, layers, places)
    means = by_task.double().mean(1)
    return SweepLayersOutput(
        effects=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "position"),
            unit=metric_of(prompts).name,
            labels={
                "task": prompts.names,
                "position": [str(position) for position in request.positions],
                "site": (request.site,),
                "prompts_sha256": (prompts.sha256,),
            },
        ),
        cells=tuple(_cell(cell, means, request) for cell in _strongest(means.mean(0))[:TOLD]),
        tasks=(tasks := tuple(_task(each, found.before, means, request, prompts) for each in range(len(means)))),
        contrasts=_contrasts(tasks, counterpart, prompts) if prompts.items else None,
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def _values(request: SweepLayersInput, prompts: PromptSet, bench: Bench) -> Tensor | None:
    """Returns what is put in, (prompt, place, layer, d_model); None: zero."""
    if request.replace_by == "zero":
        return None
    if request.replace_by == "mean":
        check_two_prompts(prompts)
        donors = prompts
        firsts = tuple(group.rows.start for group in prompts.groups for _ in group.rows)
        other = prompts.chosen(firsts)
        check_aligned(request, prompts.prompts, other.prompts)
        check_differ(request.positions, prompts, other)
    else:
        donors = find_donors(request, prompts, bench)
    values = bench.engine.stream_outputs(donors.prompts, request.site, find_positions(request, donors))
    if request.replace_by != "mean":
        return values
    by_task = values.unflatten(0, (len(prompts.groups), -1))
    return by_task.mean(1, keepdim=True).expand_as(by_task).flatten(0, 1)


def _sets(request: SweepLayersInput, layers: int, values: Tensor | None, asked: list[Tensor]) -> list[list[Edit]]:
    """Returns one set per cell, layer by layer; a slot of several lines is one position."""
    ends = list(accumulate(places.shape[1] for places in asked))
    sets = []
    for layer, (places, end) in product(range(layers), zip(asked, ends, strict=True)):
        value = None if values is None else values[:, end - places.shape[1] : end, layer]
        op = "zero" if value is None else "replace"
        sets.append([Edit(request.site, layer, op, value, positions=places)])
    return sets


def _strongest(means: Tensor) -> list[tuple[int, int]]:
    """Returns all (layer, place) cells, largest change first, whichever its sign."""
    order = means.abs().flatten().argsort(descending=True, stable=True)
    return [divmod(place, means.shape[1]) for place in order.tolist()]


def _cell(cell: tuple[int, int], means: Tensor, request: SweepLayersInput) -> LayerCell:
    layer, place = cell
    tasks = means[:, layer, place]
    sem = standard_error(tasks)
    return LayerCell(layer, request.positions[place], float(tasks.mean()), sem)


def _task(index: int, before: Tensor, means: Tensor, request: SweepLayersInput, prompts: PromptSet) -> LayersTask:
    group = prompts.groups[index]
    layer, place = _strongest(means[index])[0]
    return LayersTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=group.mean(before),
        strongest=StrongestCell(layer, request.positions[place], float(means[index, layer, place])),
    )


def _contrasts(
    tasks: Sequence[LayersTask], counterpart: Tensor | None, prompts: PromptSet
) -> tuple[ContrastLayers, ...]:
    rows = []
    for task, group in zip(tasks, prompts.groups, strict=True):
        other = None if counterpart is None else group.mean(counterpart)
        rows.append(ContrastLayers(task.task, other, recovery(task.strongest.effect, task.baseline, other)))
    return tuple(rows)
