"""Path patching: the fast engine against two whole runs per sender and receiver, and how much less it does."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from exact import BITES, EXACT, Pair, every_token, prompts
from tiny import FAMILIES, UNREGISTERED

from recircuit_worker.engine.interface import Edit, Receiver, TokenPrompt
from recircuit_worker.engine.sweeps import from_the_end, head_sets
from recircuit_worker.errors import Refusal

Groups = Sequence[Sequence[Receiver]]
PLACES = torch.tensor([[3, 5], [2, -1], [0, 8], [6, 4]])
RECEIVERS: Groups = [
    [Receiver(2, 1, "query")],
    [Receiver(1, 0, "key")],
    [Receiver(2, 3, "value")],
    [Receiver(2, head, "value") for head in range(4)],
    [Receiver(1, 0, "value"), Receiver(2, 2, "query"), Receiver(2, 2, "key")],  # the upper must not hear the lower
]


@pytest.fixture(scope="module", params=[*FAMILIES, "bitnet"])
def pair(request) -> Pair:
    return Pair(request.param)


def senders(pair: Pair, values: torch.Tensor) -> list[list[Edit]]:
    """Returns a head of each layer in each way of being edited, MLPs, and several at once."""
    count, width = len(values), pair.width
    return [
        [Edit("head", 0, "replace", values[:, 0], 1)],
        [Edit("head", 1, "zero", head=3, positions="all")],
        [Edit("head", 0, "replace", values, 2, PLACES)],
        [Edit("head", 2, "add", values[:, 1], 0)],
        [Edit("mlp", 0, "zero", positions="all")],
        [Edit("mlp", 1, "add", pair.noise(count, pair.parts.d_model, seed=3), positions=PLACES)],
        [Edit("head", 0, "zero", head=0), Edit("mlp", 1, "zero"), Edit("head", 2, "replace", values[0, 0, :width], 1)],
        [],
    ]


def compare(pair: Pair, asked: list[TokenPrompt], sets: list[list[Edit]], groups: Groups | None) -> torch.Tensor:
    """Returns the effects (sender, [group]) if both engines tell the same logits."""
    fast = pair.fast()
    found = fast.paths(asked, sets, groups, every_token(asked))
    expected = pair.reference.paths(asked, sets, groups, every_token(asked))
    assert found.edited.shape == found.clean.shape == expected.edited.shape == expected.clean.shape
    assert float((found.edited - expected.edited).abs().max()) <= EXACT
    assert float((found.clean - expected.clean).abs().max()) <= EXACT
    assert fast.counts.edits_fired == fast.counts.edits_requested
    return (found.edited - found.clean).abs().flatten(2 if groups else 1).amax(-1)


def test_to_the_final_stream(pair: Pair) -> None:
    asked = prompts(back=(0, 3))
    effects = compare(pair, asked, senders(pair, pair.noise(4, 2, pair.width)), None)
    assert float(effects[:-1].min()) > BITES and float(effects[-1]) == 0


def test_to_what_heads_read(pair: Pair) -> None:
    asked, sets = prompts(back=(0, 3)), senders(pair, pair.noise(4, 2, pair.width))
    if pair.name in UNREGISTERED:
        with pytest.raises(Refusal, match="a place of its own"):
            pair.fast().paths(asked, sets, RECEIVERS, every_token(asked))
        return
    effects = compare(pair, asked, sets, RECEIVERS)
    for sender, edits in enumerate(sets):
        first = min((edit.layer for edit in edits), default=3)
        for group, receivers in enumerate(RECEIVERS):
            reached = any(receiver.layer > first for receiver in receivers)
            # Causally impossible is zero to the last bit; possible is far above rounding.
            assert (float(effects[sender, group]) > 1e-6) if reached else (float(effects[sender, group]) == 0)


def test_every_head_to_queries_keys_and_values_at_the_last_token() -> None:
    pair, asked = Pair("gemma2"), prompts()
    values = pair.noise(4, 3, 4, pair.width)
    groups = [[Receiver(2, 1, reads)] for reads in ("query", "key", "value")]
    compare(pair, asked, head_sets(3, 4, values, "last"), groups)
    compare(pair, asked, head_sets(3, 4, values, "last"), None)


@pytest.mark.parametrize("rows", [1, 3])
def test_chunks_do_not_matter(rows: int) -> None:
    pair, asked = Pair("llama"), prompts()
    sets, small = senders(pair, pair.noise(4, 2, pair.width)), pair.fast()
    small.rows_at_once = lambda clean, length: rows
    for groups in (None, RECEIVERS):
        one, other = (fast.paths(asked, sets, groups, every_token(asked)) for fast in (small, pair.fast()))
        assert float((one.edited - other.edited).abs().max()) <= EXACT


LAYERS, HEADS, TOKENS = 12, 8, 30
WHOLE = LAYERS * TOKENS
"""layer-tokens of one forward"""
PUBLISHED = [[Receiver(layer, head, "value")] for layer, heads in ((9, 3), (10, 4), (11, 4)) for head in range(heads)]
"""as many receivers as the published run on Gemma-2 has, at heads of the upper quarter, as there"""


@pytest.fixture(scope="module")
def deep() -> Pair:
    sizes = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": 4}
    return Pair("gemma2", **sizes)


def work(deep: Pair, offsets: list[int] | None, groups: Groups | None) -> int:
    """Returns the layer-tokens in which the fast engine runs every head as a sender, in one prompt."""
    fast, asked = deep.fast(), prompts((TOKENS,))
    fast.budget = replace(fast.budget, row_tokens=1 << 20)  # one chunk
    fast.paths(asked, head_sets(LAYERS, HEADS, None, from_the_end(asked, offsets)), groups, every_token(asked))
    return fast.counts.layer_tokens


def two_runs(groups: Groups | None) -> int:
    """Returns those of the published loop: two runs for each sender and receiver, senders below the receiver alone."""
    below = [LAYERS if groups is None else max(r.layer for r in group) for group in groups or [()]]
    return WHOLE * (1 + sum(2 * HEADS * layers for layers in below))


def test_every_sender_to_the_final_stream_is_a_fiftieth_of_the_work(deep: Pair) -> None:
    joined = LAYERS + sum(HEADS * (LAYERS - layer) for layer in range(LAYERS))
    assert work(deep, None, None) == work(deep, [-1], None) == WHOLE + joined  # elsewhere nothing reaches the answer
    assert two_runs(None) / work(deep, [-1], None) > 69
    deep.reference.counts.layer_tokens = 0
    asked = prompts((TOKENS,))
    compare(deep, asked, head_sets(LAYERS, HEADS, None, "last")[::12], None)
    assert deep.reference.counts.layer_tokens == WHOLE * (1 + 8)  # it spares the second run: twice as fast as published


@pytest.mark.parametrize(
    ("offsets", "groups", "ratio"),
    [
        ([-1], [[Receiver(10, 3, "value")]], 55.0),
        ([-3, -2, -1], [[Receiver(10, 3, "value")]], 23.8),
        # Each position is a stream of its own and all are needed: the whole gain is what lies below the sender.
        (None, [[Receiver(10, 3, "value")]], 2.74),
        (None, PUBLISHED, 9.34),
        ([-1], PUBLISHED, 243),
    ],
)
def test_every_sender_to_values(deep: Pair, offsets: list[int] | None, groups: Groups, ratio: float) -> None:
    streams = TOKENS if offsets is None else len(offsets)
    highest = max(receiver.layer for group in groups for receiver in group)
    first = highest + 1 + sum(HEADS * (highest + 1 - layer) for layer in range(highest))
    lowest = min(group[0].layer for group in groups)
    second = LAYERS - lowest + sum(HEADS * r.layer * (LAYERS - r.layer) for (r,) in groups)
    assert work(deep, offsets, groups) == WHOLE + streams * (first + second)
    assert two_runs(groups) / (WHOLE + streams * (first + second)) == pytest.approx(ratio, rel=0.01)
    asked = prompts((TOKENS,))
    some = head_sets(LAYERS, HEADS, None, from_the_end(asked, offsets))[::29]
    assert float(compare(deep, asked, some, groups[:2]).max()) > BITES
