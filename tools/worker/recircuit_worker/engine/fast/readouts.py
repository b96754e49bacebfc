"""Whole readouts under each set of edits: the logits of some tokens, and of the whole vocabulary its best and its sum.

The rows are those of every sweep (`engine.py`); only what is kept of their logits is decided here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recircuit_worker.engine.edits import check_edits
from recircuit_worker.engine.fast.clean import Clean
from recircuit_worker.engine.fast.finished import Told
from recircuit_worker.engine.interface import Edit, EditedReadouts, Readouts, TokenPrompt
from recircuit_worker.engine.passes import check_numbers, no_readouts

if TYPE_CHECKING:
    from recircuit_worker.engine.fast.engine import Fast


def readouts_each(
    engine: "Fast", prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]], tokens: Tensor
) -> EditedReadouts:
    """See `Engine.readouts_each`."""
    check_edits([edit for edits in edit_sets for edit in edits], engine.parts, prompts)
    shape = (len(edit_sets), len(prompts), len(prompts[0].scored), tokens.shape[1])
    edited, unedited = no_readouts(shape, engine.number), no_readouts(shape, engine.number)
    for clean in engine.clean_passes(prompts, edit_sets):
        here = tokens[clean.batch.rows]

        def tell(logits: Tensor, here: Tensor = here) -> Told:
            """Makes of logits (prompt, row, position, vocabulary) what is kept, rows first."""
            told = (engine.chosen(logits, here), logits.argmax(-1), logits.logsumexp(-1))
            check_numbers(told[2])  # one NaN among the logits makes it NaN
            return tuple(part.transpose(0, 1).cpu() for part in told)

        def take(sets: Sequence[int], told: Told, clean: Clean = clean, here: Tensor = here) -> None:
            where = (torch.tensor(sets)[:, None], clean.batch.rows[None])
            for part, change in zip(_parts(edited), told, strict=True):
                part[where] = change[1:]
            for part, change in zip(_parts(unedited), told, strict=True):
                part[where] = change[:1]
            engine.note_noise(told[2][0] - clean.logits.to(engine.number).logsumexp(-1).cpu())

        engine.run_sets(clean, edit_sets, None, tell, take)
    return EditedReadouts(edited, unedited)


def _parts(readouts: Readouts) -> tuple[Tensor, Tensor, Tensor]:
    return readouts.logits, readouts.first, readouts.total
