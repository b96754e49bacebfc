"""A twin is the same function, and its heads are those of the original at other places."""

import json
from dataclasses import replace

import pytest
import tiny
import torch

from recircuit_worker.contract import PermuteRequest
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import find_parts, head_matrix
from recircuit_worker.models.load import open_model
from recircuit_worker.models.values import value_matrix
from recircuit_worker.organisms.permute import TOLERANCE, HeadOrder, draw_orders, permute_heads, permuted_twin

VOCABULARY = 60
IDS = torch.tensor([[3, 8, 21, 8, 3, 40, 2]])


@pytest.mark.parametrize("heads, kv_heads", [(16, 16), (16, 4), (8, 1), (4, 2)])
def test_no_head_keeps_its_place_and_every_head_keeps_its_group(heads, kv_heads):
    size = heads // kv_heads
    for order in draw_orders(6, heads, kv_heads, seed=3):
        assert sorted(order.heads) == list(range(heads))
        assert all(place != head for place, head in enumerate(order.heads))
        assert [head // size for head in order.heads[::size]] == list(order.groups)
        assert all(head // size == order.groups[place // size] for place, head in enumerate(order.heads))


def test_seeds_and_layers_have_orders_of_their_own():
    first = draw_orders(2, 16, 16, seed=0)
    assert first == draw_orders(2, 16, 16, seed=0)
    assert first != draw_orders(2, 16, 16, seed=1)
    assert first[0] != first[1]


@pytest.mark.parametrize("architecture", tiny.FAMILIES)
def test_the_function_stays_and_the_heads_have_moved(architecture):
    model = tiny.tiny_model(architecture, VOCABULARY, dtype=torch.float32)
    parts = find_parts(model)
    orders = draw_orders(len(parts.layers), parts.heads, parts.kv_heads, seed=1)
    with torch.inference_mode():
        before = model(IDS).logits
    written = [head_matrix(parts, 1, head).clone() for head in range(parts.heads)]
    read = value_matrix(parts, 1, VOCABULARY)
    assert permute_heads(model, parts, orders) <= TOLERANCE
    with torch.inference_mode():
        assert torch.allclose(model(IDS).logits, before, atol=TOLERANCE)
    read_now = value_matrix(parts, 1, VOCABULARY)
    for place, head in enumerate(orders[1].heads):
        assert torch.equal(head_matrix(parts, 1, place), written[head])
        assert torch.allclose(read_now[:, place], read[:, head], atol=1e-5)


def test_a_model_that_cannot_be_permuted_is_refused():
    model = tiny.tiny_model("llama", VOCABULARY, dtype=torch.float32)
    parts = find_parts(model)
    alone = replace(parts, kv_heads=parts.heads)
    torn = (HeadOrder(heads=(2, 1, 0, 3), groups=(0, 1)),) * tiny.LAYERS
    for wrong, orders, says in [
        (alone, draw_orders(tiny.LAYERS, 4, 4, seed=0), "has the width 12"),
        (parts, torn, "changes a logit"),
    ]:
        with pytest.raises(Refusal, match=says) as refused:
            permute_heads(model, wrong, orders)
        assert refused.value.code == "not-permutable"


def test_a_twin_opens_as_its_original_and_says_what_went_where(tmp_path):
    folder = tiny.save(tmp_path / "original", "llama")
    (folder / "card.json").write_text("{}")
    asked = PermuteRequest(folder=str(folder), out=str(tmp_path / "twin"), seed=4)
    made = permuted_twin(asked)
    told = json.loads((tmp_path / "twin" / "permutation.json").read_text())
    assert told == {"weights_sha256": made.weights_sha256, "seed": 4, "heads": [list(row) for row in made.heads]}
    assert made.heads == tuple(order.heads for order in draw_orders(tiny.LAYERS, tiny.HEADS, 2, seed=4))
    assert any(order[order[0]] != 0 for order in made.heads)  # else there and back would look the same
    assert not (tmp_path / "twin" / "card.json").exists()
    opened = open_model(tiny.request(tmp_path / "twin", tmp_path / "a"), lambda *what: None, lambda: None)
    assert opened.facts.weights_sha256 == made.weights_sha256 != made.original_sha256
    with pytest.raises(Refusal) as refused:
        permuted_twin(asked)
    assert refused.value.code == "folder-exists"
