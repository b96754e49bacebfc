"""What replacing each head's output would do, estimated from gradients: approximate, unlike what the engines tell.

Attribution patching (Nanda 2023; Syed et al. 2023, arXiv 2310.10348): the gradient at the unedited prompt, times the
change. Integrated: the mean gradient along a straight path. The path is one of head outputs, not of input embeddings
as in EAP-IG (Hanna et al. 2024, arXiv 2403.17806), since a mean or a zero has no input that would bring it about.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.engine.batches import TOKENS_PER_BATCH, Batch
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.fast.chunks import in_chunks
from recircuit_worker.engine.hooks import split_heads
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.passes import Passes, judge
from recircuit_worker.errors import Fault


@dataclass(frozen=True)
class Estimates:
    """Numbers on the CPU."""

    effects: Tensor
    """(prompt, layer, head), change in probability of the target at the last scored position"""
    probability: Tensor
    """(prompt,) of that target, nothing replaced"""


class Gradients(Passes):
    """Passes that can be walked back. Weights stay frozen, so that a backward pass costs, and counts as, a forward."""

    def head_estimates(
        self, prompts: Sequence[TokenPrompt], values: Tensor | None, positions: Tensor, steps: int | None
    ) -> Estimates:
        """Returns the estimated effect of replacing each head's output at these positions, all other heads live.

        Args:
            values: (prompt, place, layer, head, head_dim) put in; None: zero.
            positions: (prompt, place), replaced together; -1 names no token.
            steps: points on the path; None: attribution patching. On the path all heads move together, each by the
                same share of its own change, and answer to one another: the estimates of a prompt add up to the
                effect of that joint move, exactly so as `steps` grow.

        Raises:
            Fault: `edit-did-not-fire`, `nan-from-model`, `out-of-memory`.
        """
        layers, heads = len(self.parts.layers), self.parts.heads
        effects = torch.zeros(len(prompts), layers, heads, dtype=self.number)
        probability = torch.zeros(len(prompts), dtype=self.number)
        order = sorted(range(len(prompts)), key=lambda row: len(prompts[row].ids))

        def run(chunk: Sequence[int]) -> None:
            for batch in self._batches([prompts[row] for row in chunk]):
                rows = torch.tensor(chunk)[batch.rows]
                given = None if values is None else values[rows]
                effects[rows], probability[rows] = self._estimate(batch, given, positions[rows], steps)

        longest = len(prompts[order[-1]].ids)
        in_chunks(order, max(1, TOKENS_PER_BATCH // longest), run, self.counts)
        return Estimates(effects, probability)

    def _estimate(
        self, batch: Batch, values: Tensor | None, positions: Tensor, steps: int | None
    ) -> tuple[Tensor, Tensor]:
        """Returns (effects (row, layer, head), probability (row,)) of a batch."""
        with torch.set_grad_enabled(steps is None):
            clean = self._run(batch, positions, None)
        change = [
            -own if values is None else values[:, :, layer].to(own) - own for layer, own in enumerate(clean.outputs)
        ]
        if steps is None:
            slopes = self._walk_back(clean, batch)
        else:
            slopes = [torch.zeros_like(part) for part in change]
            for step in range(steps):
                share = (step + 0.5) / steps  # midpoints: the error falls with the square of the steps
                there = self._run(batch, positions, [share * part for part in change])
                for total, slope in zip(slopes, self._walk_back(there, batch), strict=True):
                    total += slope / steps
        effects = [
            (part * slope).sum((1, 3)).to("cpu", self.number) for part, slope in zip(change, slopes, strict=True)
        ]
        return torch.stack(effects, dim=1), clean.probability.detach().cpu()

    def _run(self, batch: Batch, positions: Tensor, moves: list[Tensor] | None) -> "_Traced":
        """Runs the batch with every head's output moved; `moves` are per layer (row, place, head, head_dim)."""
        outputs: list[Tensor] = []
        leaves: list[Tensor] = []
        if moves is not None:
            self.counts.edits_requested += len(batch.rows) * len(moves)
        with self._moving(positions, moves, outputs, leaves):
            _, log_probability = judge(self._forward(batch), batch.targets)
        if len(outputs) != len(self.parts.layers):
            raise Fault("edit-did-not-fire", f"{len(outputs)} of {len(self.parts.layers)} layers were reached")
        return _Traced(log_probability[:, -1].exp(), outputs, leaves)

    @contextmanager
    def _moving(
        self, positions: Tensor, moves: list[Tensor] | None, outputs: list[Tensor], leaves: list[Tensor]
    ) -> Iterator[None]:
        """While open, adds a leaf of the graph to the head outputs of each layer: their moves, or zero."""

        def move(layer: int, args: tuple) -> tuple:
            heads = split_heads(args[0], self.parts)
            places = positions.to(heads.device)
            row, column = (places >= 0).nonzero(as_tuple=True)
            each = torch.arange(len(places), device=heads.device)[:, None]
            outputs.append(heads.detach()[each, places.clamp(min=0)])
            leaf = torch.zeros_like(outputs[-1]) if moves is None else moves[layer].to(heads)
            self.counts.edits_fired += 0 if moves is None else len(places)
            leaves.append(leaf.requires_grad_())
            moved = heads.index_put((row, places[row, column]), leaf[row, column], accumulate=True)
            return (moved.flatten(2), *args[1:])

        def hook(layer: int):
            return lambda module, args: move(layer, args)

        with ExitStack() as stack:
            for layer, found in enumerate(self.parts.layers):
                stack.callback(found.projection.register_forward_pre_hook(hook(layer)).remove)
            yield

    def _walk_back(self, traced: "_Traced", batch: Batch) -> list[Tensor]:
        """Returns per layer the gradient of the probability, (row, place, head, head_dim)."""
        self.watch.check_cancelled()
        slopes = torch.autograd.grad(traced.probability.sum(), traced.leaves)
        self.counts.forwards += len(batch.rows)
        self.counts.layer_tokens += len(self.parts.layers) * batch.ids.numel()
        self.watch.progress(len(batch.rows))
        return list(slopes)

    def _exact(self) -> ExitStack:
        """Unlike the engines' own, it leaves gradients alone."""
        stack = ExitStack()
        if self.double:
            stack.enter_context(ExactDouble())
        return stack


@dataclass(frozen=True)
class _Traced:
    probability: Tensor
    """(row,)"""
    outputs: list[Tensor]
    """per layer (row, place, head, head_dim), before the move"""
    leaves: list[Tensor]
