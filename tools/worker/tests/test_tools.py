"""Every tool on real tiny models, through the contract's own encoder; numbers against arithmetic by hand."""

import pytest
import torch
from calls import call, injection, means, refused
from tiny import ARCHITECTURES, HEADS, LAYERS, bench, in_context, repeats, save

from recircuit_worker.contract import (
    AblateComponentsInput,
    AttentionScoresInput,
    CopyScoresInput,
    DescribeModelInput,
    GeneratePromptsInput,
    MeanActivationsInput,
    MeasureBehaviourInput,
    RankHeadsInput,
    SweepHeadsInput,
)
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.tools import (
    ablate_components,
    attention_scores,
    copy_scores,
    describe_model,
    generate_prompts,
    inject_vector,
    mean_activations,
    measure_behaviour,
    rank_heads,
    sweep_heads,
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_whole_path_in_context(benches, architecture) -> None:
    at = benches(architecture)
    assert call(describe_model, DescribeModelInput(), at).facts is at.facts
    shown = call(generate_prompts, GeneratePromptsInput(in_context(), 1), at)
    assert shown.scorable == ("same", "next", "other") and len(shown.samples) == 3
    assert shown.samples[0].first_answer_token == shown.samples[0].answer
    score = call(measure_behaviour, MeasureBehaviourInput(in_context()), at)
    assert (score.receipt.forwards, score.receipt.engine, score.receipt.prompts) == (12, "none", 12)
    source = means(at)
    assert source.means.shape == (3, LAYERS, HEADS, at.facts.head_dim)
    swept = call(sweep_heads, SweepHeadsInput(in_context(variant="shuffled"), "mean", source.means.sha256, (-1,)), at)
    assert swept.effects.shape == (3, 4, LAYERS, HEADS)
    receipt = swept.receipt
    assert (receipt.engine, receipt.forwards, receipt.rows) == ("fast", 12 + 16, 12 * LAYERS * HEADS)
    assert receipt.noise < 1e-5
    assert receipt.edits_fired == receipt.edits_requested == 12 * LAYERS * HEADS + 8
    assert receipt.audit.pairs == 8 and receipt.audit.max_deviation <= receipt.audit.tolerance == 1e-4
    ranked = call(rank_heads, RankHeadsInput(swept.effects.sha256, None), at)
    assert len(ranked.heads) == len(ranked.half_a) == 10 and ranked.all_heads == LAYERS * HEADS
    added = call(inject_vector, injection(at, source.means.sha256, norm="through-norm", scales=(1.0, 2.0)), at)
    assert len(added.rows) == 2 * LAYERS and added.receipt.edits_fired == 12 * 2 * LAYERS
    lost = call(ablate_components, AblateComponentsInput(in_context(), ("a1.h0", "m2"), "mean", "last"), at)
    assert (lost.receipt.forwards, lost.receipt.rows) == (
        24,
        12,
    ) and lost.lost_accuracy == lost.accuracy_before - lost.accuracy_after
    assert at.engine.counts.edits_fired == 24


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_whole_path_of_repeated_tokens(benches, architecture) -> None:
    at = benches(architecture, kind="repeated-tokens")
    shown = call(generate_prompts, GeneratePromptsInput(repeats(), 2), at)
    assert len(shown.samples) == 2 and shown.longest == 25 and shown.scorable == ()
    score = call(measure_behaviour, MeasureBehaviourInput(repeats()), at)
    assert [row.task for row in score.tasks] == ["first-block", "later-blocks"]
    assert score.accuracy == score.tasks[1].accuracy
    for pattern in ("induction", "previous-token", "duplicate-token", "first-token"):
        found = call(attention_scores, AttentionScoresInput(repeats(), pattern, None, None), at)
        assert len(found.heads) == 3 and 0 <= found.heads[-1].score <= found.heads[0].score <= 1
    named = call(attention_scores, AttentionScoresInput(repeats(), "induction", ("a2.h1",), None), at)
    assert [row.component for row in named.heads] == ["a2.h1"] and named.mean == named.heads[0].score
    lost = call(ablate_components, AblateComponentsInput(repeats(), ("a0.h0", "m1"), "mean", "all"), at)
    assert lost.loss_before == lost.before[1].loss and lost.added_loss != 0 and lost.each is None
    each = call(ablate_components, AblateComponentsInput(repeats(), ("a0.h0", "m1"), "mean", "all", True), at)
    assert each.after == lost.after
    apart = [AblateComponentsInput(repeats(), (name,), "mean", "all") for name in ("a0.h0", "m1")]
    alone = [call(ablate_components, request, at).added_loss for request in apart]
    assert [row.added_loss for row in each.each] == pytest.approx(alone, rel=1e-3)
    assert [row.regained_loss for row in each.each] == pytest.approx(
        [lost.added_loss - one for one in alone[::-1]], rel=1e-3
    )
    copies = call(copy_scores, CopyScoresInput(None), at)
    assert len(copies.heads) == LAYERS * HEADS and copies.heads[0].score > copies.heads[-1].score


def test_ranking_is_the_mean_over_prompts_then_tasks(benches) -> None:
    at = benches()
    effects = torch.zeros(2, 4, LAYERS, HEADS)
    effects[:, 0::2, 1, 2] = 0.4  # strong in even prompts only
    effects[:, :, 2, 0] = torch.tensor([0.1, 0.2])[:, None]
    at.begin(lambda *what: None, lambda: None, "sweep_heads", "b" * 64)
    sweep = at.write("head_effects", effects, axes=("task", "prompt", "layer", "head"), unit="probability")
    found = call(rank_heads, RankHeadsInput(sweep.sha256, 2), at)
    assert [(head.component, round(head.effect, 6)) for head in found.heads] == [("a1.h2", 0.2), ("a2.h0", 0.15)]
    assert found.heads[1].sem == pytest.approx(0.05)
    assert (found.half_a[0], found.half_b[0]) == ("a1.h2", "a2.h0")
    assert found.mean_depth == pytest.approx(1.5 / LAYERS)


def test_sweeps_in_double_precision_pass_a_tight_audit(benches) -> None:
    at = benches("gemma2", "float64")
    swept = call(sweep_heads, SweepHeadsInput(in_context(), "mean", means(at).means.sha256, (-1,)), at)
    assert swept.receipt.audit.tolerance == 1e-9


def test_a_wrong_engine_fails_the_audit(benches) -> None:
    at = benches()
    source = means(at).means.sha256

    class Wrong(Fast):
        def answers_each(self, prompts, edit_sets):
            found = super().answers_each(prompts, edit_sets)
            found.edited.probability.add_(0.01)
            return found

    right, at.engine = at.engine, Wrong(at.model.model, at.parts)
    try:
        with pytest.raises(Fault) as fault:
            call(sweep_heads, SweepHeadsInput(in_context(), "mean", source, (-1,)), at)
    finally:
        at.engine = right
    assert fault.value.code == "audit-failed"


def test_effects_that_are_all_zero_are_a_fault(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts")
    source = means(at).means.sha256
    for layer in at.parts.layers:
        layer.projection.weight.zero_()
    with pytest.raises(Fault) as fault:
        call(sweep_heads, SweepHeadsInput(in_context(), "mean", source, (-1,)), at)
    assert fault.value.code == "all-effects-zero"


def test_bad_requests_are_refused(benches) -> None:
    at = benches()
    source = means(at, "same", "next").means.sha256
    sweep = call(sweep_heads, SweepHeadsInput(in_context("same"), "mean", source, (-1,)), at).effects.sha256
    assert refused(sweep_heads, SweepHeadsInput(in_context("other"), "mean", source, (-1,)), at) == "task-not-in-source"
    assert refused(sweep_heads, SweepHeadsInput(in_context("same"), "mean", sweep, (-1,)), at) == "wrong-kind"
    assert refused(sweep_heads, SweepHeadsInput(in_context("same"), "mean", "0" * 64, (-1,)), at) == "unknown-artifact"
    assert refused(measure_behaviour, MeasureBehaviourInput(in_context(shots=12)), at) == "too-few-pairs"
    one = call(sweep_heads, SweepHeadsInput(in_context("same", count=1), "mean", source, (-1,)), at).effects.sha256
    assert refused(rank_heads, RankHeadsInput(one, None), at) == "too-few-prompts"
    for change, code in (
        ({"components": ("a9.h0",)}, "no-such-component"),
        ({"components": ("m1",)}, "not-a-head"),
        ({"layers": (LAYERS,)}, "no-such-layer"),
        ({"layers": (1, 1)}, "layer-twice"),
        ({"prompts": in_context("same"), "vector": "other-task"}, "no-other-task"),
    ):
        assert refused(inject_vector, injection(at, source, "same", "next", **change), at) == code


def test_bad_requests_on_repeated_tokens_are_refused(benches) -> None:
    at = benches(kind="repeated-tokens")
    last = AblateComponentsInput(repeats(), ("a0.h0",), "zero", "last")
    assert refused(ablate_components, last, at) == "positions-not-all"
    assert refused(measure_behaviour, MeasureBehaviourInput(in_context()), at) == "other-behaviour"
    assert refused(measure_behaviour, MeasureBehaviourInput(repeats(length=100)), at) == "too-few-tokens"
    assert refused(measure_behaviour, MeasureBehaviourInput(repeats(length=40, repeats=7)), at) == "prompt-too-long"


def test_tasks_without_a_correct_prompt_are_named(benches) -> None:
    at = benches("gpt_neox")  # random weights: hardly anything is right
    with pytest.raises(Refusal, match="same|next|other") as found:
        call(mean_activations, MeanActivationsInput(in_context(count=1), True), at)
    assert found.value.code == "no-correct-prompt"


def test_progress_reaches_its_total(benches) -> None:
    at, told = benches(), []
    at.begin(lambda *what: told.append(what), lambda: None, "ablate_components", "c" * 64)
    ablate_components.run(AblateComponentsInput(in_context(), ("a0.h0",), "mean", "last"), at)
    assert told[-1][:3] == (36, 36, "forwards")
    source = means(at).means.sha256
    at.begin(lambda *what: told.append(what), lambda: None, "sweep_heads", "c" * 64)
    sweep_heads.run(SweepHeadsInput(in_context(), "mean", source, (-1,)), at)
    assert told[-1][0] == told[-1][1] == at.engine.counts.forwards + at.engine.counts.rows


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_request_gives_one_answer(benches, architecture) -> None:
    at = benches(architecture)
    request = MeasureBehaviourInput(in_context(count=7))
    assert call(measure_behaviour, request, at) == call(measure_behaviour, request, at)
