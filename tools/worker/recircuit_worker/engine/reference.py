"""The reference engine: one forward pass for each prompt and patched head, through the model's own code.

It is meant to be obviously right, so that a faster engine can be held to it. The one liberty: where several passes edit
the last token alone, they run that token over the prompt's frozen prefix (`prefix.py`), since it reaches no other.
`whole_passes=True` runs every token every time; audits and tests compare the two.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from typing import Literal

import torch
from torch import Tensor
from transformers import Cache, PreTrainedModel

from recircuit_worker.address import Head, Mlp
from recircuit_worker.engine.batches import Batch, batches
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.edits import check_edits, no_mlp
from recircuit_worker.engine.hooks import editing, only_positions, reading
from recircuit_worker.engine.interface import Answers, Counts, Edit, HeadMeans, Sweep, TokenPrompt, Watch
from recircuit_worker.engine.prefix import empty_cache, freeze, split_last
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.models.adapter import Parts


class Reference:
    """See `Engine`. Numbers come back in float32, or in float64 from a float64 model."""

    name = "reference"

    def __init__(self, model: PreTrainedModel, parts: Parts, *, whole_passes: bool = False) -> None:
        self.model, self.parts, self.whole_passes = model, parts, whole_passes
        self.counts, self.watch = Counts(), Watch()
        weight = parts.unembedding.weight
        self.device, self.double = weight.device, weight.dtype == torch.float64
        self.number = torch.float64 if self.double else torch.float32
        self.vocabulary = model.config.get_text_config().vocab_size

    def last_logits(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Tensor:
        check_edits(edits, self.parts, len(prompts))
        found = torch.zeros(len(prompts), self.vocabulary, dtype=self.number)
        for batch in self._batches(prompts):
            found[batch.rows] = self._forward(batch, edits, positions=batch.last[:, None])[:, 0].cpu()
        return found

    def answers(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Answers:
        check_edits(edits, self.parts, len(prompts))
        found = self._no_answers(prompts)
        for batch in self._batches(prompts):
            _fill(found, batch, self._forward(batch, edits))
        return found

    def answers_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]]) -> list[Answers]:
        for edits in edit_sets:
            check_edits(edits, self.parts, len(prompts))
        found = [self._no_answers(prompts) for _ in edit_sets]
        frozen = not self.whole_passes and _last_token_only(prompts, edit_sets)
        for batch in self._batches(prompts, equal_lengths=frozen):
            batch, cache = self._prefix(batch) if frozen else (batch, None)
            for answers, edits in zip(found, edit_sets, strict=True):
                _fill(answers, batch, self._forward(batch, edits, cache=cache))
        return found

    def _no_answers(self, prompts: Sequence[TokenPrompt]) -> Answers:
        shape = (len(prompts), len(prompts[0].scored))
        return Answers(
            torch.zeros(shape, dtype=torch.bool),
            torch.zeros(shape, dtype=self.number),
            torch.zeros(shape, dtype=self.number),
        )

    def head_means(
        self, prompts: Sequence[TokenPrompt], group_of: Sequence[int], groups: int, only_correct: bool
    ) -> HeadMeans:
        parts = self.parts
        sums = torch.zeros(groups, len(parts.layers), parts.heads, parts.head_dim, dtype=torch.float64)
        kept = torch.zeros(groups, dtype=torch.long)
        group = torch.tensor(group_of)
        for batch in self._batches(prompts):
            outputs: list[Tensor] = []
            rows = torch.arange(len(batch.rows), device=self.device)
            with reading(parts, heads=lambda layer, heads, b=batch, o=outputs, r=rows: o.append(heads[r, b.last])):
                correct, _ = _judge(self._forward(batch), batch.targets)
            keep = correct[:, -1].cpu() if only_correct else torch.ones(len(batch.rows), dtype=torch.bool)
            outputs_here = torch.stack(outputs, dim=1).double().cpu()
            sums.index_add_(0, group[batch.rows][keep], outputs_here[keep])
            kept += torch.bincount(group[batch.rows][keep], minlength=groups)
        return HeadMeans((sums / kept[:, None, None, None]).to(self.number), kept)

    def component_means(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Head | Mlp], positions: Literal["last", "all"]
    ) -> list[Tensor]:
        for component in components:
            if isinstance(component, Mlp) and self.parts.layers[component.layer].mlp is None:
                raise no_mlp(component.layer)
        sums: dict[Head | Mlp, Tensor] = {}
        total = 0
        for batch in self._batches(prompts):
            places = batch.mask.bool()
            if positions == "last":
                places = torch.zeros_like(places).scatter_(1, batch.last[:, None], True)
            total += int(places.sum())

            def take(component: Head | Mlp, outputs: Tensor, places: Tensor = places) -> None:
                sums[component] = sums.get(component, 0) + outputs[places].double().sum(0).cpu()

            def take_heads(layer: int, outputs: Tensor) -> None:
                for component in components:
                    if isinstance(component, Head) and component.layer == layer:
                        take(component, outputs[:, :, component.head])

            def take_mlp(layer: int, outputs: Tensor) -> None:
                if Mlp(layer) in components:
                    take(Mlp(layer), outputs)

            with reading(self.parts, heads=take_heads, mlps=take_mlp):
                self._forward(batch, positions=batch.last[:, None])
        return [(sums[component] / total).to(self.number) for component in components]

    def sweep(self, prompts: Sequence[TokenPrompt], sources: Tensor, source_of: Sequence[int]) -> Sweep:
        parts = self.parts
        layers, heads = len(parts.layers), parts.heads
        if sources.shape[1:] != (layers, heads, parts.head_dim):
            raise _wrong_source(tuple(sources.shape), parts)
        found = Sweep(
            torch.zeros(len(prompts), dtype=self.number), torch.zeros(len(prompts), layers, heads, dtype=self.number)
        )
        sources, source = sources.to(self.device), torch.tensor(source_of, device=self.device)
        for batch in self._batches(prompts, equal_lengths=not self.whole_passes):
            batch, cache = (batch, None) if self.whole_passes else self._prefix(batch)
            found.before[batch.rows] = self._last_probability(batch, cache)
            for layer, head in product(range(layers), range(heads)):
                edit = Edit("head", layer, "replace", sources[source, layer, head], head)
                found.after[batch.rows, layer, head] = self._last_probability(batch, cache, [edit])
        return found

    def attention(self, prompts: Sequence[TokenPrompt], reduce: Callable[[Tensor], Tensor]) -> Tensor:
        parts = self.parts
        found = torch.zeros(len(prompts), len(parts.layers), parts.heads, dtype=self.number)
        for batch in self._batches(prompts):

            def take(layer: int, weights: Tensor | None, rows: Tensor = batch.rows) -> None:
                if weights is None:
                    raise _no_attention()
                found[rows, layer] = reduce(weights).to(self.number).cpu()

            with reading(parts, attention=take):
                self._forward(batch, positions=batch.last[:, None])
        return found

    def _last_probability(self, batch: Batch, cache: Cache | None, edits: Sequence[Edit] = ()) -> Tensor:
        logits = self._forward(batch, edits, positions=batch.last[:, None], cache=cache)
        return _judge(logits, batch.targets[:, -1:])[1][:, 0].exp().cpu()

    def _prefix(self, batch: Batch) -> tuple[Batch, Cache]:
        """Returns the last token as a batch of its own, and the frozen prefix. The clean pass counts for both."""
        before, last = split_last(batch)
        cache = empty_cache()
        self._run(before, (), before.last[:, None], cache)
        return last, freeze(cache)

    def _batches(self, prompts: Sequence[TokenPrompt], *, equal_lengths: bool = False) -> Iterator[Batch]:
        return batches(prompts, self.vocabulary, self.device, equal_lengths=equal_lengths)

    def _forward(
        self, batch: Batch, edits: Sequence[Edit] = (), positions: Tensor | None = None, cache: Cache | None = None
    ) -> Tensor:
        """Returns the logits (row, position, vocabulary) at the given positions, the scored ones if none are given."""
        counts, rows = self.counts, len(batch.rows)
        logits = self._run(batch, edits, batch.scored if positions is None else positions, cache)
        counts.forwards += rows
        counts.edits_requested += rows * len(edits)
        if counts.edits_fired != counts.edits_requested:
            raise Fault(
                "edit-did-not-fire",
                f"{counts.edits_requested} edits were requested of the model and {counts.edits_fired} happened",
            )
        if logits.isnan().any():
            raise Fault("nan-from-model", "the model returned logits that are not numbers")
        self.watch.progress(rows)
        return logits.to(self.number)

    def _run(self, batch: Batch, edits: Sequence[Edit], positions: Tensor, cache: Cache | None) -> Tensor:
        self.watch.check_cancelled()
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self.double:
                stack.enter_context(ExactDouble())
            stack.enter_context(only_positions(self.parts.base, positions))
            stack.enter_context(editing(self.parts, edits, batch, self.counts))
            return self.model(
                input_ids=batch.ids, attention_mask=batch.mask, past_key_values=cache, use_cache=cache is not None
            ).logits


def _last_token_only(prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]]) -> bool:
    """Returns whether nothing before the last token is edited or scored, so that a frozen prefix changes no number."""
    scored = all(prompt.scored == (len(prompt.ids) - 1,) and len(prompt.ids) > 1 for prompt in prompts)
    return scored and all(edit.positions == "last" for edits in edit_sets for edit in edits)


def _fill(found: Answers, batch: Batch, logits: Tensor) -> None:
    correct, log_probability = _judge(logits, batch.targets)
    found.correct[batch.rows] = correct.cpu()
    found.log_probability[batch.rows] = log_probability.cpu()
    found.probability[batch.rows] = log_probability.exp().cpu()


def _judge(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Returns (correct, log probability in nats) of the targets, each (row, position)."""
    log_probability = logits.log_softmax(-1).gather(-1, targets[:, :, None])[:, :, 0]
    return logits.argmax(-1) == targets, log_probability


def _wrong_source(shape: tuple[int, ...], parts: Parts) -> Refusal:
    return Refusal(
        "wrong-source-shape",
        what=f"head outputs of shape {list(shape[1:])} were given as source",
        why=f"this model has {len(parts.layers)} layers, {parts.heads} heads and head_dim {parts.head_dim}",
        instead="use an artifact that mean_activations wrote for this model",
    )


def _no_attention() -> Refusal:
    return Refusal(
        "no-attention-weights",
        what="attention weights were asked for",
        why="this model's attention does not return them",
        instead="use an architecture whose eager attention returns its weights",
    )
