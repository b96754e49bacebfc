"""What attention reads, and paths: the reference engine against attention and two-run loops written out by hand."""

import pytest
import torch
from by_hand import READABLE, VOCABULARY, Hand, prompts
from tiny import LAYERS
from torch import Tensor

from recircuit_worker.engine.interface import Edit, Receiver
from recircuit_worker.engine.reference import Reference
from recircuit_worker.models.adapter import find_parts

EXACT = 1e-9
EVERY = torch.arange(VOCABULARY).expand(4, -1)
PLACES = torch.tensor([[3, 5], [2, -1], [0, 8], [6, 4]])
HEAD = 2


@pytest.fixture(scope="module", params=READABLE)
def hand(request) -> Hand:
    return Hand(request.param)


def reference(hand: Hand) -> Reference:
    return Reference(hand.model, find_parts(hand.model))


def close(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= EXACT


@pytest.mark.parametrize("layer", range(LAYERS))
def test_attention_written_out_gives_the_models_own_outputs(hand: Hand, layer: int) -> None:
    for prompt in prompts():
        close(hand.attend(hand.reads(prompt.ids, layer), layer).flatten(1), hand.outputs(prompt.ids)[layer])


@pytest.mark.parametrize("site", ["query", "key", "value"])
@pytest.mark.parametrize("layer", [0, 1])
def test_an_edit_of_what_one_head_reads(hand: Hand, site: str, layer: int) -> None:
    """Two heads share their keys and values in two of the architectures: the edit is of the one head's alone."""
    values = torch.randn(4, 2, hand.width, dtype=torch.float64)

    def named(read: Tensor, row: int) -> None:
        real = PLACES[row] >= 0
        read[PLACES[row, real], HEAD] = values[row, real]

    def added(read: Tensor, row: int) -> None:
        read[-1, HEAD] += values[row, 0]

    def gone(read: Tensor, row: int) -> None:
        read[:, HEAD] = 0

    kinds = [
        (Edit(site, layer, "replace", values, HEAD, PLACES), named),
        (Edit(site, layer, "add", values[:, 0], HEAD), added),
        (Edit(site, layer, "zero", head=HEAD, positions="all"), gone),
    ]
    found = reference(hand).logits_each(prompts(), [[edit] for edit, _ in kinds], EVERY)
    for place, (_, change) in enumerate(kinds):
        for row, prompt in list(enumerate(prompts()))[layer::2]:
            reads = hand.reads(prompt.ids, layer)
            change(reads[site], row)
            output = hand.attend(reads, layer)[:, HEAD]
            expected = hand.logits(prompt.ids, hand.head(layer, HEAD, output, slice(None)))[-1]
            close(found.edited[place, row, 0], expected)
        assert float((found.edited - found.clean)[place].abs().max()) > 1e-2


def frozen(hand: Hand, ids: tuple[int, ...], sender: tuple) -> list[tuple]:
    """Returns the changes that give every head its clean output everywhere, and then the sender's."""
    clean = hand.outputs(ids)
    keep = [("projection", layer, lambda z, layer=layer: clean[layer][None].clone()) for layer in range(LAYERS)]
    return [*keep, sender]


SENDERS = [(0, 1), (0, 3), (1, 0), (2, 2)]


def test_paths_to_the_final_stream(hand: Hand) -> None:
    values = torch.randn(4, hand.width, dtype=torch.float64)
    senders = [[Edit("head", layer, "replace", values, head)] for layer, head in SENDERS]
    found = reference(hand).paths(prompts(), senders, None, EVERY)
    for place, (layer, head) in enumerate(SENDERS):
        for row, prompt in enumerate(prompts()):
            changes = frozen(hand, prompt.ids, hand.head(layer, head, values[row]))
            close(found.edited[place, row, 0], hand.logits(prompt.ids, *changes)[-1])
            close(found.clean[place, row, 0], hand.logits(prompt.ids)[-1])


@pytest.mark.parametrize("reads", ["query", "key", "value"])
def test_paths_to_what_a_head_reads(hand: Hand, reads: str) -> None:
    """Two runs: what the receiver reads while all other heads are frozen, then a clean run in which it reads that."""
    values = torch.randn(4, 2, hand.width, dtype=torch.float64)
    senders = [[Edit("head", layer, "replace", values, head, PLACES)] for layer, head in SENDERS]
    receivers = [Receiver(1, 3, reads), Receiver(2, 0, reads)]
    found = reference(hand).paths(prompts(), senders, [[receiver] for receiver in receivers], EVERY)
    for place, (layer, head) in enumerate(SENDERS):
        for group, receiver in enumerate(receivers):
            row = (place + 2 * group) % 4  # one of the prompts in turn
            ids, real = prompts()[row].ids, PLACES[row] >= 0
            sender = hand.head(layer, head, values[row, real], PLACES[row, real])
            beside = hand.reads(ids, receiver.layer, *frozen(hand, ids, sender))
            clean = hand.reads(ids, receiver.layer)
            clean[reads][:, receiver.head] = beside[reads][:, receiver.head]
            output = hand.attend(clean, receiver.layer)[:, receiver.head]
            expected = hand.logits(ids, hand.head(receiver.layer, receiver.head, output, slice(None)))[-1]
            close(found.edited[place, group, row, 0], expected)
    effect = (found.edited - found.clean).abs().amax((2, 3, 4))  # (sender, receiver)
    below = torch.tensor([[layer < receiver.layer for receiver in receivers] for layer, _ in SENDERS])
    assert float(effect[below].min()) > 1e-3 and float(effect[~below].max()) <= EXACT
