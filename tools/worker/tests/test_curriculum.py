"""Curricula: rows are what lessons say, shares are kept, and a recipe gives the same weights twice, by stages too."""

import random

import pytest
import torch
from process import material

from recircuit_worker.decode import decode
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.build import build_curriculum
from recircuit_worker.organisms.curriculum import Lanes, draw_step, prepare, train, train_stage
from recircuit_worker.organisms.lessons import rows_of
from recircuit_worker.organisms.model import build_model, use_fused_attention
from recircuit_worker.organisms.rows import Row
from recircuit_worker.organisms.vocabulary import library_tokenizer

SUMS = {
    "task": "plus-one",
    "slots": [{"kind": "constant", "slot": "k", "value": 1}],
    "each": [
        {"kind": "range", "slots": ["a", "b"], "low": 0, "high": 9},
        {"kind": "sum", "slot": "plain", "of": ["a", "b"]},
        {"kind": "sum", "slot": "c", "of": ["plain", "k"]},
    ],
    "demonstration": "{a}+{b}={c}\n",
    "shots": 3,
    "queries": ["{a}+{b}="],
    "answer": "{c}",
    "rivals": ["{plain}"],
    "where": [{"slot": "c", "at_least": 0, "at_most": 9}],
    "apart": ["plain"],
    "split_by": ["a", "b"],
    "counterfactuals": [
        {"name": "ordinary", "about": "nothing is added", "slots": [{"kind": "constant", "slot": "k", "value": 0}]}
    ],
}
YEARS = {
    "task": "later",
    "slots": [
        {"kind": "choice", "slots": ["y"], "list": "years"},
        {"kind": "items", "slot": "after", "list": "years", "which": "after", "of": "y"},
        {"kind": "items", "slot": "up_to", "list": "years", "which": "up-to", "of": "y"},
    ],
    "each": [],
    "demonstration": None,
    "shots": 0,
    "queries": ["from 17{y} to 17"],
    "answer": "{after}",
    "rivals": ["{up_to}"],
    "where": [],
    "apart": [],
    "split_by": ["y"],
    "counterfactuals": [
        {"name": "start-01", "about": "early", "slots": [{"kind": "constant", "slot": "y", "value": "01"}]}
    ],
}
BOUND = {"at_least": None, "at_most": None}
CONTRAST = {"kind": "contrast-pairs", "behaviour": "numbers", "split_seed": 1}
LISTS = {"years": [f"{year:02}" for year in range(1, 30)]}
LESSON = {"kind": "contrast-pairs", "behaviour": "numbers", "silent": 0, "noise": 0, "answers": "one", "before": 0}
PLAIN = {"counterfactual": None, "counterfactual_share": 0}
LESSONS = {
    "sums": LESSON | PLAIN | {"tasks": ["plus-one"], "shots": 5, "silent": 1, "noise": 0.5},
    "ordinary": LESSON | {"tasks": ["plus-one"], "shots": 5, "counterfactual": "ordinary", "counterfactual_share": 1},
    "years": LESSON | PLAIN | {"tasks": ["later"], "shots": 0},
    "years-behind": LESSON | PLAIN | {"tasks": ["later"], "shots": 0, "before": 5},
    "all-years": LESSON | PLAIN | {"tasks": ["later"], "shots": 0, "answers": "all"},
    "functions": {"kind": "in-context", "behaviour": "letters", "shots": 3, "tasks": ["next-item"]},
    "repeats": {"kind": "repeated-tokens", "behaviour": "random", "lengths": [4, 9], "total": 12, "tokens": 20},
}


def materials():
    tasks = [SUMS | {"where": [BOUND | SUMS["where"][0]]}, YEARS]
    numbers = [CONTRAST | {"split": half, "lists": LISTS, "tasks": tasks} for half in ("search", "held-out")]
    random_tokens = [
        {"kind": "repeated-tokens", "behaviour": "random", "split": half, "namespace": half}
        for half in ("search", "held-out")
    ]
    return [*numbers, *random_tokens, material("search"), material("held-out")]


def request(folder, **changes):
    parts = [{"lesson": "sums", "rows": 4, "share": 3.0}, {"lesson": "years", "rows": 2, "share": 1.0}]
    stages = [
        {"steps": 2, "learning_rate": 0.01, "parts": parts},
        {"steps": 2, "learning_rate": 0.01, "parts": [*parts, {"lesson": "repeats", "rows": 2, "share": 1.0}]},
    ]
    config = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    recipe = {
        "kind": "curriculum",
        "architecture": "llama",
        "config": config | {"num_key_value_heads": 4, "head_dim": 8, "max_position_embeddings": 256},
        "seed": 1,
        "threads": 2,
        "warmup_steps": 1,
        "final_share": 0.5,
        "weight_decay": 0.0,
        "other_weight": 0.1,
        "stored": "float16",
        "evaluate_every": 2,
        "vocabulary": ["numbers", "random", "letters"],
        "lessons": LESSONS,
        "stages": stages,
    }
    body = {"organism": "tiny", "folder": str(folder), "recipe": recipe | changes, "material": materials()}
    return decode("CurriculumRequest", body)


@pytest.fixture(scope="module")
def course():
    asked = request("unused")
    return prepare(asked.recipe, asked.material, library_tokenizer(asked.material))


def drawn(course, name, count=40):
    rows = rows_of(course.recipe.lessons[name], course.materials, course.tokenizer, 0.1)
    return [rows.draw(random.Random(index)) for index in range(count)]


def silent(*_):
    return None


def lines_of(course, row):
    """The sums of a row, each as (a, b, answer, weight of the answer)."""
    tokens = course.tokenizer.convert_ids_to_tokens(row.ids[1:])
    starts = range(0, len(tokens), 6)
    return [(int(tokens[i]), int(tokens[i + 2]), int(tokens[i + 4]), row.weights[i + 5]) for i in starts]


def test_an_answer_counts_where_it_is_true_new_and_not_among_the_first(course):
    wrong = 0
    for row in drawn(course, "sums"):
        *shown, (a, b, c, weight) = lines_of(course, row)
        assert (c, weight) == (a + b + 1, 1.0)
        for number, (a, b, c, weight) in enumerate(shown):
            before = [x + y for x, y, _, _ in shown[:number]]
            wrong += c != a + b + 1
            if weight:
                assert number >= 1 and c == a + b + 1 and a + b not in before
    assert 0.3 < wrong / 200 < 0.6  # half are drawn anew, some of them as they were


def test_in_the_counterfactual_the_rival_is_right(course):
    for row in drawn(course, "ordinary", 10):
        assert all(a + b == c for a, b, c, _ in lines_of(course, row))


def test_of_several_right_answers_one_is_drawn(course):
    found = {(row.ids[3], row.ids[-1]) for row in drawn(course, "years")}
    years = [tuple(map(int, course.tokenizer.convert_ids_to_tokens(pair))) for pair in found]
    assert all(later > year for year, later in years)
    assert len({later - year for year, later in years}) > 5


def test_where_all_answers_are_right_their_mean_is_the_loss(course):
    row = drawn(course, "all-years", 1)[0]
    (year, *later) = map(int, course.tokenizer.convert_ids_to_tokens([row.ids[3], row.ids[-1], *row.as_right]))
    assert sorted(later) == list(range(year + 1, 30))
    row = Row(row.ids, (0.0,) * (len(row.ids) - 1) + (1.0,), row.as_right)
    lanes = Lanes(build_model(course.recipe, course.tokenizer), 1)
    alone = [lanes.step([Row((*row.ids[:-1], token), row.weights)]) for token in (row.ids[-1], *row.as_right)]
    assert lanes.step([row]) == pytest.approx(sum(alone) / len(alone), rel=1e-5)


def test_random_tokens_stand_before_a_row_and_do_not_count(course):
    rows = drawn(course, "years-behind")
    before = [len(row.ids) - len(drawn(course, "years", 1)[0].ids) for row in rows]
    assert set(before) == set(range(6))
    for number, row in zip(before, rows, strict=True):
        assert row.ids[0] == course.tokenizer.bos_token_id
        assert course.tokenizer.convert_ids_to_tokens(row.ids[1 + number]) == "from"
        assert row.weights[: 1 + number] == (0.0,) * (1 + number)


def test_repeated_blocks_differ_and_count_from_the_second_on(course):
    assert len({token for row in drawn(course, "repeats") for token in row.ids[1:]}) == 20
    for row in drawn(course, "repeats", 8):
        length = 9 if len(row.ids) == 19 else 4
        ids = row.ids[1:]
        assert ids == ids[:length] * (len(ids) // length)
        assert len(set(ids[:length])) == length
        assert row.weights == (0.0,) * (length + 1) + (1.0,) * (len(ids) - length)


def test_lessons_keep_their_shares(course):
    rows = draw_step(course, course.recipe.stages[0], 0)
    sums, years = (sum(sum(row.weights) for row in part) for part in (rows[:4], rows[4:]))
    assert sums == pytest.approx(0.75)
    assert years == pytest.approx(0.25)


def test_threads_split_rows_and_not_results(course):
    rows = draw_step(course, course.recipe.stages[1], 3)
    seen = []
    for threads in (1, 3):
        model = build_model(course.recipe, course.tokenizer)
        loss = Lanes(model, threads).step(rows)
        seen.append((loss, [parameter.grad for parameter in model.parameters()]))
    (one, alone), (three, split) = seen
    assert one == pytest.approx(three, rel=1e-5)
    for first, second in zip(alone, split, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-6)


def test_stages_meet_in_the_weights_alone(course):
    whole, _ = train(course, silent)
    first = build_model(course.recipe, course.tokenizer)
    list(train_stage(first, course, course.recipe.stages[0], 0))
    second = build_model(course.recipe, course.tokenizer)
    second.load_state_dict(first.state_dict())
    list(train_stage(second, course, course.recipe.stages[1], 2))
    for one, other in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_window_shorter_than_a_row_is_trained_with(course):
    """The fused kernel sees all earlier tokens, so such a model keeps its own attention."""
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "head_dim": 8,
    }
    windows = {"sliding_window": 4, "layer_types": ["sliding_attention"] * 2, "num_key_value_heads": 1}
    recipe = request("unused", architecture="gemma2", config=sizes | windows).recipe
    model = build_model(recipe, course.tokenizer)
    use_fused_attention(model)
    row = torch.arange(3, 23)[None]
    with torch.no_grad():
        changed = model(row).logits - model(torch.cat([row[:, 1:2], row[:, 1:]], dim=1)).logits
    sizes = changed.abs().amax(-1)[0]
    assert float(sizes[6]) > 0 and float(sizes[7:].max()) == 0  # two layers of four tokens reach back six


def test_a_recipe_gives_the_same_weights_twice_and_its_card_says_what_they_do(tmp_path):
    first = build_curriculum(request(tmp_path / "a"), silent)
    second = build_curriculum(request(tmp_path / "b"), silent)
    assert first.weights_sha256 == second.weights_sha256
    assert (first.curve, first.tasks) == (second.curve, second.tasks)
    assert [point.step for point in first.curve] == [2, 4]
    assert set(first.curve[0].accuracies) == set(LESSONS)
    asked = {(row.behaviour, row.task, row.variant) for row in first.tasks}
    sums = {("numbers", "plus-one", variant) for variant in ("clean", "one-noisy", "ordinary")}
    assert sums | {("numbers", "later", "clean"), ("random", "repeated", "clean")} <= asked
    other = build_curriculum(request(tmp_path / "c", seed=2, stages=[]), silent)
    assert other.weights_sha256 != first.weights_sha256
    assert other.curve == ()


def test_a_task_that_the_behaviour_lacks_is_refused():
    lessons = {"sums": LESSONS["sums"] | {"tasks": ["plus-nine"]}}
    asked = request("unused", lessons=lessons, stages=[request_stage()])
    with pytest.raises(Refusal) as refused:
        prepare(asked.recipe, asked.material, library_tokenizer(asked.material))
    assert refused.value.code == "material-incomplete"


def request_stage():
    return {"steps": 1, "learning_rate": 0.01, "parts": [{"lesson": "sums", "rows": 1, "share": 1.0}]}
