"""What later heads read of a token by itself: no context, no position. For scores of heads from weights.

Two readings are published. `mlp`: what the first MLP makes of the embedding, attention left out (Gould et al. 2023,
section 2); `embedding-and-mlp` adds the embedding itself. `stream`: the stream after the first layer, each token
attending to itself (McDougall et al. 2023). Heads of the first layer read the embedding. Only the first layer is run.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Literal

import torch
from torch import Tensor, nn

from recircuit_worker.engine.frozen import freeze
from recircuit_worker.engine.hooks import output_tensor
from recircuit_worker.engine.passes import Passes
from recircuit_worker.models.adapter import head_matrix, matrix
from recircuit_worker.models.trace import first_tensor
from recircuit_worker.models.values import value_matrix

TOKENS_AT_ONCE = 1024
Kind = Literal["mlp", "embedding-and-mlp", "stream"]


class _FirstLayerDone(Exception):
    """Ends a pass: the rest of the model is of no use."""


class Effective(Passes):
    """Tokens as heads read them, and what an attended token then says. Raises Refusal `value-path-not-linear`."""

    def embeddings(self, tokens: Sequence[int], kind: Kind) -> tuple[Tensor, Tensor]:
        """Returns (embedding, effective embedding), each (token, d_model), without position."""
        both = [
            self._chunk(list(tokens[at : at + TOKENS_AT_ONCE]), kind) for at in range(0, len(tokens), TOKENS_AT_ONCE)
        ]
        return torch.cat([one for one, _ in both]), torch.cat([other for _, other in both])

    def said(
        self, layer: int, read: Tensor, tokens: Tensor | None = None, heads: Sequence[int] | None = None
    ) -> Iterator[Tensor]:
        """Yields for each head of a layer, or for these, the logits (read, token) of attending to streams (read, d).

        Norms stand without their scale, one positive factor that all logits of a stream share, and without bias; so do
        values, output projection and unembedding. Of all tokens if none are named.
        """
        parts = self.parts
        with self._exact():
            into, behind, final = (freeze(norm, parts, self.number) for norm in self._norms(layer))
            weight = matrix(parts.unembedding).to(read)
            weight = weight if tokens is None else weight[:, tokens]
            values = value_matrix(parts, layer, self.vocabulary).to(read)
            given = into.push(read, torch.ones_like(read[:, 0]))
            for head in range(parts.heads) if heads is None else heads:
                writes = head_matrix(parts, layer, head).to(read)
                ones = torch.ones_like(writes[:, 0])
                ahead = final.push(behind.push(writes, ones), ones) @ weight  # (head_dim, token)
                yield (given @ values[:, head]) @ ahead

    def _norms(self, layer: int) -> tuple[nn.Module | None, nn.Module | None, nn.Module | None]:
        found = self.parts.layers[layer]
        return found.input_norm, found.post_attention_norm, self.parts.final_norm

    def _chunk(self, tokens: list[int], kind: Kind) -> tuple[Tensor, Tensor]:
        first = self.parts.layers[0]
        position: list[Tensor] = []
        given: list[Tensor] = []

        def without_position(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            stream = first_tensor((*args, *kwargs.values()))
            if not position:
                position.append(stream)
                raise _FirstLayerDone
            given.append(stream - position[0])
            swap = lambda value: given[-1] if value is stream else value  # noqa: E731
            return tuple(map(swap, args)), {key: swap(value) for key, value in kwargs.items()}

        def done(module: nn.Module, args: tuple, output: object) -> None:
            given.append(output_tensor(output))
            raise _FirstLayerDone

        def nothing(module: nn.Module, args: tuple, output: Tensor | tuple) -> Tensor | tuple:
            zero = torch.zeros_like(output_tensor(output))
            return (zero, *output[1:]) if isinstance(output, tuple) else zero

        self.watch.check_cancelled()
        with ExitStack() as stack:
            stack.enter_context(self._exact())
            stack.callback(first.module.register_forward_pre_hook(without_position, with_kwargs=True).remove)
            stack.callback(first.module.register_forward_hook(done).remove)
            if kind != "stream":
                stack.callback(first.attention.register_forward_hook(nothing).remove)
            weight = self.parts.embedding.weight
            self._run(inputs_embeds=torch.zeros(1, 1, weight.shape[1], dtype=weight.dtype, device=weight.device))
            self._run(input_ids=torch.tensor(tokens, device=self.device)[:, None])
        before, after = (each[:, 0].to(self.parts.unembedding.weight.device, self.number) for each in given)
        return before, after - before if kind == "mlp" else after

    def _run(self, **inputs: Tensor) -> None:
        try:
            self.parts.base(**inputs, use_cache=False)
        except _FirstLayerDone:
            return
        raise AssertionError("the first layer was not reached")
