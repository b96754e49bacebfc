"""The causal indirect effect of every head (Todd et al. 2024, section 2.3), with its audit.

The effect is a difference of probabilities of the first answer token, softmax in float32, at the last token.
"""

import random

import torch
from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import ArtifactRef, Audit, SweepHeadsInput, SweepHeadsOutput, SweptTask
from recircuit_worker.engine.interface import Edit, Sweep
from recircuit_worker.errors import Fault
from recircuit_worker.means import read_means
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import AUDIT_TOLERANCE, check_audit

KIND = "head_effects"
AUDITED = 4
"""largest effects, and as many random cells, that are measured again"""
Cell = tuple[int, int, int]
"""(prompt, layer, head)"""


def run(request: SweepHeadsInput, bench: Bench) -> SweepHeadsOutput:
    """Returns the effects, (task, prompt, layer, head) float32, and the baseline and largest effect of each task.

    Raises:
        Refusal: those of `Bench.prompts` and of `read_means`.
        Fault: `edit-did-not-fire`, `all-effects-zero`, `audit-failed`.
    """
    prompts = bench.prompts(request.prompts)
    means = read_means(request.source, prompts.names, bench)
    cells = bench.facts.layers * bench.facts.heads
    bench.expect(len(prompts.prompts) * (cells + 1) + 4 * AUDITED)
    found = bench.engine.sweep(prompts.prompts, means, prompts.group_of)
    effects = found.after - found.before[:, None, None]
    if not bool(effects.any()):
        raise Fault(
            "all-effects-zero",
            f"none of {effects.numel()} replaced head outputs changed a probability",
            why="a real model never shows that, so the replacement did not reach it",
            instead="do not use the result; report the model and the request",
        )
    audit = _audit(found, effects, means, prompts, bench)
    by_task = effects.unflatten(0, (len(prompts.groups), -1))
    return SweepHeadsOutput(
        effects=_write(by_task, prompts, bench),
        tasks=tuple(_task(index, found, by_task, prompts) for index in range(len(prompts.groups))),
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


def _task(index: int, found: Sweep, by_task: Tensor, prompts: PromptSet) -> SweptTask:
    group = prompts.groups[index]
    return SweptTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=float(found.before[group.rows.start : group.rows.stop].double().mean()),
        largest=float(by_task[index].double().mean(0).max()),
    )


def _audit(found: Sweep, effects: Tensor, means: Tensor, prompts: PromptSet, bench: Bench) -> Audit:
    """Measures the largest effects and some random ones again: whole passes, one prompt at a time, no padding."""
    cells = _audited_cells(effects, prompts.recipe.seed)
    deviations = []
    for row, layer, head in cells:
        prompt = [prompts.prompts[row]]
        edit = Edit("head", layer, "replace", means[prompts.group_of[row], layer, head], head)
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
