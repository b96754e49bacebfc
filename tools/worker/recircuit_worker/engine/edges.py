"""Edge attribution patching: what each edge would change if it alone carried the counterfactual, from gradients.

An edge leads from the embedding, a head or an MLP to what a head reads (query, key, value), to an MLP or to the logits.
Its score is the difference that the source makes to the stream, times the gradient of the logit difference with respect
to the stream as this one target reads it (Syed et al. 2023, arXiv 2310.10348). Integrated: the mean of that gradient
while the embedding goes from clean to counterfactual (EAP-IG on inputs, Hanna et al. 2024, arXiv 2403.17806).
A norm behind attention is frozen at its clean scale, since heads do not add up through it otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from recircuit_worker.engine.attention import (
    Ungrouped,
    attention_through,
    in_registry,
    no_attention_inputs,
    own_attention,
    ungroup,
)
from recircuit_worker.engine.batches import TOKENS_PER_BATCH, Batch
from recircuit_worker.engine.changes import Changes
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.hooks import output_tensor
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.streams import Streams
from recircuit_worker.errors import Refusal
from recircuit_worker.models.trace import first_tensor

READS = ("q", "k", "v")
INPUT, LOGITS = "input", "logits"
Difference = Callable[[Tensor, Tensor], Tensor]
"""logit difference (row,) of the rows of a call (row,) and their logits (row, vocabulary)"""


@dataclass
class _Traced:
    """Tensors of the graph, layer by layer."""

    entered: list[Tensor] = field(default_factory=list)
    """the stream in front of the layer"""
    reads: list[list[Tensor]] = field(default_factory=list)
    """query, key, value, each (row, head, token, head_dim)"""
    mlp_read: list[Tensor | None] = field(default_factory=list)
    """the stream that the MLP's norm reads, or the MLP itself"""
    mlp_given: list[Tensor | None] = field(default_factory=list)
    """the MLP's input, in front of a copy"""
    mlp_copy: list[Tensor | None] = field(default_factory=list)
    """that copy, which nothing else reads"""
    last: Tensor | None = None


class Edges(Streams):
    """Weights stay frozen, so that a backward pass costs, and counts as, a forward."""

    def names(self) -> tuple[list[str], list[str]]:
        """Returns the sources and the targets, in the order of the scores."""
        layers, heads = range(len(self.parts.layers)), range(self.parts.heads)
        sources, targets = [INPUT], []
        for layer in layers:
            sources += [*(f"a{layer}.h{head}" for head in heads), f"m{layer}"]
            targets += [f"a{layer}.h{head}<{read}>" for head in heads for read in READS] + [f"m{layer}"]
        return sources, [*targets, LOGITS]

    def existing(self) -> Tensor:
        """Returns which pairs (source, target) are edges of this model, read off one pass over one token.

        Parallel blocks have fewer: their MLP reads what attention reads.
        """
        sources, targets = self.names()
        found = torch.zeros(len(sources), len(targets), dtype=torch.bool)
        traced, heads = _Traced(), self.parts.heads
        batch = next(self._batches([TokenPrompt((0,), (0,), (0,))]))
        with self._tracing(traced, torch.zeros(1, device=self.device)):
            self._forward(batch)
        width, read = heads + 1, 3 * heads + 1
        for layer in range(len(self.parts.layers)):
            found[: 1 + layer * width, layer * read : (layer + 1) * read] = True
            if traced.mlp_read[layer] is not traced.entered[layer]:
                found[1 + layer * width : 1 + layer * width + heads, (layer + 1) * read - 1] = True
        found[:, -1] = True
        return found

    def scores(
        self, prompts: Sequence[TokenPrompt], others: Sequence[TokenPrompt], difference: Difference, steps: int | None
    ) -> Tensor:
        """Returns the scores (prompt, source, target); 0 where there is no such edge.

        Args:
            others: the counterfactuals, as long as the prompts.
            steps: points on the path of the embedding; None: the gradient at the clean prompt.

        Raises:
            Refusal: `no-attention-inputs`, `no-mlp-module`; those of `Streams`.
        """
        self._check()
        sources, targets = self.names()
        found = torch.zeros(len(prompts), len(sources), len(targets), dtype=self.number)
        at_once = max(1, TOKENS_PER_BATCH // max(len(prompt.ids) for prompt in prompts))
        for batch in self._batches(prompts):
            for start in range(0, len(batch.rows), at_once):
                rows = batch.rows[start : start + at_once].tolist()
                found[rows] = self._batch(
                    [prompts[row] for row in rows], [others[row] for row in rows], rows, difference, steps
                )
        return found

    def _check(self) -> None:
        if not in_registry(self.parts):
            raise no_attention_inputs()
        if any(layer.mlp is None for layer in self.parts.layers):
            raise Refusal(
                "no-mlp-module",
                what="edges to MLPs were asked for",
                why="no single module of a layer of this architecture is its MLP",
                instead="use path_patch between heads on this model",
            )

    def _batch(
        self,
        prompts: Sequence[TokenPrompt],
        others: Sequence[TokenPrompt],
        rows: Sequence[int],
        difference: Difference,
        steps: int | None,
    ) -> Tensor:
        (batch,), (donor,) = (list(self._batches(each)) for each in (prompts, others))
        every = torch.arange(batch.ids.shape[1], device=batch.ids.device).expand(len(rows), -1)
        with torch.no_grad():
            clean, other = (self.read(each, every, each.last[:, None]) for each in (batch, donor))
        changes = Changes(self, clean, other)
        moved = (other.layers[0].before - clean.layers[0].before).to(self.device)
        shares = [0.0] if steps is None else [(step + 0.5) / steps for step in range(steps)]
        found = torch.zeros(len(rows), *(len(names) for names in self.names()), dtype=self.number)
        for share in shares:
            for target, layer, inside, slope in self._slopes(batch, share * moved, torch.tensor(rows), difference):
                found[:, :, target] += changes.along(slope.to(self.number), layer, inside).cpu() / len(shares)
        return found

    def _slopes(
        self, batch: Batch, move: Tensor, rows: Tensor, difference: Difference
    ) -> Iterator[tuple[int, int, bool, Tensor]]:
        """Yields (target, layer, whether heads of that layer come before it, gradient (row, token, d_model))."""
        traced = _Traced()
        with self._tracing(traced, move):
            logits = self._forward(batch, positions=batch.last[:, None])[:, 0]
        told = difference(rows, logits).sum()
        layers, width = len(self.parts.layers), 3 * self.parts.heads + 1
        ends = [tensor for reads in traced.reads for tensor in reads]
        slopes = list(torch.autograd.grad(told, [*ends, *traced.mlp_copy, traced.last], retain_graph=True))
        self.counts.forwards += len(batch.rows)
        self.counts.layer_tokens += layers * batch.ids.numel()
        self.watch.progress(len(batch.rows))
        yield layers * width, layers, False, slopes[-1].detach()
        for layer in range(layers):
            for head in range(self.parts.heads):
                for place in range(len(READS)):
                    end, slope = traced.reads[layer][place], slopes[3 * layer + place]
                    own = torch.zeros_like(slope)
                    own[:, head] = slope[:, head]
                    yield layer * width + 3 * head + place, layer, False, _back(end, traced.entered[layer], own)
            given, read = traced.mlp_given[layer], traced.mlp_read[layer]
            slope = slopes[3 * layers + layer]
            after_attention = read is not traced.entered[layer]
            back = slope if given is read else _back(given, read, slope)
            yield layer * width + width - 1, layer, after_attention, back.detach()

    @contextmanager
    def _tracing(self, traced: _Traced, move: Tensor) -> Iterator[None]:
        """While open, keeps the tensors of the graph, whose leaf is the stream in front of the first layer, moved."""

        def attend(
            module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **own: object
        ):
            heads = query.shape[1]
            reads = [query, ungroup(key, heads), ungroup(value, heads)]
            traced.reads.append(reads)
            return own_attention(module)(Ungrouped(module), *reads, attention_mask, **own)

        def enter(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            stream = first_tensor((*args, *kwargs.values()))
            new = stream
            if not traced.entered:
                new = (stream.detach() + move.to(stream)).requires_grad_()
            traced.entered.append(new)
            swapped = {key: new if value is stream else value for key, value in kwargs.items()}
            return tuple(new if value is stream else value for value in args), swapped

        def leave(module: nn.Module, args: tuple, output: object) -> None:
            traced.last = output_tensor(output)

        with ExitStack() as stack:
            stack.enter_context(attention_through(self.parts, attend))
            for layer in self.parts.layers:
                handles = [layer.module.register_forward_pre_hook(enter, with_kwargs=True), *_watch_mlp(layer, traced)]
                for handle in handles:
                    stack.callback(handle.remove)
            stack.callback(self.parts.layers[-1].module.register_forward_hook(leave).remove)
            yield

    def _exact(self) -> ExitStack:
        """Unlike the engines' own, it leaves gradients alone."""
        stack = ExitStack()
        if self.double:
            stack.enter_context(ExactDouble())
        return stack


def _back(end: Tensor, start: Tensor, slope: Tensor) -> Tensor:
    """Returns the gradient at `start` of what lies between it and `end` alone."""
    return torch.autograd.grad(end, start, slope, retain_graph=True)[0].detach()


def _watch_mlp(layer: object, traced: _Traced) -> list:
    """Returns hooks that note what the MLP reads: its input, and the stream in front of a norm that makes it."""
    made: list[tuple[Tensor, Tensor]] = []

    def norm(module: nn.Module, args: tuple, kwargs: dict, output: Tensor | tuple) -> None:
        made.append((output_tensor(output), first_tensor((*args, *kwargs.values()))))

    def given(module: nn.Module, args: tuple) -> tuple:
        read = next((before for result, before in made if result is args[0]), args[0])
        traced.mlp_read.append(read)
        traced.mlp_given.append(args[0])
        traced.mlp_copy.append(args[0].clone())
        made.clear()
        return (traced.mlp_copy[-1], *args[1:])

    children = [child for child in layer.module.children() if child not in (layer.mlp, layer.attention)]
    handles = [child.register_forward_hook(norm, with_kwargs=True) for child in children]
    return [*handles, layer.mlp.register_forward_pre_hook(given)]
