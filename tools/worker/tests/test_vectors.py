"""Function vectors: what they are made of, and what adding them does."""

import pytest
import torch
from calls import call, injection, means
from tiny import HEADS, LAYERS, WIDTH

from recircuit_worker.address import Head
from recircuit_worker.errors import Refusal
from recircuit_worker.tools import inject_vector
from recircuit_worker.tools.inject_vector import function_vectors, other_tasks


def test_a_function_vector_is_the_projection_of_the_means(benches) -> None:
    at = benches("gpt2", "float64")  # biased projection: the bias must not be counted
    values = torch.randn(2, LAYERS, HEADS, at.facts.head_dim)
    found = function_vectors(values, [Head(1, 0), Head(1, 2), Head(2, 3)], at.parts)
    expected = torch.zeros(2, WIDTH, dtype=torch.float64)
    for layer, heads in ((1, (0, 2)), (2, (3,))):
        kept = torch.zeros(2, HEADS, at.facts.head_dim, dtype=torch.float64)
        kept[:, list(heads)] = values[:, layer, list(heads)].double()
        projection = at.parts.layers[layer].projection
        expected += projection(kept.flatten(1)) - projection.bias
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)


def test_through_norm_uses_the_norm_behind_the_heads(benches) -> None:
    at = benches("gemma2")
    values = torch.randn(1, LAYERS, HEADS, at.facts.head_dim)
    heads = [Head(1, 0), Head(1, 1)]
    raw, through = (function_vectors(values, heads, at.parts, through_norm=norm) for norm in (False, True))
    norm = at.model.model.model.layers[1].post_attention_layernorm
    torch.testing.assert_close(through, norm(raw), atol=1e-5, rtol=0)
    llama = benches("llama")
    values = torch.randn(1, LAYERS, HEADS, llama.facts.head_dim)
    assert torch.equal(
        function_vectors(values, heads, llama.parts), function_vectors(values, heads, llama.parts, through_norm=True)
    )


def test_a_vector_of_almost_no_length_changes_nothing(benches) -> None:
    at = benches()
    source = means(at).means.sha256
    found = call(inject_vector, injection(at, source, scales=(1e-9,), layers=(0, 2)), at)
    assert [row.accuracy for row in found.rows] == [found.before] * 2
    assert found.accuracy.shape == (3, 2, 1)


def test_the_other_task_is_of_the_same_domain_and_never_the_own(benches) -> None:
    at = benches()
    assert other_tasks(["same", "next", "other"], at) == ["next", "same", "same"]
    with pytest.raises(Refusal) as refused:
        other_tasks(["same"], at)
    assert refused.value.code == "no-other-task"
