"""Adds a function vector to the residual stream and measures what the model then does (Todd et al. 2024, section 2.3).

The vector is the sum over heads of their mean output through their slice of the output projection: weight only, since a
bias would be counted once per head.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from recircuit_worker.address import Head, parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import Injection, InjectVectorInput, InjectVectorOutput, TaskAccuracy
from recircuit_worker.engine.interface import Answers, Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.means import read_means
from recircuit_worker.models.adapter import Parts, head_matrix
from recircuit_worker.prompts.scores import overall, task_scores
from recircuit_worker.prompts.sets import PromptSet, find_tasks


def run(request: InjectVectorInput, bench: Bench) -> InjectVectorOutput:
    """Returns the accuracy for each layer and scale; the artifact is (task, layer, scale) float32.

    Raises:
        Refusal: `no-other-task`, `no-such-layer`, `layer-twice`; those of `Bench.prompts`, `read_means`, `parse_heads`.
    """
    prompts = bench.prompts(request.prompts)
    heads = parse_heads(request.components, layers=bench.facts.layers, heads=bench.facts.heads)
    layers = _layers(request.layers, bench.facts.layers)
    sources = prompts.names if request.vector == "own-task" else other_tasks(prompts.names, bench)
    vectors = function_vectors(
        read_means(request.source, sources, bench), heads, bench.parts, through_norm=request.norm == "through-norm"
    )
    values = vectors[prompts.group_of]  # (prompt, d_model)
    bench.expect(len(prompts.prompts) * (1 + len(layers) * len(request.scales)))
    places = [(layer, scale) for layer in layers for scale in request.scales]
    edits = [[Edit("residual", layer, "add", scale * values)] for layer, scale in places]
    found = bench.engine.answers_each(prompts.prompts, edits)
    before = overall(task_scores(prompts, found.unedited()))[0]
    rows = [_row(*place, prompts, answers) for place, answers in zip(places, found.each(), strict=True)]
    accuracy = torch.tensor([[task.accuracy for task in row.tasks] for row in rows])
    return InjectVectorOutput(
        before=before,
        rows=tuple(rows),
        best=max(rows, key=lambda row: row.accuracy),
        accuracy=bench.write(
            "injection_accuracy",
            accuracy.T.unflatten(1, (len(layers), len(request.scales))),
            axes=("task", "layer", "scale"),
            unit="share",
            labels={
                "task": prompts.names,
                "layer": [str(layer) for layer in layers],
                "scale": [f"{scale:g}" for scale in request.scales],
            },
        ),
        receipt=bench.receipt(prompts, edited=True),
    )


def function_vectors(means: Tensor, heads: Sequence[Head], parts: Parts, *, through_norm: bool = False) -> Tensor:
    """Returns one vector per task, (task, d_model) float32, of means (task, layer, head, head_dim).

    `through_norm`: each layer's sum passes the norm that stands between its heads and the residual stream, if it has
    one; the norm's scale is then that of the sum itself, not of a running prompt.
    """
    total = torch.zeros(means.shape[0], parts.d_model)
    with torch.inference_mode():
        for layer in sorted({head.layer for head in heads}):
            part = sum(
                means[:, layer, head.head] @ head_matrix(parts, layer, head.head).to("cpu", means.dtype)
                for head in heads
                if head.layer == layer
            )
            norm = parts.layers[layer].post_attention_norm
            if through_norm and norm is not None:
                part = norm(part.to(parts.unembedding.weight)).to("cpu", means.dtype)
            total += part
    return total


def other_tasks(names: Sequence[str], bench: Bench) -> list[str]:
    """Returns for each task another: the next of its domain among them, cyclically, else the next of all.

    Raises:
        Refusal: `no-other-task` if there is one task only.
    """
    if len(names) < 2:
        raise Refusal(
            "no-other-task",
            what=f"another task's vector was asked for {names[0]}",
            why="it is the only task of the request",
            instead="ask for two tasks or more, of one domain if possible",
        )
    domains = {task.task: task.domain for task in find_tasks(names, bench.material)}
    found = []
    for place, name in enumerate(names):
        following = [*names[place + 1 :], *names[:place]]
        same = [other for other in following if domains[other] == domains[name]]
        found.append((same or following)[0])
    return found


def _layers(asked: Sequence[int] | None, count: int) -> list[int]:
    layers = list(range(count)) if asked is None else list(asked)
    if any(layer >= count for layer in layers) or len(set(layers)) < len(layers):
        raise Refusal(
            "no-such-layer" if max(layers) >= count else "layer-twice",
            what=f"the vector was to be added after layers {', '.join(map(str, layers))}",
            why=f"this model has layers 0 to {count - 1}, and each is measured once",
            instead="name layers that the model has, each once",
        )
    return layers


def _row(layer: int, scale: float, prompts: PromptSet, answers: Answers) -> Injection:
    scores = task_scores(prompts, answers)
    tasks = tuple(TaskAccuracy(score.task, score.accuracy) for score in scores)
    return Injection(layer=layer, scale=scale, accuracy=overall(scores)[0], tasks=tasks)
