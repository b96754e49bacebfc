"""Whole forward passes through the model's own code: what both engines do alike.

Nothing here is clever. Prompts are batched, edits are hooks, and only the logits asked for are computed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Literal

import torch
from torch import Tensor
from transformers import Cache, PreTrainedModel

from recircuit_worker.engine.batches import Batch, batches
from recircuit_worker.engine.components import ComponentReads
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.edits import check_edits, check_place
from recircuit_worker.engine.hooks import editing, only_positions, reading
from recircuit_worker.engine.interface import Answers, Counts, Edit, HeadMeans, Readouts, TokenPrompt, Watch
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.models.adapter import Parts


class Passes(ComponentReads):
    """The part of `Engine` that needs whole passes only. Numbers are float32, or float64 from a float64 model."""

    def __init__(self, model: PreTrainedModel, parts: Parts) -> None:
        self.model, self.parts = model, parts
        self.counts, self.watch = Counts(), Watch()
        weight = parts.unembedding.weight
        self.device, self.double = parts.embedding.weight.device, weight.dtype == torch.float64
        self.number = torch.float64 if self.double else torch.float32
        self.vocabulary = model.config.get_text_config().vocab_size

    def last_logits(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Tensor:
        check_edits(edits, self.parts, prompts)
        found = torch.zeros(len(prompts), self.vocabulary, dtype=self.number)
        for batch in self._batches(prompts):
            found[batch.rows] = self._forward(batch, edits, positions=batch.last[:, None])[:, 0].cpu()
        return found

    def answers(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Answers:
        check_edits(edits, self.parts, prompts)
        found = no_answers((len(prompts), len(prompts[0].scored)), self.number)
        for batch in self._batches(prompts):
            fill(found, batch.rows, judge(self._forward(batch, edits), batch.targets))
        return found

    def head_means(
        self, prompts: Sequence[TokenPrompt], group_of: Sequence[int], groups: int, only_correct: bool
    ) -> HeadMeans:
        parts = self.parts
        sums = torch.zeros(groups, len(parts.layers), parts.heads, parts.head_dim, dtype=torch.float64)
        kept = torch.zeros(groups, dtype=torch.long)
        group = torch.tensor(group_of)
        for batch in self._batches(prompts):
            outputs: list[Tensor] = []
            rows, last = torch.arange(len(batch.rows)), batch.last.cpu()
            with reading(parts, heads=lambda layer, heads, o=outputs, at=(rows, last): o.append(heads[at])):
                correct, _ = judge(self._forward(batch), batch.targets)
            keep = correct[:, -1].cpu() if only_correct else torch.ones(len(batch.rows), dtype=torch.bool)
            outputs_here = torch.stack([output.cpu() for output in outputs], dim=1).double()
            sums.index_add_(0, group[batch.rows][keep], outputs_here[keep])
            kept += torch.bincount(group[batch.rows][keep], minlength=groups)
        return HeadMeans((sums / kept[:, None, None, None]).to(self.number), kept)

    def head_outputs(self, prompts: Sequence[TokenPrompt], positions: Tensor) -> Tensor:
        return self._outputs(prompts, positions, "heads", (self.parts.heads, self.parts.head_dim))

    def stream_outputs(
        self, prompts: Sequence[TokenPrompt], site: Literal["mlp", "residual"], positions: Tensor
    ) -> Tensor:
        for layer in range(len(self.parts.layers)):
            check_place(site, layer, None, self.parts)
        return self._outputs(prompts, positions, "mlps" if site == "mlp" else "residuals", (self.parts.d_model,))

    def attention(self, prompts: Sequence[TokenPrompt], reduce: Callable[[Tensor], Tensor]) -> Tensor:
        parts = self.parts
        found = torch.zeros(len(prompts), len(parts.layers), parts.heads, dtype=self.number)
        for batch in self._batches(prompts):

            def take(layer: int, weights: Tensor | None, rows: Tensor = batch.rows) -> None:
                if weights is None:
                    raise no_attention()
                found[rows, layer] = reduce(weights).to(self.number).cpu()

            with reading(parts, attention=take):
                self._forward(batch, positions=batch.last[:, None])
        return found

    def _outputs(self, prompts: Sequence[TokenPrompt], positions: Tensor, read: str, width: tuple[int, ...]) -> Tensor:
        """Returns (prompt, place, layer, *width) of what `reading` gives under the name `read`; 0 at place -1."""
        found = torch.zeros(*positions.shape, len(self.parts.layers), *width, dtype=self.number)
        for batch in self._batches(prompts):
            row = torch.arange(len(batch.rows), device=self.device)[:, None]
            places = positions[batch.rows].clamp(min=0).to(self.device)

            def take(
                layer: int, outputs: Tensor, batch: Batch = batch, row: Tensor = row, places: Tensor = places
            ) -> None:
                here = outputs[row.to(outputs.device), places.to(outputs.device)]
                found[batch.rows, :, layer] = here.to("cpu", self.number)

            with reading(self.parts, **{read: take}):
                self._forward(batch, positions=batch.last[:, None])
        return found.masked_fill_((positions < 0).reshape(*positions.shape, *[1] * (1 + len(width))), 0)

    def _batches(self, prompts: Sequence[TokenPrompt]) -> Iterator[Batch]:
        return batches(prompts, self.vocabulary, self.device)

    def _forward(
        self, batch: Batch, edits: Sequence[Edit] = (), positions: Tensor | None = None, cache: Cache | None = None
    ) -> Tensor:
        """Returns the logits (row, position, vocabulary) at the given positions, the scored ones if none are given."""
        counts, rows = self.counts, len(batch.rows)
        self.watch.check_cancelled()
        with ExitStack() as stack:
            stack.enter_context(self._exact())
            stack.enter_context(only_positions(self.parts.base, batch.scored if positions is None else positions))
            stack.enter_context(editing(self.parts, edits, batch, counts))
            logits = self.model(
                input_ids=batch.ids, attention_mask=batch.mask, past_key_values=cache, use_cache=cache is not None
            ).logits
        counts.forwards += rows
        counts.layer_tokens += len(self.parts.layers) * batch.ids.numel()
        counts.edits_requested += rows * len(edits)
        check_fired(counts)
        check_numbers(logits)
        self.watch.progress(rows)
        return logits.to(self.number)

    def _exact(self) -> ExitStack:
        """Returns the context in which this model computes: no gradients, and float64 throughout if it is float64."""
        stack = ExitStack()
        stack.enter_context(torch.inference_mode())
        if self.double:
            stack.enter_context(ExactDouble())
        return stack


def no_answers(shape: tuple[int, ...], number: torch.dtype) -> Answers:
    """Returns answers of a shape, to be filled."""
    return Answers(
        torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=number), torch.zeros(shape, dtype=number)
    )


def no_readouts(shape: tuple[int, ...], number: torch.dtype) -> Readouts:
    """Returns readouts of a shape (..., token), to be filled."""
    first = torch.zeros(shape[:-1], dtype=torch.long)
    return Readouts(torch.zeros(shape, dtype=number), first, torch.zeros(shape[:-1], dtype=number))


def fill(found: Answers, place: object, judged: tuple[Tensor, Tensor]) -> None:
    """Writes (correct, log probability) at a place of `found`."""
    correct, log_probability = (part.cpu() for part in judged)
    found.correct[place], found.log_probability[place] = correct, log_probability
    found.probability[place] = log_probability.exp()


def judge(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Returns (correct, log probability in nats) of the targets (row, position), from (row, ..., position, vocabulary).

    An unscorable target, -1, is never correct, and its log probability means nothing.
    """
    between = logits.dim() - targets.dim() - 1
    targets = targets.to(logits.device)
    targets = targets.reshape(targets.shape[0], *[1] * between, targets.shape[1]).expand(logits.shape[:-1])
    chosen = logits.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return logits.argmax(-1) == targets, chosen - logits.logsumexp(-1)


def check_fired(counts: Counts) -> None:
    """Returns if every edit happened.

    Raises:
        Fault: `edit-did-not-fire`.
    """
    if counts.edits_fired != counts.edits_requested:
        raise Fault(
            "edit-did-not-fire",
            f"{counts.edits_requested} edits were requested of the model and {counts.edits_fired} happened",
        )


def check_numbers(logits: Tensor) -> None:
    """Returns if no logit is NaN.

    Raises:
        Fault: `nan-from-model`.
    """
    if logits.isnan().any():
        raise Fault("nan-from-model", "the model returned logits that are not numbers")


def no_attention() -> Refusal:
    return Refusal(
        "no-attention-weights",
        what="attention weights were asked for",
        why="this model's attention does not return them",
        instead="use an architecture whose eager attention returns its weights",
    )
