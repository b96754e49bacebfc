"""Scores of single heads: where they look, and what they copy."""

import pytest
import torch
from calls import call
from tiny import ARCHITECTURES, HEADS, bench, save

from recircuit_worker import contract
from recircuit_worker.contract import CopyScoresInput
from recircuit_worker.models.adapter import matrix
from recircuit_worker.models.values import norm_gain, value_matrix
from recircuit_worker.ranking import default_top
from recircuit_worker.tools import attention_scores, copy_scores
from recircuit_worker.tools.copy_scores import embedding_meets_unembedding, layer_scores


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("induction", [(4, 2), (5, 3), (6, 4)]),  # bos a b c a b c: the second a looks at the b after the first
        ("duplicate-token", [(4, 1), (5, 2), (6, 3)]),
        ("previous-token", [(2, 1), (3, 2), (4, 3), (5, 4), (6, 5)]),
        ("first-token", [(1, 0), (2, 0), (3, 0)]),
    ],
)
def test_places_of_patterns(pattern, expected) -> None:
    recipe = contract.RepeatedPrompts("repeated-tokens", 3, 2, 1, 0)
    assert list(zip(*attention_scores.places(pattern, recipe, 1), strict=True)) == expected


def test_two_percent_of_the_heads_are_told() -> None:
    assert [default_top(heads, 3) for heads in (2, 64, 174, 176, 1024)] == [2, 3, 3, 4, 20]


def test_without_a_beginning_the_first_random_token_is_the_first() -> None:
    recipe = contract.RepeatedPrompts("repeated-tokens", 3, 2, 1, 0)
    assert attention_scores.places("first-token", recipe, 0) == ([1, 2], [0, 0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_copying_scores_are_those_of_the_vocabulary_sized_product(benches, architecture) -> None:
    at = benches(architecture)
    parts, layer = at.parts, 1
    found = layer_scores(parts, layer, embedding_meets_unembedding(parts), at.facts.vocabulary)
    norms = parts.layers[layer]
    into, centred = norm_gain(norms.input_norm, parts)
    gain = norm_gain(norms.post_attention_norm, parts)[0] * norm_gain(parts.final_norm, parts)[0]
    embedding = parts.embedding.weight.double()
    if centred:
        embedding = embedding - embedding.mean(1, keepdim=True)
    values = value_matrix(parts, layer, at.facts.vocabulary).double()
    outputs = matrix(norms.projection).double().unflatten(0, (HEADS, -1))
    for head in range(HEADS):
        through = (embedding * into.double()) @ values[:, head] @ outputs[head]
        eigenvalues = torch.linalg.eigvals((through * gain.double()) @ matrix(parts.unembedding).double())
        expected = eigenvalues.sum().real / eigenvalues.abs().sum()
        assert float(found[head]) == pytest.approx(float(expected), abs=2e-3)


def test_a_copying_head_scores_one_and_its_negative_minus_one(benches, tmp_path) -> None:
    at = bench(save(tmp_path / "model", "llama"), tmp_path / "artifacts")
    model = at.model.model
    model.lm_head.weight.copy_(model.model.embed_tokens.weight)
    model.model.norm.weight.fill_(1)
    layer = model.model.layers[1]
    layer.input_layernorm.weight.fill_(1)
    width = at.facts.head_dim
    layer.self_attn.o_proj.weight[:, :width] = layer.self_attn.v_proj.weight[:width].T  # W_O = W_V transposed
    layer.self_attn.o_proj.weight[:, width : 2 * width] = -layer.self_attn.v_proj.weight[:width].T
    found = call(copy_scores, CopyScoresInput(("a1.h0", "a1.h1")), at)
    assert found.heads[0].score == pytest.approx(1, abs=1e-3)
    assert found.heads[1].score == pytest.approx(-1, abs=1e-3)
    assert found.mean == pytest.approx(0, abs=1e-3)
