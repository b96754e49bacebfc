"""Ablation over contrast pairs, and where heads look in them, against one prompt and one whole pass at a time."""

import pytest
import torch
from calls import call, refused
from tiny import HEADS, LAYERS, bench, contrast, contrast_material, in_context, repeats, save

from recircuit_worker.contract import AblateComponentsInput, AttentionScoresInput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.tools import ablate_components, attention_scores

EXACT = 1e-9
COMPONENTS = ("a0.h1", "m1", "a2.h3")


@pytest.fixture(scope="module", params=[("gemma2", "fast"), ("gpt2", "reference")])
def at(request, tmp_path_factory):
    (family, engine), place = request.param, tmp_path_factory.mktemp("ablated")
    of = contrast_material()
    return bench(save(place / "model", family), place / "artifacts", dtype="float64", of=of, engine=engine)


_READ = {}


def output(at, prompt, component, place):
    """Returns what a component puts out at one token; each prompt is read once."""
    key = (id(at), prompt.ids)
    if key not in _READ:
        every = torch.arange(len(prompt.ids))[None]
        _READ[key] = at.engine.head_outputs([prompt], every)[0], at.engine.stream_outputs([prompt], "mlp", every)[0]
    heads, mlps = _READ[key]
    if component.startswith("m"):
        return mlps[place, int(component[1:])]
    layer, head = (int(part[1:]) for part in component.split("."))
    return heads[place, layer, head]


def edit(component, values, places):
    where, value = torch.tensor([places]), None if values is None else torch.stack(values)[None]
    op = "zero" if values is None else "replace"
    if component.startswith("m"):
        return Edit("mlp", int(component[1:]), op, value, positions=where)
    layer, head = (int(part[1:]) for part in component.split("."))
    return Edit("head", layer, op, value, head, where)


def said(at, item, prompt, edits=()) -> list[float]:
    """Returns accuracy, rival accuracy and logit difference of one prompt."""
    logits = at.engine.last_logits([prompt], edits)[0]
    first = int(logits.argmax())
    difference = logits[list(item.answers)].logsumexp(0) - logits[list(item.rivals)].logsumexp(0)
    return [float(first in item.answers), float(first in item.rivals), float(difference)]


@pytest.mark.parametrize(
    ("tasks", "variant", "counterfactual", "replace_by", "positions"),
    [
        (("missing",), "swap", None, "counterfactual", ("again", "END")),
        (("missing",), "clean", "third", "counterfactual-mean", ("b", "END")),
        (("missing",), "clean", "third", "counterfactual-mean", "all"),
        (("shifted", "later"), "clean", None, "mean", "last"),
        (("shifted",), "clean", None, "counterfactual", "all"),
        (("shifted",), "plain", None, "zero", ("demonstrations.q", -1)),
    ],
)
def test_every_replacement_against_single_prompts(at, tasks, variant, counterfactual, replace_by, positions) -> None:
    recipe = contrast(*tasks, variant=variant, counterfactual=counterfactual, count=6)
    request = AblateComponentsInput(recipe, COMPONENTS, replace_by, positions, True)
    found = call(ablate_components, request, at)
    prompts, donor = at.prompts(recipe), counterfactual or ("plain" if variant == "clean" else "clean")
    numbers, rows, expected = [], len(prompts.items), {}
    for row, item in enumerate(prompts.items):
        asked = {"last": ("END",), "all": range(len(item.ids["clean"]))}.get(positions, positions)
        expected[row] = [
            (name, place)
            for name in asked
            for place in (
                (name,) if positions == "all"
                else item.positions[name] if isinstance(name, str) else (len(item.ids["clean"]) + name,)
            )
        ]  # fmt: skip
    for row, item in enumerate(prompts.items):
        prompt, places, edits = prompts.prompts[row], [place for _, place in expected[row]], []
        for component in COMPONENTS:
            if replace_by == "zero":
                values = None
            else:
                of = item.ids.keys() & {donor if replace_by.startswith("counterfactual") else variant}
                (told,) = of
                alike = [row] if replace_by == "counterfactual" else [
                    other for other in range(rows)
                    if prompts.items[other].task == item.task
                    and (positions != "all" or prompts.items[other].positions == item.positions)
                ]  # fmt: skip
                values = [
                    torch.stack([
                        output(at, prompts.items[other].prompt(told), component, expected[other][index][1])
                        for other in alike
                    ]).mean(0)
                    for index in range(len(places))
                ]  # fmt: skip
            edits.append(edit(component, values, places))
        numbers.append([said(at, item, prompt, each) for each in ([], edits, *([one] for one in edits))])
    for group, told in zip(prompts.groups, found.contrasts, strict=True):
        mine = torch.tensor(numbers, dtype=torch.float64)[list(group.rows)].mean(0)
        for state, values in ((told.before, mine[0]), (told.after, mine[1])):
            assert [state.accuracy, state.rival_accuracy, state.logit_difference] == pytest.approx(
                values.tolist(), abs=EXACT
            )
        assert abs(told.change) > 1e-6 and told.change == pytest.approx(float(mine[1, 2] - mine[0, 2]), abs=EXACT)
        assert [one.change for one in told.alone] == pytest.approx((mine[2:, 2] - mine[0, 2]).tolist(), abs=EXACT)
        if replace_by.startswith("counterfactual"):
            held = sum(said(at, i, i.prompt(donor))[2] for i in prompts.items) / rows
            assert told.counterpart == pytest.approx(held, abs=EXACT)
            assert told.recovery == pytest.approx(told.change / (held - told.before.logit_difference), abs=1e-7)
    assert found.accuracy_after == pytest.approx(
        sum(told.after.accuracy for told in found.contrasts) / len(found.contrasts)
    )
    assert found.receipt.edits_fired == found.receipt.edits_requested == 2 * len(COMPONENTS) * rows


def test_everything_from_the_counterfactual_says_what_it_says(at) -> None:
    every = tuple(f"a{layer}.h{head}" for layer in range(LAYERS) for head in range(HEADS))
    every += tuple(f"m{layer}" for layer in range(LAYERS))
    recipe = contrast("missing", variant="swap", counterfactual="third")
    (told,) = call(ablate_components, AblateComponentsInput(recipe, every, "counterfactual", ("END",)), at).contrasts
    # The last token is the same in both, so that all that comes into its stream is what was put in.
    assert told.recovery == pytest.approx(1, abs=1e-9) and told.alone is None


def test_attention_between_named_positions(at) -> None:
    recipe = contrast("missing", "shifted", count=5)
    requests = [
        ("missing", ("END",), ("a", "b"), None),
        ("missing", ("again", "END"), ("START", "again"), "all"),
        ("shifted", ("END", "demonstrations.q"), ("demonstrations.q",), None),
        ("shifted", ("demonstrations.q",), ("demonstrations.p",), "same"),
    ]
    for task, queries, keys, lines in requests:
        recipe = contrast(task, count=5)
        found = call(attention_scores, AttentionScoresInput(recipe, "induction", None, 4, queries, keys, lines), at)
        kept, prompts = at.read(found.scores.sha256, "attention_named").tensors["data"], at.prompts(recipe)
        for row, (item, prompt) in enumerate(zip(prompts.items, prompts.prompts, strict=True)):
            weights = whole_attention(at, prompt)
            looks = sorted(place for name in queries for place in item.positions[name])
            seen = sorted(place for name in keys for place in item.positions[name])
            shares = [
                sum(weights[:, :, query, key] for key in mine)
                for number, query in enumerate(looks)
                if (mine := [seen[number]] if lines == "same" else [key for key in seen if key <= query])
            ]
            expected = sum(shares) / len(shares)
            assert float((kept[row] - expected).abs().max()) < 1e-6 and float(expected.max()) > 1e-3
        average = kept.double().mean(0)
        assert found.mean_head == pytest.approx(float(average.mean()), abs=1e-7)
        best = found.heads[0]
        assert best.score == pytest.approx(float(average.max()), abs=1e-7) and len(found.heads) == 4
        assert best.times_mean == pytest.approx(best.score / found.mean_head)


def whole_attention(at, prompt) -> torch.Tensor:
    """Returns (layer, head, query, key), as the model itself tells it."""
    with torch.no_grad():
        told = at.model.model(torch.tensor([prompt.ids]), output_attentions=True).attentions
    return torch.stack([layer[0].float() for layer in told])


def test_bad_requests(at) -> None:
    pairs, sets = contrast("missing", counterfactual="swap"), contrast("missing", count=1)

    def without(recipe, replace_by="mean", positions="last", each=None):
        return AblateComponentsInput(recipe, ("a0.h0",), replace_by, positions, each)

    for code, request in {
        "which-counterfactual": without(contrast("missing"), "counterfactual"),
        "unknown-position": without(pairs, "zero", ("w",)),
        "position-twice": without(pairs, "zero", ("END", -1)),
        "nothing-replaced": without(pairs, "counterfactual", ("a", "b")),
        "one-prompt": without(sets, "mean", "all"),
    }.items():
        assert refused(ablate_components, request, at) == code

    def look(recipe, *named):
        return AttentionScoresInput(recipe, "induction", None, None, *named)

    for code, request in {
        "queries-and-keys": look(pairs, ("END",), None),
        "nothing-to-look-at": look(pairs, ("a",), ("END",)),
        "lines-differ": look(contrast("shifted"), ("END",), ("demonstrations.q",), "same"),
        "unknown-position": look(pairs, ("END",), ("w",)),
    }.items():
        assert refused(attention_scores, request, at) == code
    assert refused(attention_scores, look(repeats(), ("END",), ("END",)), at) == "queries-and-keys"


@pytest.mark.parametrize(("replace_by", "positions"), [("counterfactual", "last"), ("zero", (-1,))])
def test_other_prompts_have_no_counterparts(benches, replace_by, positions) -> None:
    request = AblateComponentsInput(in_context(), ("a0.h0",), replace_by, positions)
    assert refused(ablate_components, request, benches()) == "contrast-pairs-only"
