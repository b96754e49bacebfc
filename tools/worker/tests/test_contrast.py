"""Contrast pairs: what each kind of slot gives, how pairs lie beside each other, halves, what cannot be expressed."""

import dataclasses
import random
import re

import pytest
from calls import call, refused
from test_prompts import made
from tiny import WORDS, contrast, contrast_material, repeats, tokenizer

from recircuit_worker.contract import GeneratePromptsInput
from recircuit_worker.decode import decode
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.words import build_tokenizer
from recircuit_worker.prompts.contrast import CLEAN, ContrastText, Drawer, Told
from recircuit_worker.prompts.contrast_set import ContrastItem, read_item
from recircuit_worker.prompts.sets import contrast_set
from recircuit_worker.prompts.slots import NoValue, draw, fill
from recircuit_worker.prompts.tokens import find_reader
from recircuit_worker.tools import generate_prompts

LISTS = {"days": ("Mon", "Tue", "Wed"), "jours": ("lun", "mar", "mer")}


def computed(kind: str, known: dict, **fields):
    slot = decode("Slot", {"kind": kind, "slot": "it", **fields})
    return fill([slot], {}, known, LISTS, {})["it"]


@pytest.mark.parametrize(
    ("kind", "known", "fields", "value"),
    [
        ("constant", {}, {"value": "01"}, "01"),
        ("same", {"a": 3}, {"of": "a"}, 3),
        ("sum", {"a": 3, "k": -2}, {"of": ["a", "k", 5]}, 6),
        ("base", {"a": 28}, {"of": "a", "base": 8}, 34),
        ("base", {"a": 0}, {"of": "a", "base": 2}, 0),
        ("shift", {"d": "Tue"}, {"of": "d", "list": "days", "by": 1, "wrap": False}, "Wed"),
        ("shift", {"d": "Tue", "k": -2}, {"of": "d", "list": "days", "by": "k", "wrap": True}, "Wed"),
        ("map", {"d": "Tue"}, {"of": "d", "list": "days", "to": "jours"}, "mar"),
        ("nth", {"a": "x", "b": "y", "i": 1}, {"of": ["a", "b"], "at": "i"}, "y"),
        ("place", {"a": "x", "b": "y", "c": "y"}, {"of": "c", "among": ["a", "b"]}, 1),
        ("items", {"d": "Mon"}, {"list": "days", "which": "after", "of": "d"}, ("Tue", "Wed")),
        ("items", {"d": "Tue"}, {"list": "days", "which": "up-to", "of": "d"}, ("Mon", "Tue")),
    ],
)
def test_computed_slots(kind, known, fields, value) -> None:
    assert computed(kind, known, **fields) == value


@pytest.mark.parametrize(
    ("kind", "known", "fields"),
    [
        ("base", {"a": -1}, {"of": "a", "base": 8}),
        ("shift", {"d": "Wed"}, {"of": "d", "list": "days", "by": 1, "wrap": False}),
        ("shift", {"d": "Mon"}, {"of": "d", "list": "days", "by": -1, "wrap": False}),
        ("nth", {"a": "x", "b": "y", "i": 2}, {"of": ["a", "b"], "at": "i"}),
        ("place", {"a": "x", "b": "y", "c": "z"}, {"of": "c", "among": ["a", "b"]}),
        ("items", {"d": "Wed"}, {"list": "days", "which": "after", "of": "d"}),
    ],
)
def test_slots_without_a_value(kind, known, fields) -> None:
    with pytest.raises(NoValue):
        computed(kind, known, **fields)


@pytest.mark.parametrize(
    ("code", "kind", "known", "fields"),
    [
        ("no-number", "sum", {"a": "x"}, {"of": ["a"]}),
        ("no-item", "shift", {"a": "Sun"}, {"of": "a", "list": "days", "by": 1, "wrap": True}),
    ],
)
def test_slots_that_hold_something_else_are_refused(code, kind, known, fields) -> None:
    with pytest.raises(Refusal) as found:
        computed(kind, known, **fields)
    assert found.value.code == code


def test_draws_are_without_replacement_and_orders_are_permutations() -> None:
    slots = [
        decode("Slot", {"kind": "choice", "slots": ["a", "b"], "list": "days"}),
        decode("Slot", {"kind": "choice", "slots": ["c"], "list": "days"}),
        decode("Slot", {"kind": "range", "slots": ["n"], "low": 3, "high": 4}),
        decode("Slot", {"kind": "order", "slots": ["p", "q", "r"], "of": ["a", "b", "c"]}),
    ]
    seen = set()
    for seed in range(40):
        drawn = draw(slots, LISTS, random.Random(seed), {})
        values = fill(slots, drawn, {}, LISTS, {})
        assert sorted(values[name] for name in "abc") == sorted(LISTS["days"]) == sorted(values[name] for name in "pqr")
        seen.add((values["n"], drawn["p"]))
    assert seen == {(n, place) for n in (3, 4) for place in range(3)}
    with pytest.raises(Refusal, match="1 of its 3 are left"):
        draw([slots[0], slots[0]], LISTS, random.Random(0), {})


def drawn(name: str, count: int = 60, split: str = "search", **changes):
    material = contrast_material(split, **changes)
    task = next(task for task in material.tasks if task.task == name)
    return [Drawer(task, material, task.shots).draw(random.Random(seed)) for seed in range(count)]


def test_a_counterfactual_exchanges_its_slots_and_nothing_else() -> None:
    for item in drawn("missing"):
        words = {variant: re.findall(r"x\d+", told.text) for variant, told in item.told.items()}
        a, b, again = words[CLEAN]
        assert again == b != a
        assert (item.answers, item.rivals) == ((f" {a}",), ((f" {b}",),))
        assert words["swap"] == [a, b, a]
        third = words["third"][1]
        assert third not in (a, b) and words["third"] == [a, third, third]  # what is the same stays the same
        assert len({re.sub(r"x\d+", "", told.text) for told in item.told.values()}) == 1


def test_every_line_follows_the_parameter_and_demonstrations_stay_apart() -> None:
    for item in drawn("shifted"):
        for variant, by in ((CLEAN, 2), ("plain", 1)):
            *lines, (query, _) = re.findall(r"Q: x(\d+)\nA:(?: x(\d+))?", item.told[variant].text)
            assert [int(q) for _, q in lines] == [(int(p) + by) % WORDS for p, _ in lines] and len(lines) == 3
        assert item.answers == (f" x{(int(query) + 2) % WORDS}",) and item.rivals == ((f" x{int(query) + 1}",),)
        assert int(query) < WORDS - 1  # behind the last item there is none
        assert item.answers[0].strip() not in re.findall(r"A: (x\d+)", item.told[CLEAN].text)


def test_bounds_hold_in_every_variant() -> None:
    lines = {
        "each": [
            {"kind": "range", "slots": ["p"], "low": 0, "high": 9},
            {"kind": "sum", "slot": "q", "of": ["p", "k"]},
            {"kind": "sum", "slot": "plain", "of": ["p", 0]},
        ],
        "where": [{"slot": "q", "at_least": 3, "at_most": 6}],
    }
    for item in drawn("shifted", **lines):
        sums = [int(q) for told in item.told.values() for q in re.findall(r"A: (\d+)", told.text)]
        assert all(3 <= q <= 6 for q in sums)
    with pytest.raises(Refusal, match="whose answers differ from its rivals"):
        drawn("missing", 1, rivals=[" {a}"])
    with pytest.raises(Refusal, match="no line within its bounds"):
        drawn("shifted", 1, **{**lines, "where": [{"slot": "q", "at_least": 30, "at_most": None}]})


def test_halves_are_disjoint_whatever_the_order_of_the_names() -> None:
    halves = [
        {frozenset(item.answers + item.rivals[0]) for item in drawn("missing", 300, split)}
        for split in ("search", "held-out")
    ]
    assert not halves[0] & halves[1] and all(len(half) > 20 for half in halves)
    assert len(halves[0] | halves[1]) > 0.9 * WORDS * (WORDS - 1) / 2


def test_pairs_as_tokens() -> None:
    reader = find_reader(tokenizer())
    material = contrast_material()
    sets = {v: contrast_set(contrast(variant=v), material, reader, scored=True)[0] for v in (CLEAN, "swap")}
    for clean, swapped, item in zip(*(prompts.prompts for prompts in sets.values()), sets[CLEAN].items, strict=True):
        differ = [place for place, (a, b) in enumerate(zip(clean.ids, swapped.ids, strict=True)) if a != b]
        assert differ == [*item.positions["again"]]
        assert [clean.ids[item.positions[name][0]] for name in ("a", "b")] == [*item.answers, *item.rivals]
        assert clean.scored == item.positions["END"] == (len(clean.ids) - 1,) and clean.targets == item.answers
    assert sets[CLEAN].names == ["missing"] and sets[CLEAN].sha256 != sets["swap"].sha256
    more = contrast_set(contrast(count=9), material, reader, scored=True)[0]
    assert more.prompts[:4] == sets[CLEAN].prompts  # asking for more changes nothing


def test_demonstrations_have_positions_of_their_own() -> None:
    reader = find_reader(tokenizer())
    for shots in (1, 2, None):
        prompts = contrast_set(contrast("shifted", shots=shots), contrast_material(), reader, scored=True)[0]
        for prompt, item in zip(prompts.prompts, prompts.items, strict=True):
            places = item.positions.get("demonstrations.q", ())
            assert len(places) == (3 if shots is None else shots)
            line = len(reader.ids("Q: x1\nA: x2\n\n")) - 1
            assert places == tuple(len(reader.start) + line * (index + 1) - 2 for index in range(len(places)))
            assert reader.tokenizer.decode([prompt.ids[item.positions["p"][0]]]) in item.text.told[CLEAN].text


def test_slots_that_are_written_in_any_order_are_found_by_their_own_name() -> None:
    slots = [
        {"kind": "choice", "slots": ["c", "a", "b"], "list": "xs"},
        {"kind": "constant", "slot": "zero", "value": 0},
        {"kind": "constant", "slot": "one", "value": 1},
        {"kind": "order", "slots": ["i", "j"], "of": ["zero", "one"]},
        {"kind": "nth", "slot": "first", "of": ["a", "b"], "at": "i"},
        {"kind": "nth", "slot": "second", "of": ["a", "b"], "at": "j"},
        {"kind": "same", "slot": "again", "of": "b"},
    ]
    firsts = set()
    for item in drawn("missing", 20, slots=slots, queries=["Q: {first} {second}\nA: {again}:"]):
        text, (a,), (b,) = item.told[CLEAN].text, item.placed["a"], item.placed["b"]
        assert text[:a].endswith(item.answers[0]) and text[:b].endswith(item.rivals[0][0])
        assert set(item.placed) == {"a", "b"}  # and none by number
        firsts.add(a < b)
        read = read_item("missing", item, find_reader(tokenizer()))
        assert {read.placed["a"], read.placed["b"]} == {read.positions["first"], read.positions["second"]}
    assert firsts == {True, False}


def test_sets_of_answers() -> None:
    prompts = contrast_set(contrast("later"), contrast_material(), find_reader(tokenizer()), scored=True)[0]
    for prompt, item in zip(prompts.prompts, prompts.items, strict=True):
        place = int(re.search(r"x(\d+)", item.text.told[CLEAN].text)[1])
        assert (len(item.answers), len(item.rivals)) == (WORDS - place - 1, place + 1) and place > 0
        assert prompt.targets == ((item.answers[0],) if len(item.answers) == 1 else (-1,))


def pair(clean: str, other: str, answer: str = " x1", rival: str = " x2", at: int = 5) -> ContrastText:
    """Two variants with one slot, which ends at character `at` of both."""
    return ContrastText(
        {v: Told(text, {"s": (at,)}) for v, text in ((CLEAN, clean), ("other", other))}, (answer,), ((rival,),)
    )


def several(known: int) -> ContrastText:
    """A set of six rivals, of which the tokenizer knows some."""
    rivals = tuple(f" x{place}" if place < known + 2 else f" w{place}" for place in range(2, 8))
    return dataclasses.replace(pair("Q: x1:", "Q: x2:"), rivals=(rivals,))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (pair("Q: x1:", "Q: x2:"), None),
        (pair("Q: x1:", "Q: who:"), "does not know all words"),
        (pair("Q: x1:", "Q: x2::"), "different numbers of tokens"),
        (pair("Q: x1:", "Q: x1:"), "no token differs between the clean prompt and other"),
        (pair("Q: x1:", "Q: x2:", answer=" x1 x2"), "not one token of its own"),
        (pair("Q: x1:", "Q: x2:", rival=" who"), "not one token of its own"),
        (pair("Q: x1:", "Q: x2:", answer="x"), "not one token of its own"),
        (pair("Q: x1:", "Q: x2:", rival=" x1"), "are the same token"),
        (several(5), None),
        (several(4), "not one token of its own"),
    ],
)
def test_what_a_tokenizer_can_express(text, why) -> None:
    item = read_item("t", text, find_reader(tokenizer()))
    assert isinstance(item, ContrastItem) if why is None else why in item


def test_slots_at_other_positions_are_not_aligned() -> None:
    text = pair("Q: x1 x2:", "Q: x1 x3:")
    told = {**text.told, "other": Told("Q: x1 x3:", {"s": (8,)})}
    assert "not aligned" in read_item("t", dataclasses.replace(text, told=told), find_reader(tokenizer()))


def test_an_answer_that_joins_the_prompt_behind_one_variant_alone() -> None:
    reader = find_reader(made(r"b!|[ab!]", ["a", "b", "!", "b!"]))
    assert "not one token" in read_item("t", pair("aaaaa", "aaaab", "!", "a"), reader)


def test_pairs_that_cannot_be_expressed_are_passed_over_and_counted_and_a_task_of_such_is_refused() -> None:
    known = build_tokenizer(["Q:\nA:\n\n", *(f" x{i}" for i in range(WORDS // 2))])
    found = contrast_set(contrast(count=20), contrast_material(), find_reader(known), scored=True)[0]
    assert len(found.prompts) == 20 and all(token < WORDS // 2 + 8 for item in found.items for token in item.answers)
    (passed_over,) = found.passed_over
    assert (passed_over.task, passed_over.pairs > 20) == ("missing", True) and "know all words" in passed_over.why
    none = find_reader(build_tokenizer(["Q:\nA:\n\n", " x1"]))
    with pytest.raises(Refusal, match="none of 200: it does not know all words") as refusal:
        contrast_set(contrast("missing", "later"), contrast_material(), none, scored=True)
    assert refusal.value.code == "no-single-step-answers"
    with pytest.raises(Refusal):
        contrast_set(contrast("missing", "later"), contrast_material(), none, scored=False)
    given = contrast_material()
    strange = dataclasses.replace(given.tasks[0], queries=("Q: who {a} {b} {again}:",))
    partly = dataclasses.replace(given, tasks=(strange, *given.tasks[1:]))
    reader = find_reader(tokenizer())
    prompts, left_out = contrast_set(contrast("missing", "later"), partly, reader, scored=False)
    assert prompts.names == ["later"] and [task.task for task in left_out] == ["missing"]


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        (contrast("mising"), "unknown-task"),
        (contrast("missing", "missing"), "task-twice"),
        (contrast(variant="swapp"), "unknown-counterfactual"),
        (contrast(shots=2), "no-demonstrations"),
    ],
)
def test_wrong_requests(recipe, code) -> None:
    with pytest.raises(Refusal) as found:
        contrast_set(recipe, contrast_material(), find_reader(tokenizer()), scored=True)
    assert found.value.code == code


def test_generate_prompts_shows_pairs_and_positions(benches) -> None:
    at = benches(kind="contrast-pairs")
    shown = call(generate_prompts, GeneratePromptsInput(contrast("missing", "shifted", "later"), 1), at)
    assert shown.scorable == ("missing", "shifted", "later") and not shown.samples and not shown.unscorable
    missing, shifted, later = shown.pairs
    assert [(c.name, c.text != missing.text) for c in missing.counterfactuals] == [("swap", True), ("third", True)]
    places = {place.name: place for place in missing.positions}
    assert places["END"].from_the_end == (-1,)
    assert places["a"].tokens == missing.answers and places["b"].tokens == places["again"].tokens == missing.rivals
    assert len({place.name: place for place in shifted.positions}["demonstrations.q"].tokens) == 3
    assert len(later.answers) + len(later.rivals) == WORDS
    assert shown.receipt.seed == 0 and shown.tokens.shape[0] == 12


def test_prompts_of_another_kind_are_refused(benches) -> None:
    assert refused(generate_prompts, GeneratePromptsInput(contrast(), 1), benches()) == "other-behaviour"
    repeated = call(generate_prompts, GeneratePromptsInput(repeats(), 1), benches(kind="contrast-pairs"))
    assert repeated.samples and repeated.pairs is None  # need a vocabulary and no words
