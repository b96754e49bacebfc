"""Organisms: rows and schedules are what recipes say, and a recipe gives the same weights twice."""

import random

import pytest
import torch
from process import build_request

from recircuit_worker.decode import decode
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.build import build_organism
from recircuit_worker.organisms.model import use_fused_attention, use_own_attention
from recircuit_worker.organisms.rows import RepeatedRows, Row, by_length, pad
from recircuit_worker.organisms.train import prepare, rate, shared_output_tasks, train


def request(folder, **changes):
    body = build_request(folder, steps=4)
    body["recipe"] |= {"evaluate_every": 2} | changes
    return decode("BuildRequest", body)


def prepared(asked):
    halves = {part.split: part for part in asked.material}
    return prepare(asked.recipe, halves["search"], halves["held-out"])


def silent(*_):
    return None


def test_the_same_recipe_gives_the_same_weights_and_numbers(tmp_path):
    first = build_organism(request(tmp_path / "a"), silent)
    second = build_organism(request(tmp_path / "b"), silent)
    assert first.weights_sha256 == second.weights_sha256
    assert first.curve == second.curve
    assert first.tasks == second.tasks
    assert first.data_sha256 == second.data_sha256


def test_another_seed_gives_other_weights(tmp_path):
    first = build_organism(request(tmp_path / "a"), silent)
    second = build_organism(request(tmp_path / "b", seed=2), silent)
    assert first.weights_sha256 != second.weights_sha256


def test_a_build_leaves_nothing_behind_when_it_is_stopped(tmp_path):
    def stop(step, *_):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_organism(request(tmp_path / "a"), stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_not_touched(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(Refusal) as refused:
        build_organism(request(tmp_path / "a"), silent)
    assert refused.value.code == "folder-exists"
    assert list((tmp_path / "a").iterdir()) == []


def test_an_untrained_organism_has_no_curve(tmp_path):
    card = build_organism(request(tmp_path / "a", stages=[]), silent)
    assert card.curve == ()


def test_every_answer_of_a_row_counts_and_the_rest_counts_little(tmp_path):
    asked = request(tmp_path / "a")
    curriculum = prepared(asked)
    rows = curriculum.in_context(asked.recipe, asked.recipe.stages[0])
    row = rows.draw(random.Random(0))
    tokens = [curriculum.tokenizer.convert_ids_to_tokens(token) for token in row.ids]
    answers = [token for token, weight in zip(tokens, row.weights, strict=True) if weight == 1.0]
    after_prefix = [tokens[i + 2] for i, token in enumerate(tokens[:-2]) if token == "A" and tokens[i + 1] == ":"]
    assert len(after_prefix) == asked.recipe.shots + 1
    assert set(after_prefix) <= set(answers)
    assert row.weights[0] == 0.0
    assert {weight for weight in row.weights if weight not in (0.0, 1.0)} == {asked.recipe.other_weight}


def test_only_what_can_be_predicted_of_a_repeated_row_counts(tmp_path):
    curriculum = prepared(request(tmp_path / "a"))
    row = RepeatedRows(curriculum.tokenizer, (5,), 15, 0.5).draw(random.Random(0))
    assert row.ids[1:6] == row.ids[6:11] == row.ids[11:16]
    assert row.weights == (0.0,) * 6 + (0.5,) * 10


def test_rows_are_padded_on_the_right_and_kept_apart_by_length():
    rows = [Row((1, 2, 3), (0.0, 1.0, 1.0)), Row((1,), (0.0,))]
    ids, weights = pad(rows)
    assert ids.tolist() == [[1, 2, 3], [1, 0, 0]]
    assert weights.tolist() == [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    assert [len(group) for group in by_length(rows, 2)] == [1, 1]


def test_the_learning_rate_warms_up_and_ends_at_its_final_share(tmp_path):
    recipe = request(tmp_path / "a").recipe
    assert rate(recipe, 100, 0) == pytest.approx(1 / recipe.warmup_steps)
    assert rate(recipe, 100, 100) == pytest.approx(recipe.final_share)
    assert max(rate(recipe, 100, step) for step in range(100)) <= 1


def test_tasks_that_share_their_output_words_are_found():
    pairs = {
        "next": [("a", "b"), ("b", "a")],
        "same": [("a", "a"), ("b", "b")],
        "upper": [("a", "A"), ("b", "B")],
        "elsewhere": [("x", "a"), ("y", "b")],
    }
    domains = {"next": "letters", "same": "letters", "upper": "letters", "elsewhere": "other"}
    assert shared_output_tasks(pairs, domains) == {"next", "same"}


def test_the_fused_kernel_and_the_own_attention_agree(tmp_path):
    """Where no cap bites, the kernel that trains is the attention that is saved."""
    asked = request(tmp_path / "a")
    model, _ = train(asked.recipe, prepared(asked), silent)
    ids = torch.arange(3, 23)[None]
    use_own_attention(model)
    own = model(ids).logits
    use_fused_attention(model)
    assert torch.allclose(model(ids).logits, own, atol=1e-5)
