"""Activation patching of every head, exactly: the change of the metric, with its audit.

With task means on shuffled-label prompts it is the causal indirect effect (Todd et al. 2024, section 2.3); with a named
counterfactual of contrast pairs, denoising or noising (Wang et al. 2023; Zhang and Nanda 2024).
"""

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import ContrastHead, ContrastHeads, SweepHeadsInput, SweepHeadsOutput, SweptTask
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.metrics import metric_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.ranking import best_first
from recircuit_worker.sources import counterpart_of, find_source, source_passes
from recircuit_worker.sweeping import expect_sweep, recovery, sweep

KIND = "head_effects"
TOLD = 10
"""heads of contrast pairs named in the result; the artifact has all"""


def run(request: SweepHeadsInput, bench: Bench) -> SweepHeadsOutput:
    """Returns the effects, (task, prompt, layer, head) float32, and the strongest heads.

    Raises:
        Refusal: those of `Bench.prompts` and of `find_source`.
        Fault: those of `sweep`.
    """
    prompts = bench.prompts(request.prompts)
    layers, heads = bench.facts.layers, bench.facts.heads
    expect_sweep(prompts, layers * heads, source_passes(request, prompts), bench)
    values, positions = find_source(request, prompts, bench)
    found = sweep(head_sets(layers, heads, values, positions), prompts, bench)
    counterpart = counterpart_of(request, prompts, bench)
    by_task = found.changes.reshape(len(prompts.groups), -1, layers, heads)
    means = by_task.double().mean(1)
    return SweepHeadsOutput(
        effects=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "head"),
            unit=metric_of(prompts).name,
            labels={"task": prompts.names, "prompts_sha256": (prompts.sha256,)},
        ),
        tasks=tuple(
            SweptTask(group.name, len(group.rows), group.mean(found.before), float(mean.max()))
            for group, mean in zip(prompts.groups, means, strict=True)
        ),
        contrasts=_contrasts(found.before, counterpart, means, prompts) if prompts.items else None,
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def _contrasts(
    before: Tensor, counterpart: Tensor | None, means: Tensor, prompts: PromptSet
) -> tuple[ContrastHeads, ...]:
    rows = []
    for group, mean in zip(prompts.groups, means, strict=True):
        baseline, other = group.mean(before), None if counterpart is None else group.mean(counterpart)
        heads = []
        for head in best_first(mean.abs())[:TOLD]:
            effect = float(mean[head.layer, head.head])
            heads.append(ContrastHead(str(head), effect, recovery(effect, baseline, other)))
        rows.append(ContrastHeads(group.name, other, tuple(heads)))
    return tuple(rows)
