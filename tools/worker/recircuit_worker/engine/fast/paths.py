"""Path patching over frozen heads, without attention on the way (Wang et al. 2023, section 3.1; Goldowsky-Dill 2023).

While every other head keeps its clean output, a sender's change travels through MLPs at its own position only. So the
first pass needs no keys and no prefix, and one first pass of a sender tells what every receiver reads. The second
pass is
an ordinary one, with what the receivers read replaced.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recircuit_worker.engine.edits import check_place, check_senders
from recircuit_worker.engine.fast.chunks import in_chunks
from recircuit_worker.engine.fast.clean import Clean, Tail
from recircuit_worker.engine.fast.plan import Plan, join_layer, make_plan, scored_length, tail_length
from recircuit_worker.engine.fast.rows import Way
from recircuit_worker.engine.interface import Edit, EditedLogits, Receiver, TokenPrompt

if TYPE_CHECKING:
    from recircuit_worker.engine.fast.engine import Fast

Groups = Sequence[Sequence[Receiver]]
Sets = Sequence[Sequence[Edit]]


class PathPatching:
    """One call of `Engine.paths`."""

    def __init__(self, engine: "Fast", prompts: Sequence[TokenPrompt], tokens: Tensor) -> None:
        self.engine, self.prompts, self.tokens = engine, prompts, tokens

    def run(self, senders: Sets, receivers: Groups | None) -> EditedLogits:
        """See `Engine.paths`."""
        engine, prompts = self.engine, self.prompts
        check_senders(senders, engine.parts, prompts)
        for receiver in (receiver for group in receivers or () for receiver in group):
            check_place(receiver.reads, receiver.layer, receiver.head, engine.parts)
        groups = () if receivers is None else (len(receivers),)
        shape = (len(senders), *groups, len(prompts), len(prompts[0].scored), self.tokens.shape[1])
        told = EditedLogits(torch.zeros(shape, dtype=engine.number), torch.zeros(shape, dtype=engine.number))
        for clean in engine.clean_passes(prompts, senders, heads=True):
            if receivers is None:
                self._to_logits(clean, senders, told)
            else:
                self._to_heads(clean, senders, receivers, told)
        return told

    def _to_logits(self, clean: Clean, senders: Sets, told: EditedLogits) -> None:
        engine, layers, rows = self.engine, len(self.engine.parts.layers), clean.batch.rows
        # A change elsewhere never reaches the final stream of a scored position, since no head carries it there.
        tail = clean.tail(scored_length(clean.batch))
        order = sorted(range(len(senders)), key=lambda sender: join_layer(senders[sender], layers))
        ids, columns = torch.unique(self.tokens[rows], return_inverse=True)

        def run(chunk: Sequence[int]) -> None:
            plan = make_plan([senders[sender] for sender in chunk], clean, tail, layers)
            changed = engine.at_scored(plan.reached(frozen=True), clean, tail)
            stream = engine.run_plan(clean, tail, plan, Way(shared=False, frozen=True))
            for part, logits in engine.read(clean, tail, stream, ids):
                chosen = engine.chosen(logits, columns).transpose(0, 1).cpu()
                chosen = engine.unchanged(chosen, changed[:, part])
                where = (torch.tensor([chunk[row - 1] for row in part[1:]])[:, None], rows[None])
                told.edited[where], told.clean[where] = chosen[1:], chosen[:1]
            engine.watch.progress(len(chunk) * len(rows))

        in_chunks(order, engine.rows_at_once(clean, tail.places.shape[1]), run, engine.counts)

    def _to_heads(self, clean: Clean, senders: Sets, receivers: Groups, told: EditedLogits) -> None:
        engine, layers = self.engine, len(self.engine.parts.layers)
        wanted = {receiver for group in receivers for receiver in group}
        highest = max((receiver.layer for receiver in wanted), default=0)
        # An edit in the layer of the highest receiver or above reaches none.
        able = [[edit for edit in edits if edit.layer < highest] for edits in senders]
        tail = clean.tail(max((tail_length(edits, clean.batch) for edits in able), default=1))
        order = sorted(range(len(able)), key=lambda sender: join_layer(able[sender], layers))

        def run(chunk: Sequence[int]) -> None:
            plan = make_plan([able[sender] for sender in chunk], clean, tail, layers)
            reads = self._reads(clean, tail, plan, wanted, highest)
            self._patch(clean, tail, plan, reads, chunk, receivers, told)

        in_chunks(order, engine.rows_at_once(clean, tail.places.shape[1]), run, engine.counts)

    def _reads(
        self, clean: Clean, tail: Tail, plan: Plan, wanted: set[Receiver], highest: int
    ) -> dict[Receiver, Tensor]:
        """Returns what each receiver reads beside each sender, (prompt, row, t, head_dim), where any row gets there."""
        reads: dict[Receiver, Tensor] = {}

        def take(layer: int, told: dict[str, Tensor]) -> None:
            for receiver in wanted:
                if receiver.layer == layer:
                    reads[receiver] = told[receiver.reads][:, receiver.head]

        at = frozenset(receiver.layer for receiver in wanted)
        way = Way(self.engine.way.shared, frozen=True, take=take, take_at=at, layers=highest + 1)
        self.engine.run_plan(clean, tail, plan, way)
        return reads

    def _patch(
        self,
        clean: Clean,
        tail: Tail,
        plan: Plan,
        reads: dict[Receiver, Tensor],
        chunk: Sequence[int],
        receivers: Groups,
        told: EditedLogits,
    ) -> None:
        """Runs the second pass, one row per sender of the chunk and group of receivers, and writes what it tells."""
        engine, rows = self.engine, clean.batch.rows
        # The second pass counts prompts from 0: it is a call of its own on this batch.
        here = replace(clean, batch=replace(clean.batch, rows=torch.arange(len(rows))))
        places = _shared_places(plan, tail)
        sets = [
            [
                Edit(receiver.reads, receiver.layer, "replace", reads[receiver][:, row], receiver.head, places[row])
                for receiver in group
                if joined < receiver.layer
            ]
            for row, joined in enumerate(plan.joins, start=1)
            for group in receivers
        ]
        ids, columns = torch.unique(self.tokens[rows], return_inverse=True)

        def tell(logits: Tensor) -> tuple[Tensor]:
            return (engine.chosen(logits, columns).transpose(0, 1).cpu(),)

        def put(chosen_sets: Sequence[int], parts: tuple[Tensor, ...]) -> None:
            (chosen,) = parts
            for place, logits_of_set in zip(chosen_sets, chosen[1:], strict=True):
                row, group = divmod(place, len(receivers))
                told.edited[chunk[row], group, rows] = logits_of_set
                told.clean[chunk[row], group, rows] = chosen[0]

        engine.run_sets(here, sets, ids, tell, put)


def _shared_places(plan: Plan, tail: Tail) -> list[Tensor]:
    """Returns for each row the places (prompt, t) from the first that its sender edits on, -1 before.

    Also where the sender edits nothing: a receiver there must not answer to a receiver below it. Rows with the same
    places share one tensor, by which their edits are recognised as one group.
    """
    known: dict[bytes, Tensor] = {}
    reached, places = plan.reached(frozen=False), tail.places.cpu()
    keys = [reached[:, row].numpy().tobytes() for row in range(reached.shape[1])]
    return [known.setdefault(key, torch.where(reached[:, row], places, -1)) for row, key in enumerate(keys)]
