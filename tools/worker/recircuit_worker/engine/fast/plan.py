"""Sets of edits put in order for rows: where each row leaves the clean run, and which edits are made together.

A row joins at the first layer that its edits touch; below, it is the clean run. Edits of one layer, site and kind are
written by one indexed assignment, however many rows they belong to.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.fast.clean import Clean, Tail
from recircuit_worker.engine.interface import Edit


@dataclass(frozen=True)
class Group:
    """Edits that are written at once. Row 0 is the clean row, so `rows` start at 1."""

    site: str
    layer: int
    op: str
    rows: Tensor
    """(edit,) int64"""
    heads: Tensor | None
    """(edit,) int64"""
    prompts: Tensor
    """(place,) int64: the prompt of each place that is edited"""
    places: Tensor
    """(place,) int64, t within the tail"""
    values: Tensor | None
    """(place or 1, edit, width)"""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Plan:
    """Rows of one chunk, in the order in which they join."""

    joins: tuple[int, ...]
    """layer at which each edited row joins, ascending; the number of layers for a row of no edits"""
    groups: dict[tuple[str, int], tuple[Group, ...]]
    """by site and layer, in the order of making"""
    edits: int
    edited: Tensor
    """(prompt, row, t) bool, on the CPU: what each row edits; row 0 nothing"""

    def reached(self, *, frozen: bool) -> Tensor:
        """Returns (prompt, row, t) bool: where a row can differ from the clean run at all, by causality.

        Every later place; where all heads are frozen, the edited places alone.
        """
        return self.edited if frozen else self.edited.cummax(-1).values

    def first(self) -> int:
        """Returns the layer at which the first row joins."""
        return self.joins[0]

    def joining(self, layer: int) -> int:
        """Returns how many rows join at a layer."""
        return self.joins.count(layer)


def join_layer(edits: Sequence[Edit], layers: int) -> int:
    """Returns the first layer that a row must run through; an edit of the stream after a layer spares that layer."""
    return min((edit.layer + (edit.site == "residual") for edit in edits), default=layers)


def tail_length(edits: Sequence[Edit], batch: Batch) -> int:
    """Returns how many last tokens of the batch's prompts differ from the clean run or are scored, at most."""
    lengths = (batch.last + 1).cpu()[:, None]
    length = scored_length(batch)
    for positions in {id(edit.positions): edit.positions for edit in edits}.values():
        if isinstance(positions, Tensor):
            here = positions.cpu()[batch.rows]
            length = max(length, int(torch.where(here >= 0, lengths - here, 0).max()))
        elif positions == "all":
            return int(lengths.max())
    return length


def scored_length(batch: Batch) -> int:
    """Returns how many last tokens of the batch's prompts hold all that is scored, at most."""
    return int((batch.last[:, None] + 1 - batch.scored).max())


def make_plan(sets: Sequence[Sequence[Edit]], clean: Clean, tail: Tail, layers: int) -> Plan:
    """Returns the plan of a chunk whose sets are sorted by `join_layer`."""
    together: dict[tuple, list[tuple[int, Edit]]] = defaultdict(list)
    for row, edits in enumerate(sets, start=1):
        seen: dict[tuple, int] = defaultdict(int)
        for edit in edits:
            where = (edit.site, edit.layer, edit.head)
            positions = edit.positions if isinstance(edit.positions, str) else id(edit.positions)
            per_prompt = edit.value is not None and edit.value.dim()
            # A second edit of one place in one row waits for the first, as in a whole pass.
            together[seen[where], edit.site, edit.layer, edit.op, positions, per_prompt].append((row, edit))
            seen[where] += 1
    groups: dict[tuple[str, int], tuple[Group, ...]] = {}
    edited = torch.zeros(len(tail.places), 1 + len(sets), tail.places.shape[1], dtype=torch.bool)
    for key in sorted(together, key=lambda key: key[0]):
        group = _group(together[key], clean, tail, edited)
        groups[group.site, group.layer] = (*groups.get((group.site, group.layer), ()), group)
    return Plan(
        joins=tuple(join_layer(edits, layers) for edits in sets),
        groups=groups,
        edits=sum(len(edits) for edits in sets),
        edited=edited,
    )


def _group(members: list[tuple[int, Edit]], clean: Clean, tail: Tail, edited: Tensor) -> Group:
    """Returns the members as one group; notes in `edited` (prompt, row, t) what they edit."""
    first = members[0][1]
    device = clean.residual[first.layer + (first.site == "residual")].device
    prompts, column, places = _places(first, clean, tail)
    rows = torch.tensor([row for row, _ in members])
    edited[prompts[:, None], rows[None], places[:, None]] = True
    heads = None if first.head is None else torch.tensor([edit.head for _, edit in members], device=device)
    return Group(
        site=first.site,
        layer=first.layer,
        op=first.op,
        rows=rows.to(device),
        heads=heads,
        prompts=prompts.to(device),
        places=places.to(device),
        values=_values([edit for _, edit in members], clean, prompts, column, device),
    )


def _places(edit: Edit, clean: Clean, tail: Tail) -> tuple[Tensor, Tensor, Tensor]:
    """Returns (prompt, column of the edit's positions, t) of every place that is edited."""
    start = tail.places[:, :1].cpu()
    t = tail.places.shape[1]
    if edit.positions == "last":
        inside = torch.full((len(start), 1), t - 1)
    elif edit.positions == "all":
        inside = torch.where(tail.places.cpu() >= 0, torch.arange(t), -1)
    else:
        positions = edit.positions.cpu()[clean.batch.rows]
        inside = torch.where(positions >= 0, positions - start, -1)
    prompts, column = (inside >= 0).nonzero(as_tuple=True)
    return prompts, column, inside[prompts, column]


def _values(
    edits: Sequence[Edit], clean: Clean, prompts: Tensor, column: Tensor, device: torch.device
) -> Tensor | None:
    if edits[0].value is None:
        return None
    dimensions = edits[0].value.dim()
    if dimensions == 1:
        return torch.stack([edit.value for edit in edits])[None].to(device)
    # Taken before they are stacked: a call can have many more prompts than a batch.
    rows = clean.batch.rows[prompts].to(edits[0].value.device)
    where = (rows,) if dimensions == 2 else (rows, column.to(rows.device))
    return torch.stack([edit.value[where] for edit in edits], dim=1).to(device)
