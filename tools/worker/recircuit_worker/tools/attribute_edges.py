"""Attribution patching over edges of contrast pairs: which connections between heads and MLPs carry the difference.

First-order estimates, by `engine/edges.py`. What one path does exactly is for `path_patch` to say.
"""

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import AttributedEdge, AttributeEdgesInput, AttributeEdgesOutput, EdgesTask
from recircuit_worker.engine.edges import Edges
from recircuit_worker.estimating import check_reached, steps_of
from recircuit_worker.prompts.contrast_scores import ask, sides_of
from recircuit_worker.sources import check_differ
from recircuit_worker.standard_error import standard_error

KIND = "edge_estimates"
TOP = 50


def run(request: AttributeEdgesInput, bench: Bench) -> AttributeEdgesOutput:
    """Returns the strongest edges; the artifact is (task, source, target) float32, means over prompts.

    Raises:
        Refusal: `steps-without-path`; those of `Bench.prompts`, `PromptSet.told` and `Edges.scores`.
        Fault: `all-estimates-zero`.
    """
    steps = steps_of(request.method, request.steps)
    prompts = bench.prompts(request.prompts)
    others = prompts.told(request.prompts.counterfactual)
    check_differ(None, prompts, others)
    bench.expect(len(prompts.prompts) * (4 + 2 * (steps or 1)))
    before, after = (ask(each, bench.engine).difference for each in (prompts, others))
    sides = sides_of(prompts.items)
    edges = Edges(bench.model.model, bench.parts)
    edges.counts, edges.watch = bench.engine.counts, bench.engine.watch
    scores = edges.scores(
        prompts.prompts,
        others.prompts,
        lambda rows, logits: sides.of(rows).difference(logits.gather(-1, sides.of(rows).tokens.to(logits.device))),
        steps,
    )
    check_reached(scores, scores[0].numel(), "edges", "edges")
    means = scores.double().unflatten(0, (len(prompts.groups), -1)).mean(1)
    sources, targets = edges.names()
    return AttributeEdgesOutput(
        estimates=bench.write(
            KIND,
            means.float(),
            axes=("task", "source", "target"),
            unit="logit difference",
            labels={"task": prompts.names, "source": sources, "target": targets},
        ),
        edges=tuple(_strongest(means, sources, targets, request.top or TOP)),
        all_edges=int(edges.existing().sum()),
        tasks=tuple(
            EdgesTask(group.name, len(group.rows), group.mean(before), group.mean(after)) for group in prompts.groups
        ),
        receipt=bench.receipt(prompts),
    )


def _strongest(means: Tensor, sources: list[str], targets: list[str], top: int) -> list[AttributedEdge]:
    """Returns the edges of largest mean over tasks, whichever their sign, of (task, source, target)."""
    average = means.mean(0)
    order = average.abs().flatten().argsort(descending=True, stable=True)[:top].tolist()
    found = []
    for place in order:
        source, target = divmod(place, len(targets))
        if average[source, target] == 0:
            break
        tasks = means[:, source, target]
        sem = standard_error(tasks)
        name = f"{sources[source]}->{targets[target]}"
        found.append(AttributedEdge(name, sources[source], targets[target], float(tasks.mean()), sem))
    return found
