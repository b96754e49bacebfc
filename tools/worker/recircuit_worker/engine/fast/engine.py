"""The fast engine: the numbers of the reference engine, for the price of the tokens that an edit can reach.

Under causal attention an edit at position p leaves every token before p as it was, and an edit in layer l every layer
below it. So each batch of prompts is run once, clean. Then every set of edits is a row of its last few tokens, which
joins at its first edited layer and reads the keys and values of the clean prefix (`rows.py`). Nothing is approximated.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from transformers import PreTrainedModel

from recircuit_worker.engine.attention import in_registry
from recircuit_worker.engine.batches import Batch, batches
from recircuit_worker.engine.edits import check_edits
from recircuit_worker.engine.fast.cache import CleanCache
from recircuit_worker.engine.fast.chunks import in_chunks
from recircuit_worker.engine.fast.clean import Clean, Tail, record
from recircuit_worker.engine.fast.finished import Finished, Part, Told, digest
from recircuit_worker.engine.fast.memory import find_budget
from recircuit_worker.engine.fast.paths import PathPatching
from recircuit_worker.engine.fast.plan import Plan, join_layer, make_plan, tail_length
from recircuit_worker.engine.fast.readouts import readouts_each
from recircuit_worker.engine.fast.rows import Way, run_rows
from recircuit_worker.engine.fast.unembed import logits_of
from recircuit_worker.engine.interface import Edit, EditedAnswers, EditedLogits, EditedReadouts, Receiver, TokenPrompt
from recircuit_worker.engine.passes import Passes, check_fired, check_numbers, fill, judge, no_answers
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

Sets = Sequence[Sequence[Edit]]
Tell = Callable[[Tensor], Told]
"""makes of logits (prompt, row, scored position, token), whose row 0 is clean, what is kept: (row, prompt, ...)"""
Take = Callable[[Sequence[int], Told], None]
"""is handed the places of a chunk's sets, and what is told of them, the clean row first"""


class Fast(Passes):
    """See `Engine`."""

    name = "fast"

    def __init__(self, model: PreTrainedModel, parts: Parts) -> None:
        super().__init__(model, parts)
        if parts.final_norm is None:
            raise Refusal(
                "no-final-norm",
                what="rows were to be read out of this model",
                why="the norm between its last layer and its unembedding was not found",
                instead="use the reference engine",
            )
        self.budget = find_budget(parts)
        self.way = Way(shared=in_registry(parts))
        self.kept = CleanCache(self.budget.cache_bytes)
        self.finished = Finished()

    def answers_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sets) -> EditedAnswers:
        check_edits([edit for edits in edit_sets for edit in edits], self.parts, prompts)
        shape = (len(edit_sets), len(prompts), len(prompts[0].scored))
        edited, clean_answers = no_answers(shape, self.number), no_answers(shape, self.number)
        for clean in self.clean_passes(prompts, edit_sets):
            targets = clean.batch.targets

            def tell(logits: Tensor, targets: Tensor = targets) -> Told:
                correct, log_probability = (part.transpose(0, 1).cpu() for part in judge(logits, targets))
                check_numbers(log_probability)  # one NaN among the logits makes it NaN
                return correct, log_probability

            def take(sets: Sequence[int], told: Told, clean: Clean = clean, targets: Tensor = targets) -> None:
                correct, log_probability = told
                where = (torch.tensor(sets)[:, None], clean.batch.rows[None])
                fill(edited, where, (correct[1:], log_probability[1:]))
                fill(clean_answers, where, (correct[:1], log_probability[:1]))
                whole = judge(clean.logits.to(self.number), targets)[1]
                self.note_noise(log_probability[0] - whole.cpu())

            self.run_sets(clean, edit_sets, None, tell, take)
        return EditedAnswers(edited, clean_answers)

    def logits_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sets, tokens: Tensor) -> EditedLogits:
        check_edits([edit for edits in edit_sets for edit in edits], self.parts, prompts)
        shape = (len(edit_sets), len(prompts), len(prompts[0].scored), tokens.shape[1])
        edited, unedited = torch.zeros(shape, dtype=self.number), torch.zeros(shape, dtype=self.number)
        for clean in self.clean_passes(prompts, edit_sets):
            rows = clean.batch.rows
            ids, places = torch.unique(tokens[rows], return_inverse=True)

            def tell(logits: Tensor, places: Tensor = places) -> Told:
                return (self.chosen(logits, places).transpose(0, 1).cpu(),)

            def take(sets: Sequence[int], told: Told, clean: Clean = clean) -> None:
                where = (torch.tensor(sets)[:, None], clean.batch.rows[None])
                edited[where], unedited[where] = told[0][1:], told[0][:1]
                whole = clean.logits.to(self.number).gather(-1, _beside(tokens[clean.batch.rows], clean.logits))
                self.note_noise(told[0][0] - whole.cpu())

            self.run_sets(clean, edit_sets, ids, tell, take)
        return EditedLogits(edited, unedited)

    def readouts_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sets, tokens: Tensor) -> EditedReadouts:
        return readouts_each(self, prompts, edit_sets, tokens)

    def paths(
        self,
        prompts: Sequence[TokenPrompt],
        senders: Sets,
        receivers: Sequence[Sequence[Receiver]] | None,
        tokens: Tensor,
    ) -> EditedLogits:
        return PathPatching(self, prompts, tokens).run(senders, receivers)

    def clean_passes(self, prompts: Sequence[TokenPrompt], edit_sets: Sets, *, heads: bool = False) -> Iterator[Clean]:
        """Yields the clean pass of every batch, from the last calls where they made it."""
        for batch in self._row_batches(prompts, edit_sets):
            length = max((tail_length(edits, batch) for edits in edit_sets), default=1)
            yield self.clean_pass(batch, length, heads=heads)

    def clean_pass(self, batch: Batch, length: int, *, heads: bool) -> Clean:
        """Returns the clean pass of a batch with a tail of at least `length` tokens."""
        self.watch.check_cancelled()

        def run() -> Clean:
            clean = record(self.model, self.parts, batch, length, heads=heads, exact=self._exact)
            check_numbers(clean.logits)
            return clean

        # Counted whether kept or not: what a result rests on must not depend on what this worker did before.
        self.counts.forwards += len(batch.rows)
        self.counts.layer_tokens += len(self.parts.layers) * batch.ids.numel()
        clean = replace(self.kept.get(batch, length, heads, run), batch=batch)
        self.watch.progress(len(batch.rows))
        return clean

    def run_sets(self, clean: Clean, edit_sets: Sets, only: Tensor | None, tell: Tell, take: Take) -> None:
        """Runs every set as a row over a clean pass; rows of one tail length, and joining near each other, together."""
        call = self.finished.next_call()
        layers = len(self.parts.layers)
        lengths = [tail_length(edits, clean.batch) for edits in edit_sets]
        order = sorted(range(len(edit_sets)), key=lambda s: (lengths[s], join_layer(edit_sets[s], layers)))
        for length in sorted(set(lengths)):
            mine = [place for place in order if lengths[place] == length]
            tail = clean.tail(length)

            def run(chunk: Sequence[int], tail: Tail = tail) -> None:
                def parts() -> list[Part]:
                    plan = make_plan([edit_sets[place] for place in chunk], clean, tail, layers)
                    changed = self.at_scored(plan.reached(frozen=False), clean, tail)
                    stream = self.run_plan(clean, tail, plan, self.way)
                    return [
                        (
                            [chunk[row - 1] for row in part[1:]],
                            tuple(self.unchanged(told, changed[:, part]) for told in tell(logits)),
                        )
                        for part, logits in self.read(clean, tail, stream, only)
                    ]

                def asked() -> str:
                    return digest([edit_sets[place] for place in chunk], clean.batch, only)

                name = [call, *chunk, clean.batch.rows.tolist()]
                for part in self.finished.parts(name, asked, self.counts, parts):
                    take(*part)
                self.watch.progress(len(chunk) * len(clean.batch.rows))

            in_chunks(mine, self.rows_at_once(clean, length), run, self.counts)

    def run_plan(self, clean: Clean, tail: Tail, plan: Plan, way: Way) -> Tensor:
        """Returns the stream (prompt, row, t, d_model) leaving the last layer.

        Raises:
            Fault: `edit-did-not-fire`.
        """
        prompts = len(clean.batch.rows)
        self.counts.rows += prompts * len(plan.joins)
        self.counts.edits_requested += prompts * plan.edits
        with self._exact():
            stream = run_rows(self.parts, clean, tail, plan, self.counts, way, self.watch.check_cancelled)
        check_fired(self.counts)
        return stream

    def rows_at_once(self, clean: Clean, length: int) -> int:
        """Returns how many edited rows of one chunk the budget allows."""
        return max(1, self.budget.row_tokens // (length * len(clean.batch.rows)) - 1)

    def _row_batches(self, prompts: Sequence[TokenPrompt], edit_sets: Sets) -> Iterator[Batch]:
        budget = self.budget
        (probe,) = batches(prompts[:1], self.vocabulary, self.device)
        length = max((tail_length(edits, probe) for edits in edit_sets), default=1)
        return batches(
            prompts,
            self.vocabulary,
            self.device,
            tokens_per_batch=budget.clean_tokens,
            prompts_per_batch=max(1, budget.row_tokens // (length * (1 + len(edit_sets)))),
        )

    def read(self, clean: Clean, tail: Tail, stream: Tensor, only: Tensor | None) -> Iterator[tuple[list[int], Tensor]]:
        """Yields (rows, logits (prompt, row, scored position, token)); each part brings the clean row with it."""
        inside = (clean.batch.scored - tail.places[:, :1]).to(stream.device)
        index = inside[:, None, :, None].expand(-1, stream.shape[1], -1, stream.shape[-1])
        streams = stream.gather(2, index)
        width = self.vocabulary if only is None else len(only)
        at_once = max(1, self.budget.logits // (width * inside.numel()) - 1)
        for start in range(1, streams.shape[1], at_once):
            part = [0, *range(start, min(start + at_once, streams.shape[1]))]
            chosen_rows = streams[:, part].flatten(0, 1)
            with self._exact():
                logits = logits_of(self.model, self.parts, clean, chosen_rows, only)
            if only is not None:  # over a whole vocabulary the answers are checked instead, which is much less
                check_numbers(logits)
            yield part, logits.unflatten(0, (-1, len(part))).to(self.number)

    @staticmethod
    def at_scored(reached: Tensor, clean: Clean, tail: Tail) -> Tensor:
        """Returns (prompt, row, scored position) of (prompt, row, t). Waits for a GPU: to be asked before rows run."""
        inside = (clean.batch.scored - tail.places[:, :1]).cpu()
        return reached.gather(2, inside[:, None].expand(-1, reached.shape[1], -1))

    @staticmethod
    def unchanged(told: Tensor, changed: Tensor) -> Tensor:
        """Returns what is told, (row, prompt, position, ...), with the clean row's own where nothing can have changed.

        There the effect is zero by causality, and not what two rows of one matrix product happen to differ by.
        """
        if changed[:, 1:].all():
            return told
        where = changed.transpose(0, 1).reshape(*told.shape[:3], *[1] * (told.dim() - 3))
        return torch.where(where, told, told[:1])

    @staticmethod
    def chosen(logits: Tensor, places: Tensor) -> Tensor:
        """Returns (prompt, row, position, token) of the places (prompt, token) on the last axis of logits."""
        index = places.to(logits.device)[:, None, None].expand(-1, *logits.shape[1:3], -1)
        return logits.gather(-1, index)

    def note_noise(self, difference: Tensor) -> None:
        """Notes the difference between unedited rows and the whole passes over the same prompts."""
        self.counts.noise = max(self.counts.noise or 0.0, float(difference.abs().max()))


def _beside(tokens: Tensor, logits: Tensor) -> Tensor:
    return tokens.to(logits.device)[:, None].expand(-1, logits.shape[1], -1)
