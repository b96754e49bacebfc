"""What the model would say if it stopped after each layer (nostalgebraist 2020): the stream, read by its own head.

Norm, unembedding and soft cap are the model's own, at each layer's own scale; nothing is fitted (no tuned lens).
"""

import torch
from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import LensLayer, LensTask, LogitLensInput, LogitLensOutput
from recircuit_worker.engine.streams import Streams
from recircuit_worker.prompts.contrast_scores import sides_of
from recircuit_worker.prompts.sets import PromptSet

KIND = "logit_lens"
STATISTICS = ("rank", "probability", "logit difference")
HALF = 0.5


def run(request: LogitLensInput, bench: Bench) -> LogitLensOutput:
    """Returns a row for the embedding and for each layer; the artifact is (task, prompt, layer, statistic) float32.

    Raises:
        Refusal: those of `Bench.prompts` and `Streams`.
    """
    prompts = bench.prompts(request.prompts)
    bench.expect(len(prompts.prompts))
    found = lens(prompts, bench)
    by_task = found.unflatten(0, (len(prompts.groups), -1))
    return LogitLensOutput(
        said=bench.write(
            KIND,
            by_task.float(),
            axes=("task", "prompt", "layer", "statistic"),
            unit="rank from 0, probability, logit difference",
            labels={"task": prompts.names, "statistic": STATISTICS, "layer": _names(found.shape[1])},
        ),
        layers=tuple(_layer(index, by_task[:, :, index].double()) for index in range(found.shape[1])),
        tasks=tuple(
            LensTask(task=group.name, prompts=len(group.rows), answered_from=_answered_from(each[..., 0]))
            for group, each in zip(prompts.groups, by_task, strict=True)
        ),
        receipt=bench.receipt(prompts),
    )


def lens(prompts: PromptSet, bench: Bench) -> Tensor:
    """Returns (prompt, layer, statistic) at the last token; layer 0 is the embedding."""
    streams = Streams(bench.model.model, bench.parts)
    streams.counts, streams.watch = bench.engine.counts, bench.engine.watch
    sides = sides_of(prompts.items) if prompts.items else None
    found = torch.zeros(len(prompts.prompts), bench.facts.layers + 1, len(STATISTICS), dtype=streams.number)
    for batch in streams.batches(prompts.prompts):
        read = streams.read(batch, batch.last[:, None])
        for index, stream in enumerate([*(layer.before for layer in read.layers), read.last]):
            logits = streams.said(batch, read, stream)[:, 0].cpu()
            if sides is None:
                answers = batch.targets[:, -1:].cpu()
                chosen, known = logits.gather(1, answers), torch.ones_like(answers, dtype=torch.bool)
                difference = chosen[:, 0] - logits.mean(-1)
            else:
                here = sides.of(batch.rows)
                chosen, known = logits.gather(1, here.tokens), here.answers
                difference = here.difference(chosen)
            best = chosen.masked_fill(~known, -torch.inf).amax(-1, keepdim=True)
            share = (chosen - logits.logsumexp(-1, keepdim=True)).exp().masked_fill(~known, 0).sum(-1)
            rank = (logits > best).sum(-1).to(streams.number)
            found[batch.rows, index] = torch.stack([rank, share, difference], dim=-1)
    return found


def _names(layers: int) -> list[str]:
    return ["embedding", *(str(layer) for layer in range(layers - 1))]


def _layer(index: int, by_task: Tensor) -> LensLayer:
    """Returns the row of one layer, of (task, prompt, statistic)."""
    means = by_task.mean(1).mean(0)
    return LensLayer(
        layer=None if index == 0 else index - 1,
        rank=float(by_task[..., 0].quantile(0.5, dim=1).mean()),
        accuracy=float((by_task[..., 0] == 0).double().mean()),
        probability=float(means[1]),
        logit_difference=float(means[2]),
    )


def _answered_from(ranks: Tensor) -> int | None:
    """Returns the first layer from which on, to the last, half of the prompts have their answer on top."""
    right = ((ranks == 0).double().mean(0) >= HALF).tolist()  # the embedding first
    first = None
    for layer in range(len(right) - 1, 0, -1):
        if not right[layer]:
            break
        first = layer - 1
    return first
