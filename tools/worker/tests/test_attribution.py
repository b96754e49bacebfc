"""Gradient estimates against finite differences and against the joint move that they add up to; then the tool."""

import pytest
import torch
from exact import Pair, prompts
from tiny import FAMILIES, HEADS, LAYERS, bench, in_context, save

from recircuit_worker.agreement import shared_top, spearman
from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import AttributeHeadsInput, MeanActivationsInput, RankHeadsInput, SweepHeadsInput
from recircuit_worker.decode import encode, encode_checked
from recircuit_worker.engine.attribution import Gradients
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.sweeps import from_the_end
from recircuit_worker.errors import Refusal
from recircuit_worker.estimating import STEPS
from recircuit_worker.tools import attribute_heads, mean_activations, rank_heads, sweep_heads

SMALL = 1e-5
"""share of a change at which a difference quotient is taken: its error is of second order, and rounding 1e-11"""
EXACT = 1e-8
PLACES = torch.tensor([[3, 8], [2, -1], [0, 8], [5, 6]])
HEAD = [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]


class Case:
    """A model, four prompts of unequal lengths, and random values to put in at some places."""

    def __init__(self, architecture: str, places: torch.Tensor | None = None) -> None:
        self.pair, self.prompts = Pair(architecture), prompts()
        self.places = from_the_end(self.prompts, (-1,)) if places is None else places
        self.values = self.pair.noise(*self.places.shape, LAYERS, HEADS, self.pair.width)
        self.gradients = Gradients(self.pair.model, self.pair.parts)
        own = self.pair.reference.head_outputs(self.prompts, self.places)
        self.change = self.values.masked_fill((self.places < 0)[:, :, None, None, None], 0) - own

    def estimates(self, values: torch.Tensor | None, steps: int | None = None) -> torch.Tensor:
        return self.gradients.head_estimates(self.prompts, values, self.places, steps).effects

    def probability(self, sets: list[list[Edit]]) -> torch.Tensor:
        """Returns (prompt, set), by whole passes."""
        return self.pair.reference.answers_each(self.prompts, sets).edited.probability[:, :, 0].T

    def moved(self, layer: int, head: int, share: float) -> Edit:
        return Edit("head", layer, "add", share * self.change[:, :, layer, head], head, self.places)


@pytest.mark.parametrize("places", [None, PLACES], ids=["last", "several"])
@pytest.mark.parametrize("architecture", FAMILIES)
def test_attribution_is_the_slope_of_the_effect(architecture, places) -> None:
    case = Case(architecture, places)
    found = case.estimates(case.values)
    up, down = (case.probability([[case.moved(*head, share)] for head in HEAD]) for share in (SMALL, -SMALL))
    slope = ((up - down) / (2 * SMALL)).unflatten(1, (LAYERS, HEADS))
    assert float((found - slope).abs().max()) <= EXACT
    assert float(found.abs().amax(0).min()) > 1e-6  # every head has a slope, or the comparison would prove nothing


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2", "gpt_neox"])
def test_integrated_estimates_add_up_to_the_joint_move(architecture) -> None:
    case = Case(architecture, PLACES)
    joint = case.probability([[case.moved(*head, 1.0) for head in HEAD]])[:, 0]
    clean = case.pair.reference.answers(case.prompts).probability[:, 0]

    def gap(steps: int) -> float:
        return float((case.estimates(case.values, steps).sum((1, 2)) - (joint - clean)).abs().max())

    assert float((joint - clean).abs().max()) > 1e-3
    assert gap(256) < 1e-5
    assert gap(64) / gap(256) == pytest.approx(16, rel=0.05)  # midpoints: of second order


def test_one_step_is_the_slope_halfway() -> None:
    case = Case("llama")
    halfway = [case.moved(*head, 0.5) for head in HEAD]
    up, down = (case.probability([[*halfway, case.moved(*head, share)] for head in HEAD]) for share in (SMALL, -SMALL))
    slope = ((up - down) / (2 * SMALL)).unflatten(1, (LAYERS, HEADS))
    assert float((case.estimates(case.values, 1) - slope).abs().max()) <= EXACT


def test_nothing_put_in_is_zero_and_the_own_output_changes_nothing() -> None:
    case = Case("gemma2")
    torch.testing.assert_close(case.estimates(None), case.estimates(torch.zeros_like(case.values)))
    own = case.pair.reference.head_outputs(case.prompts, case.places)
    assert float(case.estimates(own).abs().max()) < 1e-12
    assert float(case.estimates(own, 3).abs().max()) < 1e-12


def test_a_prompt_alone_and_among_longer_ones_is_estimated_alike() -> None:
    case = Case("gemma2", PLACES)
    for steps in (None, 2):
        among = case.estimates(case.values, steps)
        for row, prompt in enumerate(case.prompts):
            one = slice(row, row + 1)
            alone = case.gradients.head_estimates([prompt], case.values[one], PLACES[one], steps)
            torch.testing.assert_close(alone.effects, among[one], atol=1e-12, rtol=0)


def test_passes_are_counted_and_nothing_is_left_behind() -> None:
    case = Case("gpt2")
    model, counts = case.pair.model, case.gradients.counts
    hooks = hook_count(model)
    found = case.gradients.head_estimates(case.prompts, case.values, case.places, None)
    assert (counts.forwards, counts.layer_tokens, counts.edits_requested) == (8, 2 * LAYERS * 4 * 12, 0)
    case.estimates(case.values, 3)
    assert (counts.forwards, counts.edits_requested, counts.edits_fired) == (8 + 4 * 7, 4 * 3 * LAYERS, 4 * 3 * LAYERS)
    assert hook_count(model) == hooks and not found.effects.requires_grad
    assert all(weight.grad is None and not weight.requires_grad for weight in model.parameters())
    torch.testing.assert_close(found.probability, case.pair.reference.answers(case.prompts).probability[:, 0])


def test_a_cancelled_estimate_stops_and_leaves_no_hook() -> None:
    case = Case("llama")
    hooks, asked = hook_count(case.pair.model), []

    def stop() -> None:
        asked.append(1)
        if len(asked) == 4:
            raise KeyboardInterrupt

    case.gradients.watch.check_cancelled = stop
    with pytest.raises(KeyboardInterrupt):
        case.estimates(case.values, 50)
    assert hook_count(case.pair.model) == hooks


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1, 2, 3), (10, 20, 30), 1.0),
        ((1, 2, 3), (3, 2, 1), -1.0),
        ((1, 2, 2, 3), (1, 2, 3, 4), 0.9486833),
        ((1, 1, 2, 2), (1, 2, 1, 2), 0.0),
        ((1, 1), (1, 2), None),
    ],
)
def test_rank_correlation_with_ties(a, b, expected) -> None:
    assert spearman(torch.tensor(a), torch.tensor(b)) == (expected and pytest.approx(expected))


def test_the_shared_top_is_by_value_not_by_size() -> None:
    scores = torch.arange(24.0).view(4, 6)
    assert shared_top(scores, scores) == 10 and shared_top(scores, -scores) == 0
    assert shared_top(scores, scores.roll(5)) == 5


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    place = tmp_path_factory.mktemp("attribution")
    return bench(save(place / "model", "llama"), place / "artifacts")


def call(module, request, at):
    """Calls a tool as the server does, and holds the answer to the schema."""
    name = module.__name__.rsplit(".", 1)[1]
    at.begin(lambda *what: None, lambda: None, name, hash_of(encode(request)))
    answer = module.run(request, at)
    encode_checked("".join(word.capitalize() for word in name.split("_")) + "Output", answer)
    at.end()
    return answer


def asked(*tasks: str, method: str = "attribution", compare: str | None = None, **recipe) -> AttributeHeadsInput:
    prompts = in_context(*tasks, variant="shuffled", **recipe)
    return AttributeHeadsInput(prompts, "counterfactual", None, (-1,), method, None, compare, None)


def swept(at, *tasks: str, replace_by: str = "counterfactual", positions=(-1,), **recipe) -> str:
    request = SweepHeadsInput(in_context(*tasks, variant="shuffled", **recipe), replace_by, None, positions)
    return call(sweep_heads, request, at).effects.sha256


@pytest.mark.parametrize("method", ["attribution", "integrated"])
def test_the_tool_tells_its_best_heads_and_its_agreement(at, method) -> None:
    sweep = swept(at)
    found = call(attribute_heads, asked(method=method, compare=sweep), at)
    estimates = at.read(found.estimates.sha256, attribute_heads.KIND).tensors["data"].double()
    exact = at.read(sweep, sweep_heads.KIND).tensors["data"].double()
    assert estimates.shape == (3, 4, LAYERS, HEADS)
    average, right = (part.mean(1).mean(0) for part in (estimates, exact))
    assert [head.estimate for head in found.heads] == sorted((head.estimate for head in found.heads), reverse=True)
    assert found.heads[0].estimate == pytest.approx(float(average.max())) and found.all_heads == LAYERS * HEADS
    ranks = torch.stack([part.flatten().argsort().argsort().double() for part in (average, right)])
    agreement = found.agreement
    assert agreement.spearman == pytest.approx(float(torch.corrcoef(ranks)[0, 1]), abs=1e-6)
    assert agreement.largest_error == pytest.approx(float((average - right).abs().max()), abs=1e-6)
    assert [row.task for row in agreement.tasks] == ["same", "next", "other"] and 8 <= agreement.shared <= 10
    points = 1 if method == "attribution" else STEPS
    passes = 1 + 2 * points + (method == "integrated")
    receipt = found.receipt
    assert (receipt.forwards, receipt.rows, receipt.audit) == (12 * passes, 0, None)
    assert receipt.engine == ("none" if method == "attribution" else "fast")
    assert receipt.edits_fired == receipt.edits_requested == (0 if method == "attribution" else 12 * LAYERS * points)


def test_means_and_zero_are_sources_too(at) -> None:
    means = call(mean_activations, MeanActivationsInput(in_context(), False), at).means.sha256
    by_mean = AttributeHeadsInput(in_context(), "mean", means, (-1,), "attribution", None, None, 3)
    found = call(attribute_heads, by_mean, at)
    assert len(found.heads) == 3 and found.agreement is None and found.receipt.forwards == 24
    every = AttributeHeadsInput(in_context(), "zero", None, None, "integrated", 2, None, None)
    assert call(attribute_heads, every, at).receipt.forwards == 12 * 5


def test_progress_reaches_its_total(at) -> None:
    told = []
    at.begin(lambda *what: told.append(what), lambda: None, "attribute_heads", "d" * 64)
    found = attribute_heads.run(asked(method="integrated"), at)
    assert told[-1][0] == told[-1][1] == found.receipt.forwards


def refused(request, at) -> str:
    with pytest.raises(Refusal) as found:
        call(attribute_heads, request, at)
    return found.value.code


def test_only_the_same_sweep_is_compared_with(at) -> None:
    for other in (
        swept(at, "same", "next"),
        swept(at, seed=1),
        swept(at, replace_by="zero"),
        swept(at, positions=(-2, -1)),
    ):
        assert refused(asked(compare=other), at) == "not-the-same-sweep"
    request = SweepHeadsInput(in_context(variant="shuffled"), "counterfactual", None, (-1,))
    at.begin(lambda *what: None, lambda: None, "sweep_heads", hash_of(encode(request)))
    labels = {"task": ("same", "next", "other"), "prompts_sha256": ("e" * 64,)}  # as of the other half of the material
    axes = ("task", "prompt", "layer", "head")
    other = at.write(sweep_heads.KIND, torch.ones(3, 4, LAYERS, HEADS), axes=axes, unit="probability", labels=labels)
    assert refused(asked(compare=other.sha256), at) == "not-the-same-sweep"


def test_estimates_are_never_taken_for_effects(at) -> None:
    estimates = call(attribute_heads, asked(), at).estimates.sha256
    assert refused(asked(compare=estimates), at) == "wrong-kind"
    with pytest.raises(Refusal, match="head_estimates"):
        call(rank_heads, RankHeadsInput(estimates, None), at)


def test_steps_without_a_path_are_refused(at) -> None:
    request = AttributeHeadsInput(in_context(), "zero", None, (-1,), "attribution", 5, None, None)
    assert refused(request, at) == "steps-without-path"
