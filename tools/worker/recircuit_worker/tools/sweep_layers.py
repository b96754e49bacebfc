"""Activation patching of MLP outputs or the residual stream, exactly: every layer and position is a cell of its own."""

from itertools import product

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import LayerCell, LayersTask, StrongestCell, SweepLayersInput, SweepLayersOutput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.sweeps import from_the_end
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sources import check_aligned, check_differ, check_two_prompts, find_donors, find_positions
from recircuit_worker.sweeping import expect_sweep, sweep

KIND = "layer_effects"
TOLD = 10
"""cells named in the result; the artifact has all"""


def run(request: SweepLayersInput, bench: Bench) -> SweepLayersOutput:
    """Returns the effects, (task, prompt, layer, position) float32, and the strongest cells.

    Raises:
        Refusal: `no-mlp`; those of `Bench.prompts`, `find_positions`, `find_donors`.
        Fault: those of `sweep`.
    """
    prompts = bench.prompts(request.prompts)
    positions = find_positions(request, prompts)
    layers, places = bench.facts.layers, positions.shape[1]
    expect_sweep(prompts, layers * places, 0 if request.replace_by == "zero" else len(prompts.prompts), bench)
    values = _values(request, prompts, bench)
    found = sweep(_sets(request, layers, values, positions), prompts, bench)
    by_task = found.changes.reshape(len(prompts.groups), -1, layers, places)
    means = by_task.double().mean(1)
    return SweepLayersOutput(
        effects=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "position"),
            unit="probability",
            labels={
                "task": prompts.names,
                "position": [str(offset) for offset in request.positions],
                "site": (request.site,),
                "prompts_sha256": (prompts.sha256,),
            },
        ),
        cells=tuple(_cell(cell, means, request) for cell in _strongest(means.mean(0))[:TOLD]),
        tasks=tuple(_task(index, found.before, means, request, prompts) for index in range(len(prompts.groups))),
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def _values(request: SweepLayersInput, prompts: PromptSet, bench: Bench) -> Tensor | None:
    """Returns what is put in, (prompt, place, layer, d_model); None: zero."""
    if request.replace_by == "zero":
        return None
    if request.replace_by == "mean":
        check_two_prompts(prompts)
        donors = prompts.prompts
        firsts = [donors[group.rows.start] for group in prompts.groups for _ in group.rows]
        check_aligned(request, donors, firsts)
        check_differ(request, donors, firsts)
    else:
        donors = find_donors(request, prompts, bench).prompts
    values = bench.engine.stream_outputs(donors, request.site, from_the_end(donors, request.positions))
    if request.replace_by != "mean":
        return values
    by_task = values.unflatten(0, (len(prompts.groups), -1))
    return by_task.mean(1, keepdim=True).expand_as(by_task).flatten(0, 1)


def _sets(request: SweepLayersInput, layers: int, values: Tensor | None, positions: Tensor) -> list[list[Edit]]:
    """Returns one set per cell, layer by layer."""
    sets = []
    for layer, place in product(range(layers), range(positions.shape[1])):
        value = None if values is None else values[:, place : place + 1, layer]
        op = "zero" if value is None else "replace"
        sets.append([Edit(request.site, layer, op, value, positions=positions[:, place : place + 1])])
    return sets


def _strongest(means: Tensor) -> list[tuple[int, int]]:
    """Returns all (layer, place) cells, largest change first, whichever its sign."""
    order = means.abs().flatten().argsort(descending=True, stable=True)
    return [divmod(place, means.shape[1]) for place in order.tolist()]


def _cell(cell: tuple[int, int], means: Tensor, request: SweepLayersInput) -> LayerCell:
    layer, place = cell
    tasks = means[:, layer, place]
    sem = float(tasks.std(correction=1)) / len(tasks) ** 0.5 if len(tasks) > 1 else None
    return LayerCell(layer, request.positions[place], float(tasks.mean()), sem)


def _task(index: int, before: Tensor, means: Tensor, request: SweepLayersInput, prompts: PromptSet) -> LayersTask:
    group = prompts.groups[index]
    layer, place = _strongest(means[index])[0]
    return LayersTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=float(before[group.rows.start : group.rows.stop].double().mean()),
        strongest=StrongestCell(layer, request.positions[place], float(means[index, layer, place])),
    )
