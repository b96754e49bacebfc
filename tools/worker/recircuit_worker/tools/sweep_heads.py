"""Activation patching of every head, exactly: the change of the answer's probability, with its audit.

With task means on shuffled-label prompts it is the causal indirect effect (Todd et al. 2024, section 2.3): a difference
of probabilities of the first answer token, softmax in float32.
"""

import random

import torch
from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import ArtifactRef, Audit, SweepHeadsInput, SweepHeadsOutput, SweptTask
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.sweeps import Positions, head_sets
from recircuit_worker.errors import Fault
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import AUDIT_TOLERANCE, check_audit
from recircuit_worker.sources import find_source

KIND = "head_effects"
AUDITED = 4
"""largest effects, and as many random cells, that are measured again"""
Cell = tuple[int, int, int]
"""(prompt, layer, head)"""


def run(request: SweepHeadsInput, bench: Bench) -> SweepHeadsOutput:
    """Returns the effects, (task, prompt, layer, head) float32, and the baseline and largest effect of each task.

    Raises:
        Refusal: those of `Bench.prompts` and of `find_source`.
        Fault: `edit-did-not-fire`, `all-effects-zero`, `audit-failed`.
    """
    prompts = bench.prompts(request.prompts)
    layers, heads = bench.facts.layers, bench.facts.heads
    bench.expect(len(prompts.prompts) * (layers * heads + 1) + 4 * AUDITED)
    values, positions = find_source(request, prompts, bench)
    sets = head_sets(layers, heads, values, positions)
    found = bench.engine.answers_each(prompts.prompts, sets)
    change = (found.edited.probability - found.clean.probability)[:, :, -1]  # (set, prompt)
    effects = change.T.unflatten(1, (layers, heads))
    if not bool(effects.any()):
        raise Fault(
            "all-effects-zero",
            f"none of {effects.numel()} replaced head outputs changed a probability",
            why="a real model never shows that, so the replacement did not reach it",
            instead="do not use the result; report the model and the request",
        )
    audit = _audit(effects, values, positions, prompts, bench)
    by_task = effects.unflatten(0, (len(prompts.groups), -1))
    before = found.unedited().probability[:, -1]
    return SweepHeadsOutput(
        effects=_write(by_task, prompts, bench),
        tasks=tuple(_task(index, before, by_task, prompts) for index in range(len(prompts.groups))),
        receipt=bench.receipt(prompts, edited=True, audit=audit),
    )


def _write(by_task: Tensor, prompts: PromptSet, bench: Bench) -> ArtifactRef:
    return bench.write(
        KIND,
        by_task.float(),
        axes=("task", "prompt", "layer", "head"),
        unit="probability",
        labels={"task": prompts.names},
    )


def _task(index: int, before: Tensor, by_task: Tensor, prompts: PromptSet) -> SweptTask:
    group = prompts.groups[index]
    return SweptTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=float(before[group.rows.start : group.rows.stop].double().mean()),
        largest=float(by_task[index].double().mean(0).max()),
    )


def _audit(effects: Tensor, values: Tensor | None, positions: Positions, prompts: PromptSet, bench: Bench) -> Audit:
    """Measures the largest effects and some random ones again: whole passes, one prompt at a time, no padding."""
    cells = _audited_cells(effects, prompts.recipe.seed)
    deviations = []
    for row, layer, head in cells:
        prompt = [prompts.prompts[row]]
        place = positions if isinstance(positions, str) else positions[row : row + 1, : len(prompt[0].ids)]
        if values is None:
            edit = Edit("head", layer, "zero", head=head, positions=place)
        else:
            one = values[row : row + 1, ..., layer, head, :]
            value = one if isinstance(place, str) else one[:, : place.shape[1]]
            edit = Edit("head", layer, "replace", value, head, place)
        before = bench.engine.answers(prompt).probability[0, -1]
        after = bench.engine.answers(prompt, [edit]).probability[0, -1]
        deviations.append(abs(float(after - before) - float(effects[row, layer, head])))
    return check_audit(
        Audit(
            pairs=len(cells),
            max_deviation=max(deviations),
            tolerance=AUDIT_TOLERANCE[bench.facts.dtype],
            route="whole forward passes, one prompt at a time, unpadded",
        )
    )


def _audited_cells(effects: Tensor, seed: int) -> list[Cell]:
    order = effects.abs().flatten().argsort(descending=True, stable=True)
    top = order[:AUDITED].tolist()
    others = random.Random(f"audit|{seed}").sample(range(effects.numel()), min(AUDITED, effects.numel()))
    places = torch.unravel_index(torch.tensor([*top, *others]), effects.shape)
    return [(int(row), int(layer), int(head)) for row, layer, head in zip(*places, strict=True)]
