"""Whole readouts under sets of edits: the fast engine against the reference engine, which is held to plain logits."""

import pytest
import torch
from exact import BITES, EXACT, Pair, every_token, prompts
from tiny import ARCHITECTURES

from recircuit_worker.engine.interface import Edit


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_readouts_are_those_of_all_logits(family: str) -> None:
    pair, asked = Pair(family), prompts(back=(0, 3))
    values, tokens = pair.noise(4, pair.width), torch.tensor([[3, 9], [4, 4], [50, 7], [8, 3]])
    sets = [
        [Edit("head", 0, "replace", values, 1), Edit("mlp", 1, "zero", positions="all")],
        [],
        [Edit("mlp", 2, "zero")],
    ]
    logits = pair.reference.logits_each(asked, sets, every_token(asked))
    for engine in (pair.fast(), pair.reference):
        found = engine.readouts_each(asked, sets, tokens)
        for read, whole in ((found.edited, logits.edited), (found.clean, logits.clean)):
            chosen = whole.gather(-1, tokens[None, :, None].expand(3, -1, 2, -1))
            assert torch.equal(read.first, whole.argmax(-1))
            for one, other in ((read.logits, chosen), (read.total, whole.logsumexp(-1))):
                assert float((one - other).abs().max()) <= EXACT
        assert float((found.edited.total - found.clean.total)[0].abs().min()) > BITES / 10
