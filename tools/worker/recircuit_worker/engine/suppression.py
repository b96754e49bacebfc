"""Copy-suppression-preserving ablation (McDougall et al. 2023, section 3.3): only predicted copies are lowered.

Kept is what it takes from the most predicted tokens of the text along their own unembedding, where that is negative;
the rest is its mean. Direct effect on the logits alone, as in the authors' code, where words alike count too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.hooks import reading, reading_attention
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.passes import no_attention
from recircuit_worker.engine.streams import Stream, Streams
from recircuit_worker.models.adapter import matrix

KEPT = 5
"""source tokens kept at each destination: the most predicted ones; the authors' demonstration"""


@dataclass(frozen=True)
class Kept:
    """Of one head, means over destinations, in nats."""

    mean_ablated: float
    """KL divergence from the clean distribution with the head's mean output in the place of its own"""
    suppressing: float
    """the same where what suppresses copies is kept"""


class Suppression(Streams):
    """Clean passes, and their last streams with one head's direct share exchanged."""

    def measure(self, prompts: Sequence[TokenPrompt], heads: Sequence[Head], special: set[int]) -> list[Kept]:
        """Returns the divergences for each head at the scored positions; the mean is over these too.

        Args:
            special: tokens that are never kept sources.

        Raises:
            Refusal: `no-attention-weights`; those of `Streams`.
        """
        means = self._means(prompts)
        sums = torch.zeros(len(heads), 2, dtype=torch.float64)
        for batch in self.batches(prompts):
            weights, values = self._attention(batch)
            read = self.read(batch, batch.scored)
            for place, head in enumerate(heads):
                keys = weights[head.layer][:, head.head].gather(
                    1, batch.scored[:, :, None].expand(-1, -1, batch.ids.shape[1])
                )
                parts = keys[..., None] * values[head.layer][:, head.head][:, None]  # (row, place, key, head_dim)
                sums[place] += self._head(batch, read, head, parts, means[head.layer, head.head], special)
        return [Kept(*row) for row in (sums / sum(len(prompt.scored) for prompt in prompts)).tolist()]

    def _means(self, prompts: Sequence[TokenPrompt]) -> Tensor:
        """Returns the mean head outputs over all scored positions, (layer, head, head_dim)."""
        outputs = self.head_outputs(prompts, torch.tensor([prompt.scored for prompt in prompts]))
        return outputs.double().mean((0, 1)).to(self.number)

    def _attention(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Returns per layer the weights (row, head, query, key) and the values (row, head, key, head_dim)."""
        weights: list[Tensor] = []
        values: list[Tensor] = []

        def keep(layer: int, found: Tensor | None) -> None:
            if found is None:
                raise no_attention()
            weights.append(found.to(self.number))

        with (
            reading(self.parts, attention=keep),
            reading_attention(self.parts, lambda layer, reads: values.append(reads["value"].to(self.number))),
        ):
            self._forward(batch, positions=batch.scored)
        return weights, values

    def _head(self, batch: Batch, read: Stream, head: Head, parts: Tensor, mean: Tensor, special: set[int]) -> Tensor:
        """Returns the two sums of one head over the destinations of a batch."""
        behind, final = self.norms()
        layer, writes = read.layers[head.layer], self.writes(head.layer, head.head)
        device = writes.device

        def share(outputs: Tensor) -> Tensor:
            """What outputs (row, place, ..., head_dim) of the head add to the stream."""
            more = outputs.dim() - 3
            scale = layer.scale.reshape(*layer.scale.shape, *[1] * more).expand(outputs.shape[:-1])
            return behind[head.layer].push(outputs.to(device) @ writes, scale)

        own = share(parts.sum(2))
        average = share(mean.expand_as(parts[:, :, 0]))
        unembedding = matrix(self.parts.unembedding).T.to(device, self.number)[batch.ids.to(device)]
        ahead = final.pull(unembedding, torch.ones_like(unembedding[..., 0]))  # (row, key, d_model)
        keep = self._kept(batch, torch.einsum("rpd,rkd->rpk", layer.before, ahead), special)
        counted = (batch.scored[:, :, None] + 1).to(average)
        between = share(parts) - (average / counted)[:, :, None]
        along = ahead / ahead.norm(dim=-1, keepdim=True).clamp_min(1e-30)
        lowered = torch.einsum("rpkd,rkd->rpk", between, along).clamp(max=0) * keep
        kept = average + torch.einsum("rpk,rkd->rpd", lowered, along)
        clean = self.said(batch, read, read.last).log_softmax(-1)
        found = []
        for other in (average, kept):
            said = self.said(batch, read, read.last + other - own).log_softmax(-1)
            found.append((clean.exp() * (clean - said)).sum().double().cpu())
        return torch.stack(found)

    def _kept(self, batch: Batch, predicted: Tensor, special: set[int]) -> Tensor:
        """Returns which sources (row, place, key) are kept: all places of the most predicted tokens."""
        ids = batch.ids.to(predicted.device)
        keys = torch.arange(ids.shape[1], device=ids.device)
        seen = keys <= batch.scored[:, :, None].to(ids.device)
        barred = torch.isin(ids, torch.tensor(sorted(special), device=ids.device))
        open_to = seen & ~barred[:, None]
        same = ids[:, :, None] == ids[:, None]
        first = ~(same & (keys[None] < keys[:, None])).any(-1)  # (row, key): no earlier place has this token
        scores = predicted.masked_fill(~(open_to & first[:, None]), -torch.inf)
        best = scores.topk(min(KEPT, scores.shape[-1]), dim=-1)
        chosen = torch.zeros_like(open_to).scatter(-1, best.indices, best.values > -torch.inf)
        return (chosen.to(self.number) @ same.to(self.number) > 0) & open_to
