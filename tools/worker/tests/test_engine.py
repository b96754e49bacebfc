"""The engine against arithmetic written here by hand: one prompt, one forward, one hook placed by name.

Everything is float64 under `ExactDouble`, so two exact routes agree to 1e-9. Logits are compared beside probabilities.
"""

import pytest
import torch
from tiny import ARCHITECTURES, HEADS, LAYERS, WIDTH, named, tiny_model

from recircuit_worker.address import Head, Mlp
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Edit, TokenPrompt, Watch
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Cancelled, Fault, Refusal
from recircuit_worker.models.adapter import find_parts

EXACT = 1e-9
VOCABULARY = 60


def prompts() -> list[TokenPrompt]:
    """Four prompts of three lengths, all longer than the sliding window."""
    made = []
    for row, length in enumerate((9, 12, 9, 7)):
        generator = torch.Generator().manual_seed(row)
        ids = tuple(torch.randint(3, VOCABULARY, (length,), generator=generator).tolist())
        made.append(TokenPrompt(ids, (length - 1,), (3 + row,)))
    return made


class Case:
    def __init__(self, architecture: str) -> None:
        self.name = architecture
        self.model = tiny_model(architecture, VOCABULARY)
        self.engine = Reference(self.model, find_parts(self.model))
        self.width = self.engine.parts.head_dim

    def by_hand(self, ids: tuple[int, ...], part: str | None = None, layer: int = 0, change=None) -> torch.Tensor:
        """Returns all logits (token, vocabulary) of one prompt, `change` made to a projection's input or an output."""
        handle = None
        if part == "projection":
            module = named(self.model, self.name, layer, part)
            handle = module.register_forward_pre_hook(lambda m, args: (change(args[0].clone()),))
        elif part is not None:
            module = named(self.model, self.name, layer, part)
            handle = module.register_forward_hook(lambda m, args, out: change(out.clone()))
        try:
            with torch.no_grad(), ExactDouble():
                return self.model(torch.tensor([ids])).logits[0]
        finally:
            if handle:
                handle.remove()

    def replaced(self, ids: tuple[int, ...], layer: int, head: int, value: torch.Tensor) -> torch.Tensor:
        def change(z: torch.Tensor) -> torch.Tensor:
            z[0, -1, head * self.width : (head + 1) * self.width] = value
            return z

        return self.by_hand(ids, "projection", layer, change)


@pytest.fixture(params=ARCHITECTURES)
def case(request) -> Case:
    return Case(request.param)


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= EXACT


def test_clean_logits_of_a_padded_batch_are_those_of_single_prompts(case: Case) -> None:
    found = case.engine.last_logits(prompts())
    close(found, torch.stack([case.by_hand(prompt.ids)[-1] for prompt in prompts()]))
    assert case.engine.counts.forwards == 4


def test_every_position_is_scored_right(case: Case) -> None:
    full = [TokenPrompt(p.ids[:7], tuple(range(6)), p.ids[1:7]) for p in prompts()]
    found = case.engine.answers(full)
    for row, prompt in enumerate(full):
        expected = case.by_hand(prompt.ids)[:6].log_softmax(-1)
        close(found.log_probability[row], expected[torch.arange(6), list(prompt.targets)])
        assert found.correct[row].tolist() == (expected.argmax(-1) == torch.tensor(prompt.targets)).tolist()


@pytest.mark.parametrize("whole_passes", [False, True])
def test_a_sweep_is_one_replaced_head_at_a_time(case: Case, whole_passes: bool) -> None:
    case.engine.whole_passes = whole_passes
    sources = torch.randn(2, LAYERS, HEADS, case.width, dtype=torch.float64)
    source_of = [0, 1, 1, 0]
    found = case.engine.sweep(prompts(), sources, source_of)
    assert case.engine.counts.edits_fired == case.engine.counts.edits_requested == 4 * LAYERS * HEADS
    assert case.engine.counts.forwards == 4 * (LAYERS * HEADS + 1)
    for row, prompt in enumerate(prompts()):
        target = prompt.targets[0]
        close(found.before[row], case.by_hand(prompt.ids)[-1].softmax(-1)[target])
        for layer in range(LAYERS):
            for head in range(HEADS):
                value = sources[source_of[row], layer, head]
                expected = case.replaced(prompt.ids, layer, head, value)[-1].softmax(-1)[target]
                close(found.after[row, layer, head], expected)
    assert len(set(found.after.flatten().tolist())) == found.after.numel()  # no head is another head
    assert hook_count(case.model) == 0


def test_replaced_logits_and_only_the_last_position(case: Case) -> None:
    values = torch.randn(4, case.width, dtype=torch.float64)
    full = [TokenPrompt(p.ids, tuple(range(len(p.ids) - 7, len(p.ids))), (3,) * 7) for p in prompts()]
    edit = Edit("head", 1, "replace", values, 2)
    found, edited, clean = case.engine.last_logits(full, [edit]), case.engine.answers(full, [edit]), None
    clean = case.engine.answers(full)
    for row, prompt in enumerate(full):
        close(found[row], case.replaced(prompt.ids, 1, 2, values[row])[-1])
    assert torch.equal(edited.log_probability[:, :-1], clean.log_probability[:, :-1])
    assert float((edited.log_probability[:, -1] - clean.log_probability[:, -1]).abs().min()) > 1e-4


def test_own_value_changes_nothing_and_the_neighbours_value_does(case: Case) -> None:
    means = case.engine.head_means(prompts(), range(4), 4, only_correct=False).means
    clean = case.engine.last_logits(prompts())
    for layer in range(LAYERS):
        for head in range(HEADS):
            own = case.engine.last_logits(prompts(), [Edit("head", layer, "replace", means[:, layer, head], head)])
            close(own, clean)
            other = means[:, layer, (head + 1) % HEADS]
            changed = case.engine.last_logits(prompts(), [Edit("head", layer, "replace", other, head)])
            assert float((changed - clean).abs().max()) > 1e-4


def test_head_means_are_projection_inputs(case: Case) -> None:
    seen: list[torch.Tensor] = []
    for prompt in prompts():
        case.by_hand(prompt.ids, "projection", 2, lambda z: seen.append(z[0, -1].clone()) or z)
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
    zs: list[torch.Tensor] = []
    outs: list[torch.Tensor] = []
    for prompt in prompts():
        case.by_hand(prompt.ids, "projection", 1, lambda z: zs.append(z[0, :, -case.width :].clone()) or z)
        case.by_hand(prompt.ids, "mlp", 0, lambda out: outs.append(out[0].clone()) or out)
    pick = (lambda rows: rows[-1:]) if positions == "last" else (lambda rows: rows)
    close(heads, torch.cat([pick(z) for z in zs]).mean(0))
    close(mlp, torch.cat([pick(out) for out in outs]).mean(0))

    def change(out: torch.Tensor) -> torch.Tensor:
        out[0, -1 if positions == "last" else slice(None)] = mlp
        return out

    found = case.engine.last_logits(prompts(), [Edit("mlp", 0, "replace", mlp, positions=positions)])
    close(found, torch.stack([case.by_hand(prompt.ids, "mlp", 0, change)[-1] for prompt in prompts()]))


def test_zero_at_all_positions_and_several_edits_at_once(case: Case) -> None:
    def change(z: torch.Tensor) -> torch.Tensor:
        z[0, :, : 2 * case.width] = 0
        return z

    edits = [Edit("head", 1, "zero", head=head, positions="all") for head in (0, 1)]
    found = case.engine.last_logits(prompts(), edits)
    close(found, torch.stack([case.by_hand(prompt.ids, "projection", 1, change)[-1] for prompt in prompts()]))


def test_a_vector_is_added_after_a_layer(case: Case) -> None:
    vectors = torch.randn(4, WIDTH, dtype=torch.float64)
    found = case.engine.last_logits(prompts(), [Edit("residual", 1, "add", vectors)])
    for row, prompt in enumerate(prompts()):

        def change(out: torch.Tensor, row: int = row) -> torch.Tensor:
            out[0, -1] += vectors[row]
            return out

        close(found[row], case.by_hand(prompt.ids, "layer", 1, change)[-1])
    nothing = case.engine.last_logits(prompts(), [Edit("residual", 1, "add", 0 * vectors)])
    close(nothing, case.engine.last_logits(prompts()))


def test_attention_is_what_the_model_reports(case: Case) -> None:
    equal = [TokenPrompt(p.ids[:7], (6,), (3,)) for p in prompts()]
    found = case.engine.attention(equal, lambda weights: weights[:, :, 6, 4])
    assert hook_count(case.model) == 0  # before asking transformers, which leaves hooks of its own
    with torch.no_grad(), ExactDouble():
        told = case.model(torch.tensor([p.ids for p in equal]), output_attentions=True).attentions
    close(found, torch.stack([layer[:, :, 6, 4] for layer in told], dim=1))


def test_hooks_go_also_after_a_cancellation(case: Case) -> None:
    calls = iter(range(100))

    def stop() -> None:
        if next(calls) == 5:
            raise Cancelled

    case.engine.watch = Watch(check_cancelled=stop)
    with pytest.raises(Cancelled):
        case.engine.sweep(prompts(), torch.zeros(1, LAYERS, HEADS, case.width), [0] * 4)
    assert hook_count(case.model) == 0


def test_progress_counts_prompt_rows() -> None:
    case, rows = Case("llama"), []
    case.engine.watch = Watch(progress=rows.append)
    case.engine.answers(prompts())
    assert sum(rows) == 4


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (Edit("head", 0, "zero", head=HEADS), "no-such-component"),
        (Edit("head", LAYERS, "zero", head=0), "no-such-component"),
        (Edit("head", 0, "zero"), "no-such-component"),
        (Edit("head", 0, "replace", torch.zeros(5), 0), "wrong-source-shape"),
        (Edit("residual", 0, "add", torch.zeros(3, WIDTH)), "wrong-source-shape"),
        (Edit("residual", 0, "add"), "edit-without-value"),
    ],
)
def test_impossible_edits_are_refused(edit: Edit, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        Case("llama").engine.last_logits(prompts(), [edit])
    assert refused.value.code == code


def test_a_source_of_another_model_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        Case("llama").engine.sweep(prompts(), torch.zeros(1, LAYERS, HEADS + 1, 6), [0] * 4)
    assert refused.value.code == "wrong-source-shape"


def test_an_edit_that_does_not_fire_is_a_fault() -> None:
    case = Case("llama")
    attention = named(case.model, "llama", 1, "attention")
    projection = attention.o_proj
    attention.o_proj = torch.nn.Module()  # the parts still point to the old module, which is called no more
    attention.o_proj.forward = lambda z: z @ projection.weight.T
    with pytest.raises(Fault) as fault:
        case.engine.last_logits(prompts(), [Edit("head", 1, "zero", head=0)])
    assert fault.value.code == "edit-did-not-fire"


def test_nan_is_a_fault() -> None:
    case = Case("llama")
    case.model.lm_head.weight[5] = torch.nan
    with pytest.raises(Fault) as fault:
        case.engine.answers(prompts())
    assert fault.value.code == "nan-from-model"


def test_several_edits_of_the_last_token_are_each_as_if_alone(case: Case) -> None:
    """The frozen prefix changes no number: each set of edits is compared with whole passes of its own."""
    asked = prompts()
    width = case.engine.parts.d_model
    sets = [
        [],
        [Edit("residual", 0, "add", torch.randn(len(asked), width, dtype=torch.float64))],
        [Edit("head", 1, "zero", head=0), Edit("head", 0, "zero", head=1)],
    ]
    together = case.engine.answers_each(asked, sets)
    for found, edits in zip(together, sets, strict=True):
        alone = case.engine.answers(asked, edits)
        assert (found.log_probability - alone.log_probability).abs().max() < EXACT
        assert torch.equal(found.correct, alone.correct)


def test_edits_before_the_last_token_are_never_made_on_a_frozen_prefix(case: Case) -> None:
    asked = prompts()
    everywhere = [Edit("head", 0, "zero", head=0, positions="all")]
    (found,) = case.engine.answers_each(asked, [everywhere])
    alone = case.engine.answers(asked, everywhere)
    assert (found.log_probability - alone.log_probability).abs().max() < EXACT
