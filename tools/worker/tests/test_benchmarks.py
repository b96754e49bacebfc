"""The benchmarks themselves, on models of a few thousand weights: numbers are asserted, times never are."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from recircuit_worker.benchmarks import memory, patching, protocol, protocol_calls
from recircuit_worker.benchmarks.bars import agreement_bars, at_least, at_most, cpu_time_bars
from recircuit_worker.benchmarks.careful import CarefulUser, CarefulUserAnswers, ExpertUser, ExpertUserAnswers
from recircuit_worker.benchmarks.contenders import Contender
from recircuit_worker.benchmarks.libraries import LIBRARIES, make_libraries
from recircuit_worker.benchmarks.loops import BatchedLoop, PublishedLoop
from recircuit_worker.benchmarks.ours import Ours, OursAnswers, OursSingly
from recircuit_worker.benchmarks.report import PAGE, page
from recircuit_worker.benchmarks.rounds import run_rounds
from recircuit_worker.benchmarks.shapes import SHAPES, make_model
from recircuit_worker.benchmarks.sweep import run_sweep
from recircuit_worker.benchmarks.told import Told, compare, same_order
from recircuit_worker.benchmarks.work import Work, random_work
from recircuit_worker.errors import Refusal

ROOT = Path(__file__).resolve().parents[3]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def work() -> Work:
    return random_work(SHAPES["tiny"], make_model(SHAPES["tiny"], CPU, torch.float32))


def told_by(contender: Contender) -> Told:
    told = Told(contender.work)
    contender.clean(told)
    contender.sweep(list(range(contender.work.cells)), told)
    return told


@pytest.fixture(scope="module")
def published(work: Work) -> Told:
    return told_by(PublishedLoop(work))


@pytest.mark.parametrize("make", [BatchedLoop, CarefulUser, ExpertUser, Ours, OursSingly])
def test_every_exact_contender_gives_the_logits_of_the_published_loop(work: Work, published: Told, make) -> None:
    found = compare(told_by(make(work)), published)
    assert (found.cells, found.compared_tokens, found.same_top) == (work.cells, work.model.config.vocab_size, True)
    assert found.logits < 1e-4
    assert found.log_probability < 1e-4
    assert published.effect().abs().max() > 1e-3  # agreement about nothing would be none


@pytest.mark.parametrize("make", [CarefulUserAnswers, ExpertUserAnswers, OursAnswers])
def test_contenders_that_want_two_logits_agree_on_them(work: Work, published: Told, make) -> None:
    found = compare(told_by(make(work)), published)
    assert found.logits < 1e-4
    assert (found.log_probability, found.same_top) == (None, True)


def test_a_contender_that_edits_the_neighbouring_head_is_noticed(work: Work, published: Told) -> None:
    shifted = replace(work, means=work.means.roll(1, dims=1))
    found = compare(told_by(PublishedLoop(shifted)), published)
    assert found.logits > 0.01


def test_the_order_of_the_largest_is_the_order_and_not_the_set() -> None:
    effects = torch.arange(90.0)
    swapped = effects.clone()
    swapped[[88, 89]] = effects[[89, 88]]
    assert same_order(effects, effects + 100)
    assert not same_order(swapped, effects)


def test_bars_on_time_decide_nothing_and_bars_on_numbers_do() -> None:
    assert not at_least("times as fast", 1, 60).decides
    rows = [
        {"key": "F", "exact": True, "logits": 2e-4, "same_top": False},
        {"key": "R3", "exact": False, "logits": None, "same_top": False},
    ]
    assert [(bar.holds, bar.decides) for bar in agreement_bars(rows)] == [(False, True), (False, True)]
    assert at_most("ms", 40, 40).holds


def test_a_library_that_is_not_installed_loses_its_row_with_the_reason(work: Work, monkeypatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0")
    for name in ("transformer_lens", "nnsight"):
        monkeypatch.setitem(sys.modules, name, None)
    found, missing = make_libraries(work)
    assert not found
    assert len(missing) == len(LIBRARIES)
    assert all("not installed" in why for why in missing.values())


def test_rounds_measure_every_head_of_a_loop_once_and_count_its_tokens(work: Work) -> None:
    cells = list(range(work.cells))
    (loop, ours), _ = run_rounds([PublishedLoop(work), Ours(work)], cells, lambda line: None, rounds=3)
    whole = work.cells * work.layers * work.ids.numel()
    assert (loop.measured_cells, loop.layer_tokens, loop.seconds.rounds) == (work.cells, whole, 3)
    assert not loop.told.logits.isnan().any()
    assert ours.layer_tokens < whole / 5


class TooLarge(BatchedLoop):
    def sweep(self, cells: list[int], told: Told) -> None:
        raise torch.OutOfMemoryError


def test_a_contender_that_runs_out_of_memory_loses_its_row_and_its_bars(work: Work) -> None:
    outcomes, missing = run_rounds([TooLarge(work), Ours(work)], [0, 1], lambda line: None, rounds=1)
    assert [outcome.contender.key for outcome in outcomes] == ["F"]
    assert [key.split()[0] for key in missing] == ["R2"]
    assert cpu_time_bars({"F": outcomes[0]}) == []


def test_in_bfloat16_the_truth_is_the_same_model_in_float32() -> None:
    report = run_sweep(SHAPES["tiny"], CPU, torch.bfloat16, lambda line: None, rounds=1, rivals=False)
    says = [bar["says"] for bar in report["bars"]]
    assert sum("in bfloat16" in line for line in says) == 4
    exact = next(bar for bar in report["bars"] if "in float32" in bar["says"])
    assert exact["holds"]  # the others are for real sizes: rounding at this size is as large as the effects


def test_a_real_shape_without_a_gpu_is_refused() -> None:
    with pytest.raises(Refusal, match="gpt2-small"):
        make_model(SHAPES["gemma2-9b"], CPU, torch.bfloat16)


def test_the_command_runs_where_only_torch_and_transformers_are(tmp_path: Path) -> None:
    """The worker's other packages are hidden, and the command must end with a table, a report and 0."""
    script = (
        "import runpy, sys\n"
        "for name in ('jsonschema', 'transformer_lens', 'nnsight', 'pandas'): sys.modules[name] = None\n"
        "sys.argv[0] = 'patching'\n"
        "runpy.run_module('recircuit_worker.benchmarks.patching', run_name='__main__')\n"
    )
    arguments = ["--shape", "tiny", "--device", "cpu", "--rounds", "1", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT / "tools" / "worker"
    )
    assert done.returncode == 0, done.stderr
    assert "the numbers agree" in done.stdout
    assert "not installed" in done.stdout
    report = json.loads((tmp_path / "patching-sweep-tiny-cpu.json").read_text(encoding="utf8"))
    assert report["machine"]["packages"]["torch"] == torch.__version__
    assert (tmp_path / PAGE).read_text(encoding="utf8").count("| R1 |") == 1


def test_numbers_that_differ_end_the_command_with_1(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("recircuit_worker.benchmarks.bars.LOGITS", -1.0)
    code = patching.main(["--shape", "tiny", "--rivals", "none", "--rounds", "1", "--out", str(tmp_path)])
    assert code == 1
    assert "MISSED" in capsys.readouterr().out


def test_memory_of_one_size_is_measured_in_a_process_of_its_own() -> None:
    found = memory._in_process("tiny", CPU, torch.float32, 4)
    assert found["rows"] == 4 * 12
    assert found["bound_bytes"] > (found["peak_bytes"] or 0)


def test_the_calls_are_those_of_the_protocol() -> None:
    text = (ROOT / "protocols/findings/function-vector-heads/protocol.yaml").read_text(encoding="utf8")

    def count(tool: str) -> set[int]:
        # a step has its tool on a line of its own; the evidence that a claim must cite has it in braces
        return {int(n) for n in re.findall(rf"^ +tool: {tool}$.*?count: (\d+)", text, re.S | re.M)}

    assert count("mean_activations") == {protocol_calls.MEANS}
    assert count("sweep_heads") == {protocol_calls.SWEPT}
    assert count("inject_vector") == count("ablate_components") == {protocol_calls.INJECTED}
    assert [int(n) for n in re.findall(r"sets: (\d+)", text)] == [
        protocol_calls.RANDOM_SETS,
        protocol_calls.RANDOM_ABLATED,
    ]
    assert f"scales: {list(protocol_calls.SCALES)}" in text


def test_the_whole_protocol_gives_the_same_numbers_by_both_engines(monkeypatch) -> None:
    for name in ("SHOWN", "MEANS", "SWEPT", "INJECTED"):
        monkeypatch.setattr(protocol_calls, name, 2)
        if hasattr(protocol, name):
            monkeypatch.setattr(protocol, name, 2)
    report = protocol.run_protocol(SHAPES["tiny"], CPU, torch.float32, lambda line: None)
    assert report["agrees"]
    *steps, total = report["tables"][0]["rows"]
    assert len(steps) == 16
    assert total[4] == sum(row[4] for row in steps)


def test_the_committed_page_is_rendered_from_the_committed_reports() -> None:
    folder = ROOT / "evals" / "benchmarks"
    assert (folder / PAGE).read_text(encoding="utf8") == page(folder)
