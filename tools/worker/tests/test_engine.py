"""The reference engine against arithmetic written here by hand: one prompt, one forward, one hook placed by name.

Everything is float64 under `ExactDouble`, so two exact routes agree to 1e-9. Logits are compared beside probabilities.
"""

import pytest
import torch
from by_hand import Hand, prompts
from tiny import FAMILIES, HEADS, LAYERS, WIDTH

from recircuit_worker.address import Head, Mlp
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Edit, TokenPrompt
from recircuit_worker.engine.reference import Reference
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.models.adapter import find_parts

EXACT = 1e-9


class Case(Hand):
    def __init__(self, architecture: str) -> None:
        super().__init__(architecture)
        self.engine = Reference(self.model, find_parts(self.model))

    def each(self, change=None) -> torch.Tensor:
        """Returns the last logits (prompt, vocabulary) of the prompts; `change` is given each prompt's row."""
        rows = enumerate(prompts())
        return torch.stack([self.logits(p.ids, *([change(row)] if change else []))[-1] for row, p in rows])


@pytest.fixture(scope="module", params=FAMILIES)
def built(request) -> Case:
    return Case(request.param)


@pytest.fixture
def case(built: Case) -> Case:
    built.engine = Reference(built.model, built.engine.parts)  # its counts begin at zero
    return built


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= EXACT


def test_clean_logits_of_a_padded_batch_are_those_of_single_prompts(case: Case) -> None:
    found = case.engine.last_logits(prompts())
    close(found, case.each())
    assert case.engine.counts.forwards == 4
    assert case.engine.counts.layer_tokens == LAYERS * 4 * 12  # padding is computed too


def test_every_position_is_scored_right(case: Case) -> None:
    full = [TokenPrompt(p.ids[:7], tuple(range(6)), p.ids[1:7]) for p in prompts()]
    found = case.engine.answers(full)
    for row, prompt in enumerate(full):
        expected = case.logits(prompt.ids)[:6].log_softmax(-1)
        close(found.log_probability[row], expected[torch.arange(6), list(prompt.targets)])
        assert found.correct[row].tolist() == (expected.argmax(-1) == torch.tensor(prompt.targets)).tolist()


def test_a_sweep_is_one_replaced_head_at_a_time(case: Case) -> None:
    values = torch.randn(4, LAYERS, HEADS, case.width, dtype=torch.float64)
    sets = head_sets(LAYERS, HEADS, values, "last")
    found = case.engine.answers_each(prompts(), sets)
    assert case.engine.counts.edits_fired == case.engine.counts.edits_requested == 4 * LAYERS * HEADS
    assert case.engine.counts.rows == 4 * LAYERS * HEADS and case.engine.counts.forwards == 4 * (LAYERS * HEADS + 1)
    clean = case.each().softmax(-1)
    for place, (edit,) in enumerate(sets):
        row = place % 4  # each head in one of the prompts, in turn
        prompt, value = prompts()[row], values[row, edit.layer, edit.head]
        expected = case.logits(prompt.ids, case.head(edit.layer, edit.head, value))[-1].log_softmax(-1)
        close(found.edited.log_probability[place, row, 0], expected[prompt.targets[0]])
    for row, prompt in enumerate(prompts()):
        close(found.clean.probability[:, row, 0], clean[row, prompt.targets[0]].expand(len(sets)))
    told = found.edited.probability
    assert len(set(told.flatten().tolist())) == told.numel()  # no head is another head
    assert hook_count(case.model) == 0


def test_logits_of_named_tokens(case: Case) -> None:
    value = torch.randn(4, case.width, dtype=torch.float64)
    tokens = torch.tensor([[5, 7], [8, 5], [9, 9], [3, 59]])
    found = case.engine.logits_each(prompts(), [[], [Edit("head", 2, "replace", value, 1)]], tokens)
    for place, change in enumerate((None, lambda row: case.head(2, 1, value[row]))):
        close(found.edited[place, :, 0], case.each(change).gather(1, tokens))
        close(found.clean[place, :, 0], case.each().gather(1, tokens))


def test_replaced_logits_and_only_the_last_position(case: Case) -> None:
    values = torch.randn(4, case.width, dtype=torch.float64)
    full = [TokenPrompt(p.ids, tuple(range(len(p.ids) - 7, len(p.ids))), (3,) * 7) for p in prompts()]
    edit = Edit("head", 1, "replace", values, 2)
    found, edited = case.engine.last_logits(full, [edit]), case.engine.answers(full, [edit])
    clean = case.engine.answers(full)
    close(found, case.each(lambda row: case.head(1, 2, values[row])))
    assert torch.equal(edited.log_probability[:, :-1], clean.log_probability[:, :-1])
    assert float((edited.log_probability[:, -1] - clean.log_probability[:, -1]).abs().min()) > 1e-4


def test_named_positions_and_minus_one_for_none(case: Case) -> None:
    places = torch.tensor([[3, 5], [2, -1], [0, 8], [-1, -1]])
    values = torch.randn(4, 2, case.width, dtype=torch.float64)
    found = case.engine.last_logits(prompts(), [Edit("head", 1, "replace", values, 2, places)])

    def change(row: int):
        real = places[row] >= 0
        return case.head(1, 2, values[row, real], places[row, real])

    close(found, case.each(change))
    close(found[3], case.each()[3])
    added = case.engine.last_logits(prompts(), [Edit("head", 1, "add", values[0, 0], 2, places)])
    with_sum = [
        case.outputs(p.ids)[1].unflatten(1, (HEADS, -1))[places[row].clamp(min=0), 2] for row, p in enumerate(prompts())
    ]

    def sums(row: int):
        real = places[row] >= 0
        return case.head(1, 2, (with_sum[row] + values[0, 0])[real], places[row, real])

    close(added, case.each(sums))


def test_head_outputs_at_named_places(case: Case) -> None:
    places = torch.tensor([[3, 5], [2, -1], [0, 8], [6, -1]])
    found = case.engine.head_outputs(prompts(), places)
    for row, prompt in enumerate(prompts()):
        told = torch.stack(case.outputs(prompt.ids), dim=1).unflatten(2, (HEADS, -1))  # (token, layer, head, head_dim)
        expected = torch.where((places[row] >= 0)[:, None, None, None], told[places[row].clamp(min=0)], 0)
        close(found[row], expected)


def test_own_value_changes_nothing_and_the_neighbours_value_does(case: Case) -> None:
    means = case.engine.head_means(prompts(), range(4), 4, only_correct=False).means
    other = means.roll(-1, dims=2)
    own, others = (case.engine.answers_each(prompts(), head_sets(LAYERS, HEADS, x, "last")) for x in (means, other))
    close(own.edited.log_probability, own.clean.log_probability)
    assert float((others.edited.log_probability - own.clean.log_probability).abs().amax((1, 2)).min()) > 1e-4


def test_head_means_are_projection_inputs(case: Case) -> None:
    seen = [case.outputs(prompt.ids)[2][-1] for prompt in prompts()]
    expected = torch.stack(seen).unflatten(1, (HEADS, case.width))
    found = case.engine.head_means(prompts(), [0, 0, 1, 1], 2, only_correct=False)
    close(found.means[:, 2], torch.stack([expected[:2].mean(0), expected[2:].mean(0)]))
    assert found.kept.tolist() == [2, 2]


def test_only_correct_prompts_enter_the_means(case: Case) -> None:
    said = case.engine.last_logits(prompts()).argmax(-1).tolist()
    right = [TokenPrompt(p.ids, p.scored, (said[i] if i in (1, 3) else 0,)) for i, p in enumerate(prompts())]
    found = case.engine.head_means(right, [0] * 4, 1, only_correct=True)
    every = case.engine.head_means(right, range(4), 4, only_correct=False).means
    assert found.kept.tolist() == [2]
    close(found.means[0], every[[1, 3]].mean(0))


@pytest.mark.parametrize("positions", ["last", "all"])
def test_components_replaced_by_their_means(case: Case, positions: str) -> None:
    heads, mlp = case.engine.component_means(prompts(), [Head(1, 3), Mlp(0)], positions)
    zs = [case.outputs(prompt.ids)[1][:, -case.width :] for prompt in prompts()]
    outs: list[torch.Tensor] = []
    for prompt in prompts():
        case.logits(prompt.ids, ("mlp", 0, lambda out: outs.append(out[0].clone()) or out))
    pick = (lambda rows: rows[-1:]) if positions == "last" else (lambda rows: rows)
    close(heads, torch.cat([pick(z) for z in zs]).mean(0))
    close(mlp, torch.cat([pick(out) for out in outs]).mean(0))

    def change(out: torch.Tensor) -> torch.Tensor:
        out[0, -1 if positions == "last" else slice(None)] = mlp
        return out

    found = case.engine.last_logits(prompts(), [Edit("mlp", 0, "replace", mlp, positions=positions)])
    close(found, case.each(lambda row: ("mlp", 0, change)))


def test_zero_at_all_positions_and_several_edits_at_once(case: Case) -> None:
    edits = [Edit("head", 1, "zero", head=head, positions="all") for head in (0, 1)]
    found = case.engine.last_logits(prompts(), edits)

    def zeroed(z: torch.Tensor) -> torch.Tensor:
        z[0, :, : 2 * case.width] = 0
        return z

    close(found, case.each(lambda row: ("projection", 1, zeroed)))


def test_a_vector_is_added_after_a_layer(case: Case) -> None:
    vectors = torch.randn(4, WIDTH, dtype=torch.float64)
    found = case.engine.last_logits(prompts(), [Edit("residual", 1, "add", vectors)])

    def plus(row: int):
        return lambda out: torch.cat([out[:, :-1], out[:, -1:] + vectors[row]], dim=1)

    close(found, case.each(lambda row: ("layer", 1, plus(row))))
    nothing = case.engine.last_logits(prompts(), [Edit("residual", 1, "add", 0 * vectors)])
    close(nothing, case.engine.last_logits(prompts()))


@pytest.mark.parametrize("architecture", FAMILIES)
def test_attention_is_what_the_model_reports(architecture: str) -> None:
    case = Case(architecture)
    equal = [TokenPrompt(p.ids[:7], (6,), (3,)) for p in prompts()]
    found = case.engine.attention(equal, lambda weights: weights[:, :, 6, 4])
    assert hook_count(case.model) == 0  # before asking transformers, which leaves hooks of its own
    with torch.no_grad(), ExactDouble():
        told = case.model(torch.tensor([p.ids for p in equal]), output_attentions=True).attentions
    close(found, torch.stack([layer[:, :, 6, 4] for layer in told], dim=1))
