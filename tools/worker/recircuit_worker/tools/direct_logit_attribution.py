"""What each head and MLP says about the answer by itself: its share of the logit difference at the last token.

The final norm is frozen at the scale of the running prompt, and so is a norm behind attention (Gemma-2, OLMo-2), so
that the shares add up to the logit difference before any soft cap. What a component does through later ones is no part
of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from recircuit_worker.address import Head, Mlp, parse_components
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    DirectComponent,
    DirectLogitAttributionInput,
    DirectLogitAttributionOutput,
    DirectTask,
)
from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.streams import Streams
from recircuit_worker.errors import Fault
from recircuit_worker.models.adapter import matrix
from recircuit_worker.prompts.contrast_scores import Sides, sides_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.ranking import default_top
from recircuit_worker.standard_error import standard_error

KIND = "direct_contributions"
AT_LEAST = 10
TOLERANCE = {"float32": 1e-3, "float64": 1e-9, "bfloat16": 5e-2}
"""largest part of a logit difference, as a share of the largest contribution, that no component explains"""


@dataclass(frozen=True)
class Direct:
    """Of each prompt, in units of the logit difference."""

    components: Tensor
    """(prompt, component): heads layer by layer, then MLPs"""
    embedding: Tensor
    """(prompt,)"""
    biases: Tensor
    """(prompt,) of output projections, norms and unembedding"""
    whole: Tensor
    """(prompt,) logit difference of the model, before any soft cap"""

    def unexplained(self) -> Tensor:
        return self.whole - self.components.sum(-1) - self.embedding - self.biases


def run(request: DirectLogitAttributionInput, bench: Bench) -> DirectLogitAttributionOutput:
    """Returns the components asked for, in that order, or the strongest; the artifact is (task, prompt, component).

    Raises:
        Refusal: those of `Bench.prompts`, `parse_components` and `Streams`.
        Fault: `does-not-add-up`.
    """
    facts = bench.facts
    every = [Head(*place) for place in product(range(facts.layers), range(facts.heads))]
    every += [Mlp(layer) for layer in range(facts.layers)]
    asked = request.components and parse_components(request.components, layers=facts.layers, heads=facts.heads)
    prompts = bench.prompts(request.prompts)
    bench.expect(len(prompts.prompts))
    found = attribute(prompts, bench)
    _check_sum(found, bench)
    by_task = found.components.unflatten(0, (len(prompts.groups), -1))
    means = by_task.double().mean(1)
    top = min(request.top or default_top(len(every), AT_LEAST), len(every))
    order = means.mean(0).abs().argsort(descending=True, stable=True).tolist()
    places = [every.index(component) for component in asked] if asked else order[:top]
    rows = tuple(_row(every[place], means[:, place]) for place in places)
    return DirectLogitAttributionOutput(
        contributions=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "component"),
            unit="logit difference",
            labels={"task": prompts.names, "component": [str(each) for each in every]},
        ),
        components=rows,
        mean=sum(row.contribution for row in rows) / len(rows),
        all_components=len(every),
        tasks=tuple(_task(index, found, means[index], every, prompts, facts.layers) for index in range(len(means))),
        receipt=bench.receipt(prompts),
    )


def attribute(prompts: PromptSet, bench: Bench) -> Direct:
    """Returns the direct contributions at the last token of each prompt."""
    streams = Streams(bench.model.model, bench.parts)
    streams.counts, streams.watch = bench.engine.counts, bench.engine.watch
    behind, final = streams.norms()
    layers, heads = bench.facts.layers, bench.facts.heads
    sides = sides_of(prompts.items) if prompts.items else None
    components = torch.zeros(len(prompts.prompts), layers * heads + layers, dtype=streams.number)
    sums = [torch.zeros(len(prompts.prompts), dtype=streams.number) for _ in range(3)]
    for batch in streams.batches(prompts.prompts):
        read = streams.read(batch, batch.last[:, None])
        ahead = _weights(batch, sides, read.logits.shape[-1]).to(read.logits)  # (row, vocabulary)
        direction = (ahead @ matrix(bench.parts.unembedding).T.to(ahead))[:, None]
        before = final.pull(direction, read.scale)
        found = []
        for layer, norm in zip(read.layers, behind, strict=True):
            found.append(_of_heads(layer.heads, norm.pull(before, layer.scale), streams, len(found)))
        mlps = [(layer.mlp * before).sum((1, 2)) for layer in read.layers]
        components[batch.rows] = torch.cat([*found, torch.stack(mlps, dim=1)], dim=1).cpu()
        whole = (ahead * read.logits[:, 0]).sum(-1)
        embedding = (read.layers[0].before * before).sum((1, 2))
        attention = torch.stack([(layer.attention * before).sum((1, 2)) for layer in read.layers]).sum(0)
        bias = getattr(bench.parts.unembedding, "bias", None)
        biases = attention - torch.cat(found, dim=1).sum(1) + (direction[:, 0] * final.bias).sum(-1)
        biases = biases if bias is None else biases + ahead @ bias.to(ahead)
        for total, part in zip(sums, (embedding, biases, whole), strict=True):
            total[batch.rows] = part.cpu()
    return Direct(components, *sums)


def _weights(batch: Batch, sides: Sides | None, vocabulary: int) -> Tensor:
    """Returns how each token's logit enters the difference, (row, vocabulary).

    Contrast pairs: mean of the answers minus mean of the rivals. Else: the answer minus the mean of all tokens.
    """
    found = torch.zeros(len(batch.rows), vocabulary, dtype=torch.float64)
    if sides is None:
        found -= 1 / vocabulary
        found[torch.arange(len(batch.rows)), batch.targets[:, -1].cpu()] += 1
        return found
    here = [part[batch.rows] for part in (sides.answers.double(), sides.rivals.double())]
    answers, rivals = (part / part.sum(-1, keepdim=True) for part in here)
    return found.scatter_add_(1, sides.tokens[batch.rows], answers - rivals)


def _of_heads(outputs: Tensor, before: Tensor, streams: Streams, layer: int) -> Tensor:
    """Returns (row, head) of head outputs (row, place, head, head_dim) along directions (row, place, d_model)."""
    each = [
        (outputs[:, :, head] * (before @ streams.writes(layer, head).T)).sum((1, 2)) for head in range(outputs.shape[2])
    ]
    return torch.stack(each, dim=1)


def _check_sum(found: Direct, bench: Bench) -> None:
    off = float(found.unexplained().abs().max())
    largest = float(found.components.abs().max())
    if not off <= TOLERANCE[bench.facts.dtype] * max(1.0, largest):
        raise Fault(
            "does-not-add-up",
            f"contributions miss the logit difference by {off:.3g}; the largest of them is {largest:.3g}",
            why="components, embedding and biases make up all of it, so that one was read wrongly",
            instead="do not use the result; report the model and the request",
        )


def _row(component: Head | Mlp, tasks: Tensor) -> DirectComponent:
    sem = standard_error(tasks)
    return DirectComponent(component=str(component), contribution=float(tasks.mean()), sem=sem)


def _task(
    index: int, found: Direct, means: Tensor, every: Sequence[Head | Mlp], prompts: PromptSet, layers: int
) -> DirectTask:
    group = prompts.groups[index]
    return DirectTask(
        task=group.name,
        prompts=len(group.rows),
        logit_difference=group.mean(found.whole),
        heads=float(means[:-layers].sum()),
        mlps=float(means[-layers:].sum()),
        embedding=group.mean(found.embedding),
        biases=group.mean(found.biases),
        unexplained=group.mean(found.unexplained()),
        strongest=str(every[int(means.abs().argmax())]),
    )
