"""Edited attention, against its definition: the pattern itself is overwritten behind the softmax, prompt by prompt."""

import pytest
import torch
from calls import call, refused
from tiny import bench, contrast, contrast_material, save, two_tasks

from recircuit_worker.address import Head
from recircuit_worker.contract import EditAttentionInput
from recircuit_worker.errors import Fault
from recircuit_worker.tools import edit_attention

FAMILIES = ("llama", "gemma2", "gpt2", "gpt_neox", "qwen3")
HEADS = ("a2.h1", "a0.h3", "a2.h2", "a1.h0")
"""in several layers, two in one: what a lower one writes at the query must not change what a higher one takes"""


@pytest.fixture(scope="module", params=FAMILIES)
def at(request, tmp_path_factory):
    place, of = tmp_path_factory.mktemp("attending"), contrast_material()
    return bench(save(place / "model", request.param), place / "artifacts", dtype="float64", of=of)


def asking(recipe, heads=HEADS, query="END", keys=("demonstrations.q", "p")):
    return EditAttentionInput(recipe, heads, query, keys)


def difference(logits, item) -> float:
    return float(logits[list(item.answers)].logsumexp(0) - logits[list(item.rivals)].logsumexp(0))


def by_definition(at, prompt, heads: list[Head], query: int, keys: list[int]):
    """Returns the logits after the last token of a pass whose patterns are overwritten where the softmax gives them."""
    own, layers = torch.nn.functional.softmax, iter(range(len(at.parts.layers)))

    def softmax(scores, dim, dtype=None):
        pattern, layer = scores.softmax(dim, dtype=dtype), next(layers)
        for head in heads:
            if head.layer == layer:
                pattern[:, head.head, query] = 0
                pattern[:, head.head, query, keys] = 1 / len(keys)
        return pattern

    torch.nn.functional.softmax = softmax
    try:
        with at.engine._exact():
            return at.model.model(input_ids=torch.tensor([prompt.ids])).logits[0, -1].double()
    finally:
        torch.nn.functional.softmax = own


def test_every_prompt_against_the_overwritten_pattern(at) -> None:
    recipe = contrast("shifted", count=3)
    found = call(edit_attention, asking(recipe), at)
    prompts, expected, clean = at.prompts(recipe), [], []
    for item, prompt in zip(prompts.items, prompts.prompts, strict=True):
        heads = [Head(int(name[1]), int(name[4])) for name in HEADS]
        keys = sorted([*item.positions["demonstrations.q"], *item.positions["p"]])
        expected.append(difference(by_definition(at, prompt, heads, len(prompt.ids) - 1, keys), item))
        clean.append(difference(by_definition(at, prompt, [], 0, []), item))
    (row,) = found.contrasts
    assert row.before.logit_difference == pytest.approx(sum(clean) / 3, abs=1e-9)
    assert row.after.logit_difference == pytest.approx(sum(expected) / 3, abs=1e-9)
    assert abs(row.change) > 1e-3 and row.change == found.change
    assert found.gained_accuracy == found.accuracy_after - found.accuracy_before
    receipt = found.receipt
    assert receipt.edits_requested == receipt.edits_fired == 3 * len(HEADS)
    assert receipt.engine == "fast" and receipt.audit.pairs == 3 and receipt.audit.max_deviation <= 1e-9


def test_tasks_count_alike(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts", dtype="float64", of=two_tasks())
    found = call(edit_attention, asking(contrast("missing", "other", count=3), keys=("again",)), at)
    one, other = (row.change for row in found.contrasts)
    assert abs(one - other) > 1e-3 and found.change == pytest.approx((one + other) / 2)


def test_bad_requests(at) -> None:
    pairs = contrast("shifted")
    for code, request in {
        "key-not-before-query": asking(pairs, keys=("END",)),
        "unknown-position": asking(pairs, keys=("nowhere",)),
        "not-a-head": asking(pairs, heads=("m1",)),
        "no-such-component": asking(pairs, heads=("a9.h0",)),
    }.items():
        assert refused(edit_attention, request, at) == code


def test_values_of_another_head_fail_the_audit(at) -> None:
    engine = at.engine

    class Wrong:
        def __getattr__(self, name):
            return getattr(engine, name)

        def head_values(self, prompts, heads, positions):
            return engine.head_values(prompts, [Head(head.layer, head.head ^ 2) for head in heads], positions)

    at.engine = Wrong()
    try:
        with pytest.raises(Fault) as found:
            edit_attention.run(asking(contrast("shifted", count=3)), at)
    finally:
        at.engine = engine
    assert found.value.code == "audit-failed"


def test_attention_in_a_place_of_its_own_is_refused(tmp_path) -> None:
    at = bench(save(tmp_path / "model", "gptj"), tmp_path / "artifacts", of=contrast_material())
    assert refused(edit_attention, asking(contrast("shifted")), at) == "no-attention-inputs"
