"""First-order estimates of what `sweep_heads` measures, and how far they agree with it where both ran."""

from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.agreement import agreement
from recircuit_worker.bench import Bench
from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import (
    AttributeHeadsInput,
    AttributeHeadsOutput,
    EstimatedHead,
    EstimatedTask,
    SweepHeadsInput,
)
from recircuit_worker.decode import encode
from recircuit_worker.engine.attribution import Estimates, Gradients
from recircuit_worker.engine.sweeps import from_the_end
from recircuit_worker.errors import Refusal
from recircuit_worker.estimating import check_reached, steps_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.ranking import best_first, default_top
from recircuit_worker.sources import find_source, source_passes
from recircuit_worker.standard_error import standard_error
from recircuit_worker.tools.rank_heads import AT_LEAST
from recircuit_worker.tools.sweep_heads import KIND as EFFECTS

KIND = "head_estimates"
"""another kind than the exact effects, so that nothing that needs those takes an estimate for one"""


def run(request: AttributeHeadsInput, bench: Bench) -> AttributeHeadsOutput:
    """Returns the estimates, (task, prompt, layer, head) float32, and the top heads by them, best first.

    Raises:
        Refusal: `steps-without-path`, `not-the-same-sweep`; those of `Bench.prompts` and `find_source`.
        Fault: `all-estimates-zero`; those of `Gradients.head_estimates`.
    """
    steps = steps_of(request.method, request.steps)
    prompts = bench.prompts(request.prompts)
    exact = _exact_effects(request, prompts, bench)
    passes = 2 if steps is None else 1 + 2 * steps
    bench.expect(len(prompts.prompts) * passes + source_passes(request, prompts))
    found = _estimate(request, prompts, steps, bench)
    by_task = found.effects.unflatten(0, (len(prompts.groups), -1))
    layers, heads = by_task.shape[2:]
    top = min(request.top or default_top(layers * heads, AT_LEAST), layers * heads)
    means = by_task.double().mean(1)
    return AttributeHeadsOutput(
        estimates=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "head"),
            unit="probability",
            labels={"task": prompts.names, "prompts_sha256": (prompts.sha256,)},
        ),
        heads=tuple(_ranked(head, means) for head in best_first(means.mean(0))[:top]),
        all_heads=layers * heads,
        tasks=tuple(_task(index, found.probability, means, prompts) for index in range(len(prompts.groups))),
        agreement=None if exact is None else agreement(str(request.compare_with), prompts.names, means, exact),
        receipt=bench.receipt(prompts, edited=steps is not None),
    )


def _estimate(request: AttributeHeadsInput, prompts: PromptSet, steps: int | None, bench: Bench) -> Estimates:
    values, positions = find_source(request, prompts, bench)
    if isinstance(positions, str):
        positions = from_the_end(prompts.prompts, (-1,))
        values = None if values is None else values[:, None]
    gradients = Gradients(bench.model.model, bench.parts)
    gradients.counts, gradients.watch = bench.engine.counts, bench.engine.watch
    found = gradients.head_estimates(prompts.prompts, values, positions, steps)
    if bench.facts.layers > 1:
        check_reached(found.effects, found.effects.numel(), "head outputs", "heads")
    return found


def _exact_effects(request: AttributeHeadsInput, prompts: PromptSet, bench: Bench) -> Tensor | None:
    """Returns the effects (task, layer, head) of the sweep to compare with, means over prompts.

    Raises:
        Refusal: `not-the-same-sweep`; those of `Bench.read`.
    """
    if request.compare_with is None:
        return None
    artifact = bench.read(request.compare_with, EFFECTS)
    same = SweepHeadsInput(request.prompts, request.replace_by, request.source, request.positions)
    labels, producer = artifact.manifest.labels, artifact.manifest.producer
    differs = None
    if labels.get("task") != tuple(prompts.names):
        differs = "its tasks are others"
    elif labels.get("prompts_sha256") != (prompts.sha256,):
        differs = "its prompts are others"
    elif producer.request_sha256 != hash_of(encode(same)):
        differs = "it replaced heads by something else, or at other tokens"
    if differs is not None:
        raise Refusal(
            "not-the-same-sweep",
            what=f"estimates were to be compared with the sweep {request.compare_with[:12]}",
            why=differs,
            instead="run sweep_heads with these prompts, replace_by, source and positions, and compare with that",
        )
    return artifact.tensors["data"].double().mean(1)


def _ranked(head: Head, means: Tensor) -> EstimatedHead:
    tasks = means[:, head.layer, head.head]
    sem = standard_error(tasks)
    return EstimatedHead(component=str(head), estimate=float(tasks.mean()), sem=sem)


def _task(index: int, probability: Tensor, means: Tensor, prompts: PromptSet) -> EstimatedTask:
    group = prompts.groups[index]
    best = best_first(means[index])[0]
    return EstimatedTask(
        task=group.name,
        prompts=len(group.rows),
        baseline=float(probability[group.rows.start : group.rows.stop].double().mean()),
        best=str(best),
        largest=float(means[index, best.layer, best.head]),
    )
