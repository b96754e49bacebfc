"""Attribution patching (Nanda 2023): the first-order estimate of every head's effect. Approximate, unlike the rest.

Weights are frozen, so that the backward pass costs about one forward; only the last token's logits are computed. Both
make it cheaper than what libraries run.
"""

import torch
from torch import Tensor, nn

from recircuit_worker.benchmarks.contenders import Contender
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.engine.hooks import only_positions, reading, split_heads


class Attribution(Contender):
    """Two forwards and one backward: the source is a counterfactual prompt of each prompt."""

    key, about = "R3", "attribution patching: 2 forwards + 1 backward (approximate)"
    exact = False
    compared_with = "Fs"

    def sweep(self, cells: list[int], told: Told) -> None:
        source = self._source()
        inputs, log_probability = self._traced(self.work.ids)
        gradients = torch.autograd.grad(log_probability.sum(), inputs)
        clean = log_probability.detach()[:, None]
        for layer, (given, gradient) in enumerate(zip(inputs, gradients, strict=True)):
            output, slope = (split_heads(part.detach()[:, -1:], self.work.parts)[:, 0] for part in (given, gradient))
            change = ((source[layer] - output) * slope).sum(-1)  # (prompt, head), nats
            here = slice(layer * self.work.parts.heads, (layer + 1) * self.work.parts.heads)
            told.log_probability[:, here] = (clean + change).to(told.log_probability)
        told.clean_log_probability[:] = clean.to(told.log_probability)

    def _source(self) -> list[Tensor]:
        """Returns per layer (prompt, head, head_dim)."""
        found: list[Tensor] = []
        with torch.no_grad(), reading(self.work.parts, heads=lambda layer, heads: found.append(heads[:, -1])):
            self.work.parts.base(input_ids=self.work.other_ids, use_cache=False)
        return found

    def _traced(self, ids: Tensor) -> tuple[list[Tensor], Tensor]:
        """Returns each projection's input, (prompt, token, heads * head_dim), and the answers' log probabilities."""
        work, found = self.work, []

        def keep(module: nn.Module, args: tuple) -> None:
            found.append(args[0])

        handles = [layer.projection.register_forward_pre_hook(keep) for layer in work.parts.layers]
        # Weights need no gradient, so the embeddings must, or there would be no graph at all.
        handles.append(work.parts.embedding.register_forward_hook(lambda module, args, output: output.requires_grad_()))
        last = torch.full((len(ids), 1), ids.shape[1] - 1, device=ids.device)
        try:
            with only_positions(work.parts.base, last):
                logits = work.model(input_ids=ids, use_cache=False).logits[:, 0].float()
                return found, logits.log_softmax(-1).gather(-1, work.answers[:, :1])[:, 0]
        finally:
            for handle in handles:
                handle.remove()


class AttributionOfMeans(Attribution):
    """One forward and one backward: the source is the given mean."""

    key, about = "R3m", "attribution patching from given means: 1 forward + 1 backward (approximate)"
    compared_with = "R1"

    def _source(self) -> list[Tensor]:
        return list(self.work.means)
