"""The reference engine: one whole forward pass for each prompt and set of edits, through the model's own code.

It is meant to be obviously right, so that the fast engine can be held to it. No prefix is shared, no layer is skipped.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.edits import check_edits, check_place, check_senders
from recircuit_worker.engine.hooks import reading, reading_attention
from recircuit_worker.engine.interface import (
    Answers,
    Edit,
    EditedAnswers,
    EditedLogits,
    EditedReadouts,
    Readouts,
    Receiver,
    TokenPrompt,
)
from recircuit_worker.engine.passes import Passes, fill, judge, no_answers, no_readouts


class Reference(Passes):
    """See `Engine`."""

    name = "reference"

    def answers_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]]) -> EditedAnswers:
        check_edits([edit for edits in edit_sets for edit in edits], self.parts, prompts)
        clean = self.answers(prompts)
        edited = no_answers((len(edit_sets), *clean.correct.shape), self.number)
        for place, edits in enumerate(edit_sets):
            for batch in self._batches(prompts):
                fill(edited, (place, batch.rows), judge(self._row(batch, edits), batch.targets))
        shape = edited.correct.shape
        parts = (clean.correct, clean.probability, clean.log_probability)
        return EditedAnswers(edited, Answers(*(part.expand(shape) for part in parts)))

    def logits_each(
        self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]], tokens: Tensor
    ) -> EditedLogits:
        check_edits([edit for edits in edit_sets for edit in edits], self.parts, prompts)
        found = torch.zeros(len(edit_sets) + 1, *self._told(prompts, tokens), dtype=self.number)
        for place, edits in enumerate([(), *edit_sets]):
            for batch in self._batches(prompts):
                logits = self._row(batch, edits) if place else self._forward(batch)
                found[place, batch.rows] = _chosen(logits, tokens[batch.rows])
        return EditedLogits(found[1:], found[:1].expand_as(found[1:]))

    def readouts_each(
        self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]], tokens: Tensor
    ) -> EditedReadouts:
        check_edits([edit for edits in edit_sets for edit in edits], self.parts, prompts)
        found = no_readouts((len(edit_sets) + 1, *self._told(prompts, tokens)), self.number)
        for place, edits in enumerate([(), *edit_sets]):
            for batch in self._batches(prompts):
                logits = self._row(batch, edits) if place else self._forward(batch)
                found.logits[place, batch.rows] = _chosen(logits, tokens[batch.rows])
                found.first[place, batch.rows] = logits.argmax(-1).cpu()
                found.total[place, batch.rows] = logits.logsumexp(-1).cpu()
        parts = (found.logits, found.first, found.total)
        edited = Readouts(*(part[1:] for part in parts))
        return EditedReadouts(edited, Readouts(*(part[:1].expand_as(part[1:]) for part in parts)))

    def paths(
        self,
        prompts: Sequence[TokenPrompt],
        senders: Sequence[Sequence[Edit]],
        receivers: Sequence[Sequence[Receiver]] | None,
        tokens: Tensor,
    ) -> EditedLogits:
        check_senders(senders, self.parts, prompts)
        for receiver in (receiver for group in receivers or () for receiver in group):
            check_place(receiver.reads, receiver.layer, receiver.head, self.parts)
        groups = () if receivers is None else (len(receivers),)
        shape = (len(senders), *groups, *self._told(prompts, tokens))
        found, clean = torch.zeros(shape, dtype=self.number), torch.zeros(shape, dtype=self.number)
        for batch in self._batches(prompts):
            frozen, logits = self._frozen(batch, len(prompts))
            clean[..., batch.rows, :, :] = _chosen(logits, tokens[batch.rows])
            for place, edits in enumerate(senders):
                if receivers is None:
                    logits = self._row(batch, [*frozen, *edits])
                    found[place, batch.rows] = _chosen(logits, tokens[batch.rows])
                    continue
                told = self._read_beyond(batch, [*frozen, *edits])
                for index, group in enumerate(receivers):
                    patch = [_read_edit(receiver, told, batch, len(prompts)) for receiver in group]
                    found[place, index, batch.rows] = _chosen(self._row(batch, patch), tokens[batch.rows])
        return EditedLogits(found, clean)

    def _row(self, batch: Batch, edits: Sequence[Edit]) -> Tensor:
        self.counts.rows += len(batch.rows)
        return self._forward(batch, edits)

    def _told(self, prompts: Sequence[TokenPrompt], tokens: Tensor) -> tuple[int, int, int]:
        return len(prompts), len(prompts[0].scored), tokens.shape[1]

    def _frozen(self, batch: Batch, prompts: int) -> tuple[list[Edit], Tensor]:
        """Returns the edits that give every head its own clean output at every token, and the clean logits."""
        outputs: list[Tensor] = []
        with reading(self.parts, heads=lambda layer, heads: outputs.append(heads.clone())):
            logits = self._forward(batch)
        every = _every_place(batch, prompts)
        frozen = [
            Edit("head", layer, "replace", _of_call(batch, prompts, heads[:, :, head]), head, every)
            for layer, heads in enumerate(outputs)
            for head in range(self.parts.heads)
        ]
        return frozen, logits

    def _read_beyond(self, batch: Batch, edits: Sequence[Edit]) -> list[dict[str, Tensor]]:
        told: list[dict[str, Tensor]] = []
        with reading_attention(self.parts, lambda layer, reads: told.append(reads)):
            self._row(batch, edits)
        return told


def _read_edit(receiver: Receiver, told: Sequence[dict[str, Tensor]], batch: Batch, prompts: int) -> Edit:
    value = _of_call(batch, prompts, told[receiver.layer][receiver.reads][:, receiver.head])
    return Edit(receiver.reads, receiver.layer, "replace", value, receiver.head, _every_place(batch, prompts))


def _every_place(batch: Batch, prompts: int) -> Tensor:
    """Returns positions (prompt, place) that name every real token of the batch's prompts."""
    places = torch.full((prompts, batch.ids.shape[1]), -1)
    columns = torch.arange(batch.ids.shape[1])
    places[batch.rows] = torch.where(batch.mask.bool().cpu(), columns, -1)
    return places


def _of_call(batch: Batch, prompts: int, value: Tensor) -> Tensor:
    """Returns a value (row, token, width) of a batch as one of the call, (prompt, token, width)."""
    found = torch.zeros(prompts, *value.shape[1:], dtype=value.dtype, device=value.device)
    found[batch.rows.to(value.device)] = value
    return found


def _chosen(logits: Tensor, tokens: Tensor) -> Tensor:
    """Returns (row, position, token) of logits (row, position, vocabulary)."""
    index = tokens[:, None].expand(-1, logits.shape[1], -1).to(logits.device)
    return logits.gather(-1, index).cpu()
