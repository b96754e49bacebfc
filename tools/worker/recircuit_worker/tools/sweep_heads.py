"""Activation patching of every head, exactly: the change of the answer's probability, with its audit.

With task means on shuffled-label prompts it is the causal indirect effect (Todd et al. 2024, section 2.3).
"""

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import SweepHeadsInput, SweepHeadsOutput, SweptTask
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sources import find_source, source_passes
from recircuit_worker.sweeping import expect_sweep, sweep

KIND = "head_effects"


def run(request: SweepHeadsInput, bench: Bench) -> SweepHeadsOutput:
    """Returns the effects, (task, prompt, layer, head) float32, and the baseline and largest effect of each task.

    Raises:
        Refusal: those of `Bench.prompts` and of `find_source`.
        Fault: those of `sweep`.
    """
    prompts = bench.prompts(request.prompts)
    layers, heads = bench.facts.layers, bench.facts.heads
    expect_sweep(prompts, layers * heads, source_passes(request, prompts), bench)
    values, positions = find_source(request, prompts, bench)
    found = sweep(head_sets(layers, heads, values, positions), prompts, bench)
    by_task = found.changes.reshape(len(prompts.groups), -1, layers, heads)
    return SweepHeadsOutput(
        effects=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "head"),
            unit="probability",
            labels={"task": prompts.names, "prompts_sha256": (prompts.sha256,)},
        ),
        tasks=tuple(_task(index, found.before, by_task, prompts) for index in range(len(prompts.groups))),
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def _task(index: int, before: Tensor, by_task: Tensor, prompts: PromptSet) -> SweptTask:
    group = prompts.groups[index]
    return SweptTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=float(before[group.rows.start : group.rows.stop].double().mean()),
        largest=float(by_task[index].double().mean(0).max()),
    )
