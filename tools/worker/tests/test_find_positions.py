"""Where the answer lies, against one pair, one position, one layer, one whole pass."""

import pytest
import torch
from calls import call, refused
from tiny import LAYERS, bench, contrast, save, two_tasks

from recircuit_worker.contract import FindPositionsInput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.reference import Reference
from recircuit_worker.tools import find_positions, sweep_layers


@pytest.mark.parametrize(
    ("architecture", "task", "positions"),
    [
        ("llama", "missing", None),
        ("gemma2", "missing", ("again", -1)),
        ("gpt2", "shifted", None),
        ("gpt_neox", "shifted", None),
    ],
)
def test_each_share_is_what_one_pass_recovers(benches, architecture, task, positions) -> None:
    at = benches(architecture, "float64", "contrast-pairs")
    recipe = contrast(task, counterfactual={"missing": "swap", "shifted": "plain"}[task], count=3)
    found = call(find_positions, FindPositionsInput(recipe, positions), at)
    engine, items = Reference(at.model.model, at.parts), at.prompts(recipe).items

    def difference(item, variant="clean", edits=()) -> float:
        logits = engine.last_logits([item.prompt(variant)], edits)[0]
        answers, rivals = (logits[list(side)].logsumexp(0) for side in (item.answers, item.rivals))
        return float(answers - rivals)

    baseline, counterpart = (
        sum(difference(item, variant) for item in items) / 3 for variant in ("clean", recipe.counterfactual)
    )
    assert (found.baseline, found.counterpart) == pytest.approx((baseline, counterpart), abs=1e-9)
    shares = {}
    for row in found.positions:
        for layer in range(LAYERS):
            changes = []
            for item in items:
                last = item.positions["END"][0]
                places = (last + 1 + row.position,) if row.position == -1 else item.positions[row.position]
                where = torch.tensor([places])
                value = engine.stream_outputs([item.prompt(recipe.counterfactual)], "residual", where)[:, :, layer]
                edit = Edit("residual", layer, "replace", value, positions=where)
                changes.append(difference(item, "clean", [edit]) - difference(item))
            shares[row.position, layer] = sum(changes) / 3 / (counterpart - baseline)
        expected = [shares[row.position, layer] for layer in range(LAYERS)]
        assert row.recoveries == pytest.approx(expected, abs=1e-5, rel=1e-5)
        assert row.carries == tuple(layer for layer, share in enumerate(expected) if share >= 0.5)
        assert row.recovery == max(row.recoveries, key=abs) == row.recoveries[row.layer]
    for row in found.layers:
        best = max((place.position for place in found.positions), key=lambda name: abs(shares[name, row.layer]))
        assert (row.position, row.recovery) == (best, pytest.approx(shares[best, row.layer], abs=1e-5, rel=1e-5))
    assert found.layers[-1].position in ("END", -1) and found.layers[-1].recovery == pytest.approx(1, abs=1e-5)
    assert max(map(abs, shares.values())) > 0.3
    if task == "missing" and positions is None:
        assert [row.position for row in found.positions] == ["START", "a", "b", "again", "END"]  # `c` is not there
        assert found.positions[1].recoveries == pytest.approx([0] * LAYERS, abs=1e-9)
    if task == "shifted":
        assert "demonstrations.q" in [row.position for row in found.positions]
    manifest = at.read(found.effects.sha256, sweep_layers.KIND).manifest
    assert manifest.labels["position"] == tuple(str(row.position) for row in found.positions)


def test_tasks_count_alike(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=two_tasks())
    recipe = contrast("missing", "other", counterfactual="swap", count=3)
    found = call(find_positions, FindPositionsInput(recipe, ("again",)), at)
    one, other = found.tasks
    assert abs(one.baseline - other.baseline) > 1e-3
    assert found.baseline == pytest.approx((one.baseline + other.baseline) / 2)
    assert found.counterpart == pytest.approx((one.counterpart + other.counterpart) / 2)
    effects = at.read(found.effects.sha256, sweep_layers.KIND).tensors["data"].double().mean((0, 1))[:, 0]
    (row,) = found.positions
    assert row.effect == pytest.approx(float(effects[row.layer]), abs=1e-6)


def test_pairs_need_a_position_in_common(benches) -> None:
    at = benches("llama", "float64", "contrast-pairs")
    both = contrast("shifted", "later", count=2)
    assert find_positions.named_positions(at.prompts(both)) == ("START", "p", "END")
    assert refused(find_positions, FindPositionsInput(both, ("again",)), at) in (
        "unknown-position",
        "which-counterfactual",
    )
