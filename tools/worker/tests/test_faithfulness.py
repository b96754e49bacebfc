"""Faithfulness, completeness and minimality against one prompt, one circuit, one whole pass."""

from itertools import product

import pytest
import torch
from calls import call, refused
from tiny import HEADS, LAYERS, contrast
from torch import Tensor

from recircuit_worker.address import Head, Mlp, parse
from recircuit_worker.contract import FaithfulnessInput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.reference import Reference
from recircuit_worker.tools import faithfulness

EXACT = 1e-8
CIRCUIT = ("a0.h1", "a1.h2", "a2.h0")


def asked(components=CIRCUIT, outside="heads", replace_by="counterfactual", subsets=None, randoms=0, **recipe):
    recipe = {"counterfactual": "swap", "count": 6, **recipe}
    return FaithfulnessInput(contrast("missing", **recipe), components, outside, replace_by, subsets, randoms)


class Naive:
    """Keeps a circuit in one prompt after the other; nothing is shared between passes."""

    def __init__(self, at, outside: str, by_mean: bool) -> None:
        self.engine = Reference(at.model.model, at.parts)
        self.prompts = at.prompts(contrast("missing", counterfactual="swap", count=6))
        self.every = [Head(*place) for place in product(range(LAYERS), range(HEADS))]
        self.every += [Mlp(layer) for layer in range(LAYERS)] if outside == "heads-and-mlps" else []
        outputs = [self._outputs(item) for item in self.prompts.items]
        alike = [[other.positions == item.positions for other in self.prompts.items] for item in self.prompts.items]
        means = [[torch.stack([o[i] for o, same in zip(outputs, row, strict=True) if same]).mean(0) for i in (0, 1)]
                 for row in alike]  # fmt: skip
        self.donors = means if by_mean else outputs

    def _outputs(self, item) -> tuple[Tensor, Tensor]:
        other = item.prompt("swap")
        where = torch.arange(len(other.ids))[None]
        return self.engine.head_outputs([other], where)[0], self.engine.stream_outputs([other], "mlp", where)[0]

    def __call__(self, *kept: str) -> float:
        keep, differences = {parse(each) for each in kept}, []
        for item, (heads, mlps) in zip(self.prompts.items, self.donors, strict=True):
            prompt = item.prompt("clean")
            where = torch.arange(len(prompt.ids))[None]
            edits = []
            for each in self.every:
                if each in keep:
                    continue
                if isinstance(each, Head):
                    value = heads[:, each.layer, each.head][None]
                    edits.append(Edit("head", each.layer, "replace", value, each.head, where))
                else:
                    edits.append(Edit("mlp", each.layer, "replace", mlps[:, each.layer][None], positions=where))
            logits = self.engine.last_logits([prompt], edits)[0]
            sides = [logits[list(side)].logsumexp(0) for side in (item.answers, item.rivals)]
            differences.append(float(sides[0] - sides[1]))
        return sum(differences) / len(differences)


@pytest.mark.parametrize(
    ("architecture", "outside", "replace_by"),
    [
        ("llama", "heads", "counterfactual-mean"),
        ("gemma2", "heads-and-mlps", "counterfactual"),
        ("gpt2", "heads-and-mlps", "counterfactual-mean"),
        ("gpt_neox", "heads", "counterfactual"),
    ],
)
def test_each_number_is_that_of_single_passes(benches, architecture, outside, replace_by) -> None:
    at = benches(architecture, "float64", "contrast-pairs")
    members = (*CIRCUIT, "m1") if outside == "heads-and-mlps" else CIRCUIT
    subset = ("a0.h1", "a2.h0")
    found = call(faithfulness, asked(members, outside, replace_by, (subset,)), at)
    naive = Naive(at, outside, replace_by.endswith("mean"))
    everything = [str(each) for each in naive.every]
    whole, circuit, empty = naive(*everything), naive(*members), naive()
    assert (found.whole, found.circuit, found.empty) == pytest.approx((whole, circuit, empty), abs=EXACT)
    assert found.faithfulness == pytest.approx((circuit - empty) / (whole - empty), abs=EXACT)
    assert found.difference == pytest.approx(abs(whole - circuit), abs=EXACT) and found.difference > 1e-3
    without = [each for each in members if each not in subset]
    model = [each for each in everything if each not in subset]
    (row,) = found.completeness
    assert (row.subset, row.circuit_without) == (subset, pytest.approx(naive(*without), abs=EXACT))
    assert row.model_without == pytest.approx(naive(*model), abs=EXACT)
    assert found.incompleteness == row.difference == pytest.approx(abs(row.circuit_without - row.model_without))
    for told in found.minimality:
        rest = [each for each in members if each != told.component]
        changes = [naive(*rest) - circuit]
        assert told.alone == pytest.approx(changes[0], abs=EXACT)
        if told.component not in subset:
            changes.append(naive(*(each for each in without if each != told.component)) - naive(*without))
        assert told.largest == pytest.approx(max(map(abs, changes)), abs=EXACT)
        assert told.share == pytest.approx(told.largest / abs(whole), abs=EXACT)
        assert told.alone_share == pytest.approx(told.alone / abs(whole), abs=EXACT)
    assert found.least_change == min(told.largest for told in found.minimality)
    recipe = found.recipe
    assert (recipe.replaced, recipe.replace_by, recipe.counterfactual) == (outside, replace_by, "swap")
    values = at.read(found.values.sha256, faithfulness.KIND)
    names = values.manifest.labels["circuit"]
    assert names[:2] == ("none", ",".join(members)) and len(set(names)) == len(names)
    assert float(values.tensors["data"][1].mean()) == pytest.approx(circuit, abs=1e-5)


@pytest.fixture(scope="module")
def at(benches):
    return benches("gemma2", "float64", "contrast-pairs")


def test_the_whole_model_is_faithful_and_complete(at) -> None:
    every = tuple(f"a{layer}.h{head}" for layer, head in product(range(LAYERS), range(HEADS)))
    found = call(faithfulness, asked(every, randoms=3), at)
    assert found.faithfulness == pytest.approx(1, abs=EXACT) and found.difference < EXACT
    assert len(found.completeness) == 3 and found.incompleteness < EXACT
    again = call(faithfulness, asked(every, randoms=3), at)
    assert again.completeness == found.completeness
    other = call(faithfulness, asked(every, randoms=3, seed=5), at)
    assert [row.subset for row in other.completeness] != [row.subset for row in found.completeness]


def test_a_random_subset_has_each_member_half_of_the_time(at) -> None:
    circuit = [Head(*place) for place in product(range(LAYERS), range(HEADS))]
    subsets = faithfulness._subsets(asked(randoms=64), circuit, at)
    assert len(subsets) > 60 and 0.4 < sum(map(len, subsets)) / len(subsets) / len(circuit) < 0.6


def test_the_recipe_moves_the_number(at) -> None:
    told = [call(faithfulness, asked(replace_by=replace_by), at) for replace_by in ("counterfactual", "mean", "zero")]
    assert len({round(float(found.faithfulness), 6) for found in told}) == 3
    assert [found.recipe.counterfactual for found in told] == ["swap", None, None]


def test_what_is_no_part_is_refused(at) -> None:
    for request, code in (
        (asked(("a0.h1", "m1")), "mlp-always-kept"),
        (asked(subsets=(("a1.h1",),)), "not-of-the-circuit"),
        (asked(count=1, replace_by="mean"), "one-prompt"),
    ):
        assert refused(faithfulness, request, at) == code
