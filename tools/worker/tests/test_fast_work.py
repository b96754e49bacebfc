"""How much the fast engine does, counted and not timed; and what it does where the memory is too small."""

from dataclasses import replace

import pytest
import torch
from exact import EXACT, Pair, every_token, prompts
from torch import Tensor

from recircuit_worker.engine.fast import engine as fast_engine
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.fast.finished import Finished
from recircuit_worker.engine.interface import Edit, Receiver
from recircuit_worker.engine.sweeps import from_the_end, head_sets
from recircuit_worker.errors import Fault

HEADS, P, B = 4, 8, 3
EQUAL = (P,) * B


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair("llama", num_hidden_layers=5)


def sweep_tokens(layers: int, tokens: int, rows: list[int], at_once: int) -> int:
    """Returns the layer-tokens of one prompt's rows, each joining at its layer, so many at once beside a clean row."""
    chunks = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    return tokens * sum(layers - chunk[0] + sum(layers - joins for joins in chunk) for chunk in chunks)


@pytest.mark.parametrize(("offsets", "tokens"), [([-1], 1), ([-3], 3), ([-6, -2], 6), (None, P)])
@pytest.mark.parametrize("architecture", ["llama", "gptj"])
def test_the_work_of_a_sweep_is_what_the_algebra_says(
    architecture: str, offsets: list[int] | None, tokens: int
) -> None:
    pair, asked = Pair(architecture), prompts(EQUAL)
    fast, layers = pair.fast(), pair.layers
    fast.logits_each(asked, head_sets(layers, HEADS, None, from_the_end(asked, offsets)), every_token(asked))
    growing = sum(1 + HEADS * (layer + 1) for layer in range(layers))
    assert fast.counts.layer_tokens == B * (layers * P + tokens * growing)
    assert growing == sweep_tokens(layers, 1, sorted([*range(layers)] * HEADS), 99)
    assert (fast.counts.forwards, fast.counts.rows) == (B, B * layers * HEADS)
    assert fast.counts.edits_fired == fast.counts.edits_requested == B * layers * HEADS


@pytest.mark.parametrize(("row_tokens", "at_once"), [(1, 1), (6, 5), (9, 8), (21, 20)])
def test_each_chunk_costs_a_clean_row_from_its_first_layer(pair: Pair, row_tokens: int, at_once: int) -> None:
    """A budget too small for all rows of two prompts runs one prompt at a time, so many rows at once."""
    fast, asked = pair.fast(), prompts(EQUAL)
    fast.budget = replace(fast.budget, row_tokens=row_tokens)
    fast.answers_each(asked, head_sets(5, HEADS, None, "last")[::-1])  # rows are put in order
    joins = sorted([*range(5)] * HEADS)
    assert fast.counts.layer_tokens == B * (5 * P + sweep_tokens(5, 1, joins, at_once))


def test_padding_of_the_clean_pass_is_counted_and_rows_have_none(pair: Pair) -> None:
    fast, asked = pair.fast(), prompts((5, P, 6))
    fast.answers_each(asked, head_sets(5, HEADS, None, "last"))
    assert fast.counts.layer_tokens == B * (5 * P + sweep_tokens(5, 1, sorted([*range(5)] * HEADS), 99))


def test_a_kept_clean_pass_is_not_run_again_and_counts_as_if_it_were(pair: Pair, monkeypatch) -> None:
    fast, asked, sets = pair.fast(), prompts(EQUAL), head_sets(5, HEADS, None, "last")
    fast.answers_each(asked, sets)
    first = fast.counts.layer_tokens
    monkeypatch.setattr(fast_engine, "record", None)
    fast.answers_each(asked, sets)
    assert fast.counts.layer_tokens == 2 * first


def test_no_chunk_is_larger_than_the_budget_however_much_is_asked(pair: Pair, monkeypatch) -> None:
    sizes: list[int] = []
    own = fast_engine.run_rows

    def noted(parts, clean, tail, plan, *others) -> Tensor:
        sizes.append(len(clean.batch.rows) * (1 + len(plan.joins)) * tail.places.shape[1])
        return own(parts, clean, tail, plan, *others)

    monkeypatch.setattr(fast_engine, "run_rows", noted)
    for count in (3, 18):
        fast, asked = pair.fast(), prompts((9, 8, 7) * (count // 3))
        fast.budget = replace(fast.budget, row_tokens=64)
        for positions in ("last", "all"):
            fast.answers_each(asked, head_sets(5, HEADS, None, positions))
    assert len(sizes) > 50 and max(sizes) <= 64


def limited(monkeypatch, name: str, rows_of, most: int) -> list[int]:
    """Lets a function of the engine run out of memory above so many rows; returns where its failures are noted."""
    own, failed = getattr(fast_engine, name), []

    def function(*args, **kwargs):
        if rows_of(args) > most:
            own(*args, **kwargs)  # memory runs out at the end of the work, when all of it was counted
            failed.append(rows_of(args))
            raise torch.OutOfMemoryError
        return own(*args, **kwargs)

    monkeypatch.setattr(fast_engine, name, function)
    return failed


LIMITS = [("run_rows", lambda args: len(args[3].joins)), ("logits_of", lambda args: len(args[3]) // B)]


@pytest.mark.parametrize(("name", "rows_of"), LIMITS, ids=["in-a-layer", "in-the-unembedding"])
def test_a_chunk_that_does_not_fit_is_halved_and_counted_once(pair: Pair, monkeypatch, name: str, rows_of) -> None:
    asked, values = prompts(EQUAL), pair.noise(B, 5, HEADS, pair.width)
    sets = head_sets(5, HEADS, values, "last")
    groups = [[Receiver(3, 1, "key")], [Receiver(4, 0, "value")]]

    def run(fast: Fast) -> list[Tensor]:
        told = fast.logits_each(asked, sets, every_token(asked))
        paths = [fast.paths(asked, sets, receivers, every_token(asked)) for receivers in (None, groups)]
        return [told.edited, told.clean, *(path.edited for path in paths)]

    whole = pair.fast()
    expected = run(whole)
    failed = limited(monkeypatch, name, rows_of, 6)
    fast = pair.fast()
    for one, other in zip(run(fast), expected, strict=True):
        assert float((one - other).abs().max()) < 1e-12
    assert failed
    for count in ("forwards", "rows", "edits_requested", "edits_fired"):
        assert getattr(fast.counts, count) == getattr(whole.counts, count)
    small = pair.fast()
    small.rows_at_once = lambda clean, length: 5  # the halves of 20 and of 40 that fit
    run(small)
    assert whole.counts.layer_tokens < fast.counts.layer_tokens <= small.counts.layer_tokens


def test_one_row_that_does_not_fit_is_a_fault(pair: Pair, monkeypatch) -> None:
    limited(monkeypatch, "run_rows", lambda args: len(args[3].joins), 0)
    asked = prompts(EQUAL)
    for ask in (
        lambda: pair.fast().answers_each(asked, [[Edit("head", 0, "zero", head=0)]] * 7),
        lambda: pair.fast().paths(asked, [[Edit("head", 0, "zero", head=0)]], None, every_token(asked)),
    ):
        with pytest.raises(Fault) as fault:
            ask()
        assert fault.value.code == "out-of-memory"


def test_chunks_kept_by_a_run_with_other_memory_are_not_mistaken(pair: Pair, tmp_path) -> None:
    """With other memory the third chunk holds other senders, of the same places in the call."""
    asked, values = prompts(EQUAL), pair.noise(B, 5, HEADS, pair.width)
    sets, groups = head_sets(5, HEADS, values, "last"), [[Receiver(4, 1, "key")]]

    def run(senders: int, receivers: int) -> Tensor:
        fast, first = pair.fast(), []
        fast.finished = Finished(tmp_path, least_seconds=0.0)
        # Asked once for the senders of the call, and then once for each chunk of them.
        fast.rows_at_once = lambda clean, length: receivers if first else first.append(1) or senders
        return fast.paths(asked, sets, groups, every_token(asked)).edited

    expected = pair.reference.paths(asked, sets, groups, every_token(asked)).edited
    for senders in (2, 5, 5):
        assert float((run(senders, 2) - expected).abs().max()) < EXACT
    assert len(list(tmp_path.iterdir())) > 5
