"""A sweep that was cut off goes on from its finished chunks: with the same numbers, counts and receipt."""

import dataclasses

import pytest
import torch
from tiny import HEADS, LAYERS, bench, in_context, save

from recircuit_worker.contract import SweepHeadsInput
from recircuit_worker.engine.fast import engine as fast_engine
from recircuit_worker.engine.fast.finished import Finished
from recircuit_worker.engine.interface import Counts
from recircuit_worker.errors import Cancelled
from recircuit_worker.tools import sweep_heads

REQUEST = SweepHeadsInput(in_context(variant="shuffled"), "zero", None, (-1,))


@pytest.fixture
def at(tmp_path):
    made = bench(save(tmp_path / "model", "gemma2"), tmp_path / "artifacts")
    made.engine.budget = dataclasses.replace(made.engine.budget, row_tokens=48)  # four prompts, eleven rows: two chunks
    return made


def begin(at, check=lambda: None) -> None:
    at.begin(lambda *what: None, check, "sweep_heads", "a" * 64)
    at.engine.finished._least = 0.0


def test_the_second_time_only_the_rest_is_run(at, monkeypatch) -> None:
    begin(at)
    whole = sweep_heads.run(REQUEST, at)
    folder = at._unfinished
    assert len(list(folder.iterdir())) > 2
    at.end()
    assert not folder.exists()

    chunks = []
    run_rows = fast_engine.run_rows

    def counted(*args):
        chunks.append(1)
        if len(chunks) == 3:
            raise Cancelled
        return run_rows(*args)

    monkeypatch.setattr(fast_engine, "run_rows", counted)
    begin(at)
    with pytest.raises(Cancelled):
        sweep_heads.run(REQUEST, at)
    assert len(list(folder.iterdir())) == 2
    first = len(chunks)
    begin(at)
    again = sweep_heads.run(REQUEST, at)
    assert again == whole  # artifact hash, counts and noise included
    assert len(chunks) - first == expected_chunks(at) - 2


def expected_chunks(at) -> int:
    begin(at)
    prompts = at.prompts(REQUEST.prompts).prompts
    batches = list(at.engine._row_batches(prompts, [[]] * (LAYERS * HEADS)))
    sizes = [max(1, 48 // len(batch.rows) - 1) for batch in batches]
    return sum(-(-LAYERS * HEADS // size) for size in sizes)


def test_a_damaged_chunk_is_run_again(at) -> None:
    begin(at)
    whole = sweep_heads.run(REQUEST, at)
    for file in at._unfinished.iterdir():
        file.write_bytes(file.read_bytes()[:-7])
    begin(at)
    assert sweep_heads.run(REQUEST, at) == whole


def test_short_chunks_are_not_worth_a_file(tmp_path) -> None:
    counts = Counts()
    kept = Finished(tmp_path / "here")
    assert kept.parts([1], lambda: "", counts, lambda: [([0], (torch.ones(1),))])[0][0] == [0]
    assert not (tmp_path / "here").exists()
