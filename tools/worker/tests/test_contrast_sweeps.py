"""Sweeps over contrast pairs: every source and named position against one prompt, one edit, one whole pass."""

import pytest
import torch
from calls import call, refused
from tiny import HEADS, LAYERS, bench, contrast, contrast_material, in_context, save

from recircuit_worker.contract import (
    MeanActivationsInput,
    MeasureBehaviourInput,
    RankHeadsInput,
    SweepHeadsInput,
    SweepLayersInput,
)
from recircuit_worker.engine.interface import Edit
from recircuit_worker.tools import mean_activations, measure_behaviour, rank_heads, sweep_heads, sweep_layers

EXACT = 1e-5  # effects are kept as float32, and are logits


@pytest.fixture(scope="module", params=["fast", "reference"])
def at(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("contrasts")
    of = contrast_material()
    return bench(save(place / "model", "gemma2"), place / "artifacts", dtype="float64", of=of, engine=request.param)


def difference(at, item, prompt, edits=()) -> float:
    logits = at.engine.last_logits([prompt], edits)[0]
    answers, rivals = (logits[list(side)].logsumexp(0) for side in (item.answers, item.rivals))
    return float(answers - rivals)


@pytest.mark.parametrize(
    ("tasks", "variant", "counterfactual", "positions"),
    [
        (("missing",), "clean", "swap", ("again",)),
        (("missing",), "swap", None, ("again", "END")),
        (("missing",), "swap", "third", (-1, "b")),
        (("shifted",), "clean", None, None),
        (("shifted",), "plain", None, ("demonstrations.q", -1)),
    ],
)
def test_heads_of_the_counterfactual(at, tasks, variant, counterfactual, positions) -> None:
    recipe = contrast(*tasks, variant=variant, counterfactual=counterfactual)
    found = call(sweep_heads, SweepHeadsInput(recipe, "counterfactual", None, positions), at)
    assert found.receipt.audit.max_deviation <= 1e-9
    effects = at.read(found.effects.sha256, sweep_heads.KIND)
    assert effects.manifest.ref.unit == "logit difference"
    prompts = at.prompts(recipe)
    donor = counterfactual or ("plain" if variant == "clean" else "clean")
    for row, layer, head in ((0, 1, 2), (3, 0, 3), (2, 2, 0)):
        item, prompt, other = prompts.items[row], prompts.prompts[row], prompts.items[row].prompt(donor)
        places = (
            [range(len(prompt.ids))]
            if positions is None
            else [item.positions[each] if isinstance(each, str) else (len(prompt.ids) + each,) for each in positions]
        )
        where = torch.tensor([[place for each in places for place in each]])
        value = at.engine.head_outputs([other], where)[:, :, layer, head]
        before = difference(at, item, prompt)
        after = difference(at, item, prompt, [Edit("head", layer, "replace", value, head, where)])
        assert abs(float(effects.tensors["data"][0, row, layer, head]) - (after - before)) < EXACT
    task, means = found.tasks[0], effects.tensors["data"].double().mean(1)
    baseline, counterpart = (
        sum(difference(at, item, item.prompt(name)) for item in prompts.items) / 4 for name in (variant, donor)
    )
    (told,) = found.contrasts
    assert (task.baseline, told.counterpart) == pytest.approx((baseline, counterpart), abs=1e-9)
    best = int(means[0].flatten().abs().argmax())
    effect = float(means[0].flatten()[best])
    strongest = told.heads[0]
    assert (strongest.component, len(told.heads)) == (f"a{best // HEADS}.h{best % HEADS}", 10)
    assert strongest.effect == pytest.approx(effect, abs=1e-6)
    assert strongest.recovery == pytest.approx(effect / (counterpart - baseline), abs=1e-5)


def test_outputs_before_the_first_difference_change_nothing(at) -> None:
    recipe = contrast("missing", variant="clean", counterfactual="swap")
    found = call(sweep_layers, SweepLayersInput(recipe, "residual", "counterfactual", ("a", "b", "again", "END")), at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND)
    assert effects.manifest.labels["position"] == ("a", "b", "again", "END")
    sizes = effects.tensors["data"].abs()
    assert float(sizes[..., :2].max()) < 1e-12 and bool((sizes[0, :, :-1, 2] > 0).all())
    (task,) = found.tasks  # the whole stream at the last token of the last layer is the counterfactual
    change = effects.tensors["data"][0, :, -1, 3].double().mean()
    (told,) = found.contrasts
    assert float(change) == pytest.approx(told.counterpart - task.baseline, abs=EXACT)
    assert told.recovery == pytest.approx(task.strongest.effect / (told.counterpart - task.baseline), abs=1e-6)
    assert found.cells[0].position in ("again", "END")


def test_a_slot_of_every_demonstration_is_one_cell(at) -> None:
    recipe = contrast("shifted")
    request = SweepLayersInput(recipe, "mlp", "counterfactual", ("demonstrations.q", -1))
    found = call(sweep_layers, request, at)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"]
    assert effects.shape == (1, 4, LAYERS, 2)
    item = at.prompts(recipe).items[2]
    where = torch.tensor([item.positions["demonstrations.q"]])
    value = at.engine.stream_outputs([item.prompt("plain")], "mlp", where)[:, :, 0]
    after = difference(at, item, item.prompt("clean"), [Edit("mlp", 0, "replace", value, positions=where)])
    assert abs(float(effects[0, 2, 0, 0]) - (after - difference(at, item, item.prompt("clean")))) < EXACT


def test_sets_means_and_other_prompts(at) -> None:
    recipe = contrast("later", count=6)
    found = call(sweep_heads, SweepHeadsInput(recipe, "resample", None, ("p",)), at)
    assert found.contrasts[0].counterpart is found.contrasts[0].heads[0].recovery is None
    layers = call(sweep_layers, SweepLayersInput(recipe, "mlp", "mean", ("p", "END")), at)
    assert len(layers.cells) == 2 * LAYERS and layers.contrasts[0].recovery is None
    means = call(mean_activations, MeanActivationsInput(contrast("missing", variant="third", count=6), False), at)
    swept = call(sweep_heads, SweepHeadsInput(contrast("missing", count=6), "mean", means.means.sha256, (-1,)), at)
    item = at.prompts(contrast("missing", count=6)).items[5]
    value = at.read(means.means.sha256, mean_activations.KIND).tensors["data"][0, 1, 1].double()
    after = difference(at, item, item.prompt("clean"), [Edit("head", 1, "replace", value, 1)])
    effects = at.read(swept.effects.sha256, sweep_heads.KIND).tensors["data"]
    assert abs(float(effects[0, 5, 1, 1]) - (after - difference(at, item, item.prompt("clean")))) < 10 * EXACT
    ranked = call(rank_heads, RankHeadsInput(swept.effects.sha256, None), at)
    assert at.read(ranked.average.sha256, "average_effects").manifest.ref.unit == "logit difference"


def test_both_sides_of_a_pair_are_measured(at) -> None:
    both = call(measure_behaviour, MeasureBehaviourInput(contrast(counterfactual="swap")), at)
    alone = call(measure_behaviour, MeasureBehaviourInput(contrast(variant="swap")), at)
    assert [score.variant for score in both.contrasts] == ["clean", "swap"]
    assert both.contrasts[1] == alone.contrasts[0] and both.receipt.forwards == 8


def test_bad_requests(at) -> None:
    pairs, several = contrast("shifted"), contrast()
    for code, request in {
        "which-counterfactual": SweepHeadsInput(several, "counterfactual", None, (-1,)),
        "unknown-counterfactual": SweepHeadsInput(contrast(counterfactual="swop"), "counterfactual", None, (-1,)),
        "no-counterfactual": SweepHeadsInput(
            contrast(variant="swap", counterfactual="swap"), "counterfactual", None, (-1,)
        ),
        "unknown-position": SweepHeadsInput(pairs, "counterfactual", None, ("w",)),
        "position-twice": SweepHeadsInput(pairs, "counterfactual", None, ("END", -1)),
        "nothing-replaced": SweepHeadsInput(contrast(counterfactual="swap"), "counterfactual", None, ("a", "b")),
    }.items():
        assert refused(sweep_heads, request, at) == code
    sets = MeanActivationsInput(contrast("later"), True)
    assert refused(mean_activations, sets, at) == "several-answers"


def test_names_are_for_contrast_pairs(benches) -> None:
    request = SweepHeadsInput(in_context(), "counterfactual", None, ("S2",))
    assert refused(sweep_heads, request, benches()) == "no-named-positions"
