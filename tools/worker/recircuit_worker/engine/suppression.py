"""Copy-suppression-preserving ablation (McDougall et al. 2023, section 3.3): only predicted copies are lowered.

Kept is what it takes from the most predicted tokens of the text along their own unembedding, where that is negative;
the rest is its mean. Direct effect on the logits alone, as in the authors' code, where words alike count too and means
are taken source by source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.engine.attention import in_registry, no_attention_inputs
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
        """Returns the divergences for each head at the scored positions; means are over these too.

        Args:
            special: tokens that are never kept sources.

        Raises:
            Refusal: `no-attention-weights`, `no-attention-inputs`; those of `Streams`.
        """
        if not in_registry(self.parts):
            raise no_attention_inputs()
        places = sum(len(prompt.scored) for prompt in prompts)
        passes: list[tuple[Batch, Stream, list[tuple[Tensor, Tensor]]]] = []
        for batch in self.batches(prompts):
            read, weights, values = self._attended(batch)
            parts = [self._parts(batch, read, head, weights, values, special) for head in heads]
            passes.append((batch, replace(read, layers=[]), parts))
        sums = torch.zeros(len(heads), 2, dtype=torch.float64)
        for index in range(len(heads)):
            own, kept = (sum(parts[index][which].sum((0, 1)) for *_, parts in passes) / places for which in (0, 1))
            for batch, read, parts in passes:
                whole, lowered = parts[index]
                others = (own.expand_as(whole), lowered + own - kept)
                sums[index] += self._divergences(batch, read, whole, others)
        return [Kept(*row) for row in (sums / places).tolist()]

    def _attended(self, batch: Batch) -> tuple[Stream, list[Tensor], list[Tensor]]:
        """Returns the stream, and per layer weights (row, head, query, key) and values (row, head, key, head_dim)."""
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
            return self.read(batch, batch.scored), weights, values

    def _parts(
        self,
        batch: Batch,
        read: Stream,
        head: Head,
        weights: Sequence[Tensor],
        values: Sequence[Tensor],
        special: set[int],
    ) -> tuple[Tensor, Tensor]:
        """Returns what a head adds to the stream, and what of it lowers predicted tokens: (row, place, d_model)."""
        behind, final = self.norms()
        layer, writes = read.layers[head.layer], self.writes(head.layer, head.head)
        device = writes.device
        index = batch.scored[:, :, None].expand(-1, -1, batch.ids.shape[1])
        own = weights[head.layer][:, head.head]
        keys = own.gather(1, index.to(own.device)).to(device)
        moved = torch.einsum("rpk,rkh->rpkh", keys, values[head.layer][:, head.head].to(device)) @ writes
        each = behind[head.layer].push(moved, layer.scale[:, :, None].expand(moved.shape[:-1]))
        unembedding = matrix(self.parts.unembedding).T.to(device, self.number)[batch.ids.to(device)]
        ahead = final.pull(unembedding, torch.ones_like(unembedding[..., 0]))  # (row, key, d_model)
        keep = self._kept(batch, torch.einsum("rpd,rkd->rpk", layer.before, ahead), special)
        along = ahead / ahead.norm(dim=-1, keepdim=True).clamp_min(1e-30)
        lowered = torch.einsum("rpkd,rkd->rpk", each, along).clamp(max=0) * keep
        return each.sum(2), torch.einsum("rpk,rkd->rpd", lowered, along)

    def _divergences(self, batch: Batch, read: Stream, own: Tensor, others: Sequence[Tensor]) -> Tensor:
        """Returns for each share that stands in for a head's own the sum of divergences over the destinations."""
        clean = self.said(batch, read, read.last).log_softmax(-1)
        said = [self.said(batch, read, read.last + other - own).log_softmax(-1) for other in others]
        return torch.stack([(clean.exp() * (clean - each)).sum().double().cpu() for each in said])

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
