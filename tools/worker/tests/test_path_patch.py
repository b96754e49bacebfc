"""Path patching as a tool, against its definition: two whole passes, heads frozen by hand, one prompt at a time."""

from dataclasses import replace

import pytest
import torch
from calls import call, refused
from tiny import HEADS, LAYERS, bench, contrast, contrast_material, save, two_tasks

from recircuit_worker.contract import PathPatchInput
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.hooks import reading_attention
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Fault
from recircuit_worker.tools import path_patch

FAMILIES = ("llama", "gemma2", "gpt_neox")
"""grouped and ungrouped keys, windows and caps, parallel blocks; the engines are compared on all families elsewhere"""
EXACT = 1e-5  # effects are kept as float32


@pytest.fixture(scope="module", params=FAMILIES)
def at(request, tmp_path_factory):
    place, of = tmp_path_factory.mktemp("paths"), contrast_material()
    return bench(save(place / "model", request.param), place / "artifacts", dtype="float64", of=of)


def asking(recipe, senders=None, receivers=None, reads="value", together=False, positions=None, top=None):
    return PathPatchInput(recipe, senders, receivers, reads, together, positions, top)


def difference(at, item, prompt, edits=()) -> float:
    logits = at.engine.last_logits([prompt], edits)[0]
    return float(logits[list(item.answers)].logsumexp(0) - logits[list(item.rivals)].logsumexp(0))


def by_definition(at, item, prompt, other, sender, receivers, reads, places) -> float:
    """Returns the change of the logit difference by two passes; `receivers` is empty for the final stream."""
    every = torch.arange(len(prompt.ids))[None]
    own, theirs = (at.engine.head_outputs([one], every)[0] for one in (prompt, other))
    layer, head = (int(part[1:]) for part in sender.split("."))
    mixed = own[:, layer, head].clone()
    mixed[places] = theirs[places, layer, head]
    frozen = [
        Edit("head", to, "replace", (mixed if (to, each) == (layer, head) else own[:, to, each])[None], each, every)
        for to in range(LAYERS)
        for each in range(HEADS)
    ]
    if not receivers:
        return difference(at, item, prompt, frozen) - difference(at, item, prompt)
    told = []
    with reading_attention(at.parts, lambda layer, what: told.append(what)):
        at.engine.last_logits([prompt], frozen)
    patched = [
        Edit(read, to_layer, "replace", told[to_layer][read][:, to_head].clone(), to_head, every)
        for to_layer, to_head in receivers
        for read in reads.split("-and-")
    ]
    return difference(at, item, prompt, patched) - difference(at, item, prompt)


@pytest.mark.parametrize(
    ("receivers", "reads", "together", "positions"),
    [
        (None, "value", False, None),
        (("a2.h1", "a1.h3"), "value", False, None),
        (("a2.h1", "a2.h2"), "value", True, ("demonstrations.q",)),
        (("a2.h3",), "query", False, (-1,)),
        (("a2.h0",), "key", False, None),
        (("a2.h1", "a1.h2"), "key-and-value", True, None),
    ],
)
def test_every_path_against_two_passes(at, receivers, reads, together, positions) -> None:
    recipe = contrast("shifted", count=3)
    found = call(path_patch, asking(recipe, None, receivers, reads, together, positions, 512), at)
    assert found.receipt.engine == "fast" and found.receipt.audit.max_deviation <= 1e-9
    kept, prompts = at.read(found.effects.sha256, path_patch.KIND), at.prompts(recipe)
    names, of = kept.manifest.labels["sender"], kept.tensors["data"]
    ends = [tuple(int(part[1:]) for part in name.split(".")) for name in receivers or ()]
    groups = [()] if receivers is None else [tuple(ends)] if together else [(end,) for end in ends]
    # Heads that receive together are no senders.
    able = [f"a{layer}.h{head}" for layer in range(LAYERS if receivers is None else 2) for head in range(HEADS)]
    assert list(names) == [name for name in able if not (together and name in receivers)]
    assert of.shape == (1, 3, len(groups), len(names))
    item, prompt = prompts.items[1], prompts.prompts[1]
    other = item.prompt("plain")
    places = {None: range(len(prompt.ids)), (-1,): [len(prompt.ids) - 1]}.get(
        positions, item.positions.get("demonstrations.q")
    )
    for told, variant in ((found.baseline, "clean"), (found.counterpart, "plain")):
        measured = [difference(at, each, each.prompt(variant)) for each in prompts.items]
        assert told == pytest.approx(sum(measured) / 3, abs=1e-9)
    for place, group in enumerate(groups):
        for sender in ("a0.h2", "a1.h1"):
            expected = by_definition(at, item, prompt, other, sender, group, reads, list(places))
            measured = float(of[0, 1, place, names.index(sender)])
            assert abs(measured - expected) < EXACT
            if group and all(layer <= int(sender[1]) for layer, _ in group):
                assert measured == 0  # to the last bit, where nothing can arrive
    windowed = at.parts.base.config.model_type == "gemma2" and positions == ("demonstrations.q",)
    assert windowed or float(of[0, 1].abs().max()) > 5 * EXACT  # its window is shorter than a prompt
    means = of.double().mean(1)[0]
    for row in found.senders:
        name = [path_patch.LOGITS] if receivers is None else ["+".join(receivers)] if together else receivers
        assert row.effect == pytest.approx(
            float(means[list(name).index(row.receiver), names.index(row.component)]), abs=1e-6
        )
        assert row.relative_change == pytest.approx(row.effect / (found.baseline - found.counterpart))
        assert row.strength == abs(row.relative_change) and row.depth == int(row.component[1]) / LAYERS
    assert len(found.senders) == len(names) * len(groups)
    strengths = [row.strength for row in found.senders[: len(names)]]
    assert strengths == sorted(strengths, reverse=True)


def test_named_senders_mlps_and_several_tasks(at) -> None:
    recipe = contrast("missing", "shifted", variant="clean", counterfactual=None, count=3)
    assert refused(path_patch, asking(recipe), at) == "which-counterfactual"
    recipe = contrast("missing", count=3, counterfactual="swap")
    found = call(path_patch, asking(recipe, ("m1", "a0.h0"), positions=("again", "END")), at)
    assert {row.component for row in found.senders} == {"m1", "a0.h0"}
    item, prompt = at.prompts(recipe).items[0], at.prompts(recipe).prompts[0]
    places = sorted(item.positions["again"] + item.positions["END"])
    expected = by_definition(at, item, prompt, item.prompt("swap"), "a0.h0", (), "value", places)
    kept = at.read(found.effects.sha256, path_patch.KIND)
    assert abs(float(kept.tensors["data"][0, 0, 0, 1]) - expected) < EXACT
    first = call(path_patch, asking(recipe, receivers=("a0.h1",)), at).senders
    assert len(first) == HEADS and all(row.effect == 0 for row in first)  # nothing lies below the first layer
    (task,) = found.tasks
    assert task.baseline == pytest.approx(found.baseline) and task.counterpart == pytest.approx(found.counterpart)


def test_tasks_count_alike(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=two_tasks())
    found = call(path_patch, asking(contrast("missing", "other", counterfactual="swap", count=3), ("a0.h1",)), at)
    one, other = at.read(found.effects.sha256, path_patch.KIND).tensors["data"].double().mean(1).flatten().tolist()
    assert abs(one - other) > 1e-3 and found.senders[0].effect == pytest.approx((one + other) / 2)
    assert found.baseline == pytest.approx(sum(task.baseline for task in found.tasks) / 2)
    assert found.counterpart == pytest.approx(sum(task.counterpart for task in found.tasks) / 2)


def test_a_pair_that_is_alike_sends_nothing(tmp_path) -> None:
    of = two_tasks()
    swap = of.tasks[1].counterfactuals[0]
    alike = replace(of.tasks[1], counterfactuals=(swap, replace(swap, name="third")))
    of = replace(of, tasks=(of.tasks[0], alike))
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=of)
    recipe = contrast("missing", "other", variant="swap", counterfactual="third", count=3)
    found = call(path_patch, asking(recipe), at)
    sent, none = at.read(found.effects.sha256, path_patch.KIND).tensors["data"]
    assert bool(sent.any()) and not bool(none.any())


def test_bad_requests(at) -> None:
    pairs = contrast("missing", counterfactual="swap")
    for code, request in {
        "not-a-head": asking(pairs, receivers=("m1",)),
        "no-such-component": asking(pairs, senders=("a9.h0",)),
        "nothing-replaced": asking(pairs, positions=("a",)),
        "unknown-position": asking(pairs, positions=("w",)),
    }.items():
        assert refused(path_patch, request, at) == code


@pytest.mark.parametrize("error", [0.01, float("nan")])
def test_a_wrong_path_fails_the_audit(at, error) -> None:
    class Wrong(Fast):
        def paths(self, prompts, senders, receivers, tokens):
            found = super().paths(prompts, senders, receivers, tokens)
            found.edited[..., 0] += error
            return found

    right, at.engine = at.engine, Wrong(at.model.model, at.parts)
    try:
        with pytest.raises(Fault) as fault:
            call(path_patch, asking(contrast("shifted", count=2)), at)
    finally:
        at.engine = right
    assert fault.value.code == "audit-failed"
