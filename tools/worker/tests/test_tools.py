"""Every tool on real tiny models, through the contract's own encoder; numbers against arithmetic by hand."""

import dataclasses

import pytest
import torch
from tiny import ARCHITECTURES, HEADS, LAYERS, WIDTH, bench, in_context, repeated_material, repeats, save

from recircuit_worker import contract
from recircuit_worker.address import Head
from recircuit_worker.contract import (
    AblateComponentsInput,
    AttentionScoresInput,
    CopyScoresInput,
    DescribeModelInput,
    GeneratePromptsInput,
    InjectVectorInput,
    MeanActivationsInput,
    MeasureBehaviourInput,
    RankHeadsInput,
    SweepHeadsInput,
)
from recircuit_worker.decode import encode_checked
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.models.adapter import matrix
from recircuit_worker.models.values import norm_gain, value_matrix
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
from recircuit_worker.tools.copy_scores import embedding_meets_unembedding, layer_scores
from recircuit_worker.tools.inject_vector import function_vectors, other_tasks


@pytest.fixture(scope="session")
def benches(tmp_path_factory):
    """Benches by (architecture, dtype, kind of prompts), each opened once."""
    made = {}

    def get(architecture: str = "llama", dtype: str = "float32", kind: str = "in-context"):
        key = (architecture, dtype, kind)
        if key not in made:
            place = tmp_path_factory.mktemp("bench")
            of = repeated_material() if kind == "repeated-tokens" else None
            made[key] = bench(save(place / "model", architecture), place / "artifacts", dtype=dtype, of=of)
        return made[key]

    return get


def call(module, request, at):
    """Calls a tool as the server does, and holds the answer to the schema."""
    name = module.__name__.rsplit(".", 1)[1]
    at.begin(lambda *what: None, lambda: None, name, "a" * 64)
    answer = module.run(request, at)
    encode_checked("".join(word.capitalize() for word in name.split("_")) + "Output", answer)
    return answer


def means(at, *tasks: str, **recipe):
    return call(mean_activations, MeanActivationsInput(in_context(*tasks, **recipe), False), at)


def injection(at, source: str, *tasks: str, **changes) -> InjectVectorInput:
    base = InjectVectorInput(
        in_context(*tasks, variant="zero-shot"), source, ("a0.h1", "a2.h3"), None, (1.0,), "own-task", "raw"
    )
    return dataclasses.replace(base, **changes)


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
    for pattern in ("induction", "previous-token", "duplicate-token"):
        found = call(attention_scores, AttentionScoresInput(repeats(), pattern, None, None), at)
        assert len(found.heads) == 3 and 0 <= found.heads[-1].score <= found.heads[0].score <= 1
    named = call(attention_scores, AttentionScoresInput(repeats(), "induction", ("a2.h1",), None), at)
    assert [row.component for row in named.heads] == ["a2.h1"] and named.mean == named.heads[0].score
    lost = call(ablate_components, AblateComponentsInput(repeats(), ("a0.h0", "m1"), "mean", "all"), at)
    assert lost.loss_before == lost.before[1].loss and lost.added_loss != 0
    copies = call(copy_scores, CopyScoresInput(None), at)
    assert len(copies.heads) == LAYERS * HEADS and copies.heads[0].score > copies.heads[-1].score


def test_a_function_vector_is_the_projection_of_the_means(benches) -> None:
    at = benches("gpt2", "float64")  # biased projection: the bias must not be counted
    values = torch.randn(2, LAYERS, HEADS, at.facts.head_dim)
    found = function_vectors(values, [Head(1, 0), Head(1, 2), Head(2, 3)], at.parts)
    expected = torch.zeros(2, WIDTH, dtype=torch.float64)
    for layer, heads in ((1, (0, 2)), (2, (3,))):
        kept = torch.zeros(2, HEADS, at.facts.head_dim, dtype=torch.float64)
        kept[:, list(heads)] = values[:, layer, list(heads)].double()
        projection = at.parts.layers[layer].projection
        expected += projection(kept.flatten(1)) - projection.bias
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)


def test_through_norm_uses_the_norm_behind_the_heads(benches) -> None:
    at = benches("gemma2")
    values = torch.randn(1, LAYERS, HEADS, at.facts.head_dim)
    heads = [Head(1, 0), Head(1, 1)]
    raw, through = (function_vectors(values, heads, at.parts, through_norm=norm) for norm in (False, True))
    norm = at.model.model.model.layers[1].post_attention_layernorm
    torch.testing.assert_close(through, norm(raw), atol=1e-5, rtol=0)
    llama = benches("llama")
    values = torch.randn(1, LAYERS, HEADS, llama.facts.head_dim)
    assert torch.equal(
        function_vectors(values, heads, llama.parts), function_vectors(values, heads, llama.parts, through_norm=True)
    )


def test_a_vector_of_almost_no_length_changes_nothing(benches) -> None:
    at = benches()
    source = means(at).means.sha256
    found = call(inject_vector, injection(at, source, scales=(1e-9,), layers=(0, 2)), at)
    assert [row.accuracy for row in found.rows] == [found.before] * 2
    assert found.accuracy.shape == (3, 2, 1)


def test_the_other_task_is_of_the_same_domain_and_never_the_own(benches) -> None:
    at = benches()
    assert other_tasks(["same", "next", "other"], at) == ["next", "same", "same"]
    with pytest.raises(Refusal) as refused:
        other_tasks(["same"], at)
    assert refused.value.code == "no-other-task"


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


def refused(module, request, at) -> str:
    with pytest.raises(Refusal) as found:
        call(module, request, at)
    return found.value.code


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


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("induction", [(4, 2), (5, 3), (6, 4)]),  # bos a b c a b c: the second a looks at the b after the first
        ("duplicate-token", [(4, 1), (5, 2), (6, 3)]),
        ("previous-token", [(2, 1), (3, 2), (4, 3), (5, 4), (6, 5)]),
    ],
)
def test_places_of_patterns(pattern, expected) -> None:
    recipe = contract.RepeatedPrompts("repeated-tokens", 3, 2, 1, 0)
    assert list(zip(*attention_scores.places(pattern, recipe, 1), strict=True)) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_copying_scores_are_those_of_the_vocabulary_sized_product(benches, architecture) -> None:
    at = benches(architecture)
    parts, layer = at.parts, 1
    found = layer_scores(parts, layer, embedding_meets_unembedding(parts), at.facts.vocabulary)
    norms = parts.layers[layer]
    into, centred = norm_gain(norms.input_norm, parts)
    gain = norm_gain(norms.post_attention_norm, parts)[0] * norm_gain(parts.final_norm, parts)[0]
    embedding = parts.embedding.weight.double()
    if centred:
        embedding = embedding - embedding.mean(1, keepdim=True)
    values = value_matrix(parts, layer, at.facts.vocabulary).double()
    outputs = matrix(norms.projection).double().unflatten(0, (HEADS, -1))
    for head in range(HEADS):
        through = (embedding * into.double()) @ values[:, head] @ outputs[head]
        eigenvalues = torch.linalg.eigvals((through * gain.double()) @ matrix(parts.unembedding).double())
        expected = eigenvalues.sum().real / eigenvalues.abs().sum()
        assert float(found[head]) == pytest.approx(float(expected), abs=2e-3)


def test_a_copying_head_scores_one_and_its_negative_minus_one(benches, tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts")
    model = at.model.model
    model.lm_head.weight.copy_(model.model.embed_tokens.weight)
    model.model.norm.weight.fill_(1)
    layer = model.model.layers[1]
    layer.input_layernorm.weight.fill_(1)
    width = at.facts.head_dim
    layer.self_attn.o_proj.weight[:, :width] = layer.self_attn.v_proj.weight[:width].T  # W_O = W_V transposed
    layer.self_attn.o_proj.weight[:, width : 2 * width] = -layer.self_attn.v_proj.weight[:width].T
    found = call(copy_scores, CopyScoresInput(("a1.h0", "a1.h1")), at)
    assert found.heads[0].score == pytest.approx(1, abs=1e-3)
    assert found.heads[1].score == pytest.approx(-1, abs=1e-3)
    assert found.mean == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_request_gives_one_answer(benches, architecture) -> None:
    at = benches(architecture)
    request = MeasureBehaviourInput(in_context(count=7))
    assert call(measure_behaviour, request, at) == call(measure_behaviour, request, at)
