"""The map of layers and positions against one prompt, one edit, one whole pass."""

import pytest
import torch
from exact import Pair as Engines
from exact import prompts
from tiny import FAMILIES, LAYERS, WIDTH, bench, in_context, save

from recircuit_worker.contract import InContextMaterial, Pair, SweepHeadsInput, SweepLayersInput, Task, Template
from recircuit_worker.decode import encode_checked
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.sources import find_source
from recircuit_worker.tools import sweep_heads, sweep_layers

EXACT = 1e-6  # effects are kept as float32


@pytest.mark.parametrize("site", ["mlp", "residual"])
@pytest.mark.parametrize("architecture", FAMILIES)
def test_outputs_are_those_that_an_edit_replaces(architecture, site) -> None:
    pair, asked = Engines(architecture), prompts()
    places = torch.tensor([[8, 3], [11, 3], [8, -1], [6, 2]])
    if pair.parts.layers[0].mlp is None:
        with pytest.raises(Refusal, match="MLP"):
            pair.reference.stream_outputs(asked, "mlp", places)
        return
    found = pair.reference.stream_outputs(asked, site, places)
    assert found.shape == (4, 2, LAYERS, WIDTH) and not found[2, 1].any()
    own = [[Edit(site, layer, "replace", found[:, :, layer], positions=places)] for layer in range(LAYERS)]
    others = [
        [Edit(site, layer, "replace", found.roll(1, 0)[:, :, layer], positions=places)] for layer in range(LAYERS)
    ]
    answers = pair.reference.answers_each(asked, [*own, *others])
    change = (answers.edited.log_probability - answers.clean.log_probability).abs().amax((1, 2))
    assert float(change[:LAYERS].max()) < 1e-12 and float(change[LAYERS:].min()) > 1e-3


@pytest.fixture(scope="module", params=["fast", "reference"])
def at(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("layers")
    return bench(save(place / "model", "gemma2"), place / "artifacts", dtype="float64", engine=request.param)


def call(request, at):
    at.begin(lambda *what: None, lambda: None, "sweep_layers", "a" * 64)
    answer = sweep_layers.run(request, at)
    encode_checked("SweepLayersOutput", answer)
    at.end()
    return answer


@pytest.mark.parametrize("replace_by", ["counterfactual", "mean", "zero"])
@pytest.mark.parametrize("site", ["residual", "mlp"])
def test_each_cell_is_what_one_edited_pass_shows(at, site, replace_by) -> None:
    positions = (-1, -2, -6)
    found = call(SweepLayersInput(in_context(variant="shuffled"), site, replace_by, positions), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"]
    assert effects.shape == (3, 4, LAYERS, 3) and found.receipt.audit.max_deviation <= 1e-9
    asked, others = (at.prompts(in_context(variant=variant)) for variant in ("shuffled", "clean"))
    for task, column, layer, place in ((0, 0, 1, 0), (1, 3, 0, 2), (2, 1, 2, 1), (0, 2, 1, 2)):
        row = 4 * task + column
        prompt = asked.prompts[row]
        where = torch.tensor([[len(prompt.ids) + positions[place]]])

        def output(one, where=where, layer=layer) -> torch.Tensor:
            return at.engine.stream_outputs([one], site, where)[:, :, layer]

        if replace_by == "zero":
            edit = Edit(site, layer, "zero", positions=where)
        elif replace_by == "mean":
            mean = torch.stack([output(asked.prompts[4 * task + other]) for other in range(4)]).mean(0)
            edit = Edit(site, layer, "replace", mean, positions=where)
        else:
            edit = Edit(site, layer, "replace", output(others.prompts[row]), positions=where)
        before, after = (at.engine.answers([prompt], edits).probability[0, 0] for edits in ([], [edit]))
        assert abs(float(effects[task, column, layer, place]) - float(after - before)) < EXACT


def test_the_last_layer_reaches_the_answer_from_the_last_token_only(at) -> None:
    found = call(SweepLayersInput(in_context(), "residual", "zero", (-1, -3)), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND)
    assert effects.manifest.labels["position"] == ("-1", "-3")
    sizes = effects.tensors["data"].abs()
    assert float(sizes[:, :, -1, 1].max()) < 1e-15 and bool(sizes[:, :, :, 0].all())


def test_the_whole_counterfactual_stream_gives_the_counterfactual_answer(at) -> None:
    found = call(SweepLayersInput(in_context(), "residual", "counterfactual", (-1,)), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"].flatten(0, 1)
    clean, shuffled = (at.prompts(in_context(variant=variant)).prompts for variant in ("clean", "shuffled"))
    assert [prompt.targets for prompt in clean] == [prompt.targets for prompt in shuffled]
    before, after = (at.engine.answers(prompts).probability[:, 0] for prompts in (clean, shuffled))
    torch.testing.assert_close(effects[:, -1, 0].double(), after - before, atol=EXACT, rtol=0)


def test_the_strongest_cells_are_told(at) -> None:
    found = call(SweepLayersInput(in_context(), "mlp", "zero", (-2, -1, -4, -5)), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"].double().mean(1)
    sizes = [abs(cell.effect) for cell in found.cells]
    assert len(sizes) == 10 and sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(float(effects.mean(0).abs().max()))
    place = (-2, -1, -4, -5).index(found.cells[0].position)
    assert found.cells[0].effect == pytest.approx(float(effects.mean(0)[found.cells[0].layer, place]))
    assert found.tasks[1].strongest.effect == pytest.approx(float(effects[1].flatten()[effects[1].abs().argmax()]))
    assert (found.receipt.rows, found.receipt.forwards) == (
        12 * LAYERS * 4,
        (12 if at.engine.name == "fast" else 12 + 12 * LAYERS * 4) + 16,
    )


def refused(request, at, module=sweep_layers) -> str:
    at.begin(lambda *what: None, lambda: None, "sweep_layers", "a" * 64)
    with pytest.raises(Refusal) as found:
        module.run(request, at)
    return found.value.code


def test_bad_requests_are_refused(at) -> None:
    for request, code in (
        (SweepLayersInput(in_context(), "mlp", "zero", (-1, -1)), "position-twice"),
        (SweepLayersInput(in_context(), "mlp", "zero", (-500,)), "position-before-prompt"),
        (SweepLayersInput(in_context(variant="zero-shot"), "mlp", "counterfactual", (-1,)), "no-counterfactual"),
        (SweepLayersInput(in_context(count=1), "mlp", "resample", (-1,)), "one-prompt"),
        (SweepLayersInput(in_context(count=1), "mlp", "mean", (-1,)), "one-prompt"),
    ):
        assert refused(request, at) == code
    tokens = len(at.prompts(in_context()).prompts[0].ids)
    first = (-tokens, 1 - tokens)  # BOS and `Q`, before anything differs
    for replace_by in ("counterfactual", "resample", "mean"):
        assert refused(SweepLayersInput(in_context(), "residual", replace_by, first), at) == "nothing-replaced"
    heads = SweepHeadsInput(in_context(), "counterfactual", None, first)
    assert refused(heads, at, sweep_heads) == "nothing-replaced"


def uneven() -> InContextMaterial:
    """One task whose words are of one token or of two."""
    pairs = tuple(Pair(f"x{i}" if i % 2 else f"x{i} z{i}", f"y{i}") for i in range(8))
    template = Template("Q:", "A:", "\n", "\n\n")
    return InContextMaterial("in-context", "uneven", "search", template, (Task("same", "letters", pairs),))


def test_prompts_of_other_lengths_give_their_own_last_token(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=uneven())
    recipe = in_context("same", shots=2, count=6)
    asked = at.prompts(recipe).prompts
    assert len({len(prompt.ids) for prompt in asked}) > 1
    for replace_by in ("resample", "mean"):
        assert refused(SweepLayersInput(recipe, "residual", replace_by, (-2, -1)), at) == "not-aligned"
        found = call(SweepLayersInput(recipe, "residual", replace_by, (-1,)), at)
        assert found.receipt.audit.max_deviation <= 1e-9
    found = call(SweepLayersInput(recipe, "residual", "resample", (-1,)), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"][0, :, -1, 0].double()
    # After the last layer the donor's last token alone decides: its answer stands in place of the own.
    targets = torch.tensor([prompt.targets[0] for prompt in asked])
    said = at.engine.last_logits(asked).softmax(-1)[:, targets]  # (prompt that speaks, prompt that is asked)
    for row, effect in enumerate(effects):
        assert float((said[:, row] - said[row, row] - effect).abs().min()) < EXACT


def test_a_head_too_comes_from_the_last_token_of_its_prompt(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=uneven())
    recipe = in_context("same", shots=2, count=2)
    request = SweepHeadsInput(recipe, "resample", None, (-1,))
    prompts = at.prompts(recipe)
    assert len(prompts.prompts[0].ids) != len(prompts.prompts[1].ids)
    values, _ = find_source(request, prompts, at)
    for row, donor in ((0, 1), (1, 0)):
        last = torch.tensor([[len(prompts.prompts[donor].ids) - 1]])
        own = at.engine.head_outputs([prompts.prompts[donor]], last)[0, 0]
        torch.testing.assert_close(values[row], own, atol=1e-12, rtol=0)
