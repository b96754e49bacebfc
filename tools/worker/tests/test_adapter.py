"""Parts are found by structure; here they are compared with the names that each architecture gives them."""

import pytest
import torch
from tiny import FAMILIES, HEADS, LAYERS, WIDTH, named, tiny_model, tokenizer
from transformers import BertConfig, BertLMHeadModel

from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import find_parts, head_matrix, matrix
from recircuit_worker.models.selftest import self_test
from recircuit_worker.models.values import norm_gain, value_matrix
from recircuit_worker.prompts.tokens import find_reader

VOCABULARY = len(tokenizer())
HEAD_DIM = {"gemma2": 10, "gemma3": 10, "qwen3": 8, "mistral": 8}
OF_ITS_OWN = ("gpt2", "gptj", "gpt_neox")
"""architectures in which each head has keys and values of its own, and norms subtract the mean"""
AFTER = ("gemma2", "gemma3", "olmo2", "olmo3")
"""a norm after attention"""
NOT_BEFORE = ("olmo2", "olmo3")
"""and none before"""


@pytest.fixture(params=FAMILIES)
def found(request):
    model = tiny_model(request.param, VOCABULARY)
    return request.param, model, find_parts(model)


def test_parts_are_those_of_the_names(found) -> None:
    architecture, model, parts = found
    assert (len(parts.layers), parts.heads, parts.d_model) == (LAYERS, HEADS, WIDTH)
    assert parts.head_dim == HEAD_DIM.get(architecture, WIDTH // HEADS)
    assert parts.kv_heads == (HEADS if architecture in OF_ITS_OWN else 2)
    for index, layer in enumerate(parts.layers):
        for part in ("projection", "attention", "mlp"):
            assert getattr(layer, part) is named(model, architecture, index, part)
        assert layer.module is named(model, architecture, index, "layer")
        norms = dict(layer.module.named_children())
        before = None if architecture in NOT_BEFORE else norms.get("ln_1", norms.get("input_layernorm"))
        assert layer.input_norm is before and (before is not None or architecture in NOT_BEFORE)
        assert layer.post_attention_norm is (norms["post_attention_layernorm"] if architecture in AFTER else None)
    finals = {"gpt2": "transformer.ln_f", "gptj": "transformer.ln_f", "gpt_neox": "gpt_neox.final_layer_norm"}
    assert parts.final_norm is model.get_submodule(finals.get(architecture, "model.norm"))
    assert parts.unembedding is model.get_output_embeddings()


def test_no_hook_is_left(found) -> None:
    _, model, _ = found
    assert hook_count(model) == 0


def test_slices_sum_to_the_projection(found) -> None:
    _, _, parts = found
    z = torch.randn(5, HEADS, parts.head_dim, dtype=torch.float64)
    for index, layer in enumerate(parts.layers):
        by_head = sum(z[:, h] @ head_matrix(parts, index, h) for h in range(HEADS))
        bias = layer.projection.bias if getattr(layer.projection, "bias", None) is not None else 0
        torch.testing.assert_close(by_head + bias, layer.projection(z.flatten(1)), atol=1e-12, rtol=0)


def test_values_are_those_of_the_weights(found) -> None:
    architecture, model, parts = found
    read = value_matrix(parts, 1, VOCABULARY)  # (d_model, head, head_dim)
    torch.testing.assert_close(read, weights_of_values(model, architecture, parts.head_dim), atol=1e-6, rtol=0)


def weights_of_values(model, architecture: str, width: int) -> torch.Tensor:
    attention = named(model, architecture, 1, "attention")
    if architecture == "gpt2":
        return attention.c_attn.weight[:, 2 * WIDTH :].unflatten(1, (HEADS, width))
    if architecture == "gpt_neox":
        return attention.query_key_value.weight.T.unflatten(1, (HEADS, 3, width))[:, :, 2]
    if architecture == "gptj":
        return attention.v_proj.weight.T.unflatten(1, (HEADS, width))
    if architecture == "phi3":
        value = attention.qkv_proj.weight.T[:, (HEADS + 2) * width :]
        return value.unflatten(1, (2, width)).repeat_interleave(HEADS // 2, dim=1)
    return attention.v_proj.weight.T.unflatten(1, (2, width)).repeat_interleave(HEADS // 2, dim=1)


def test_norm_gains(found) -> None:
    architecture, _, parts = found
    norm = parts.layers[0].input_norm or parts.layers[0].post_attention_norm
    gain, centres = norm_gain(norm, parts)
    expected = 1 + norm.weight if architecture in ("gemma2", "gemma3") else norm.weight
    torch.testing.assert_close(gain, expected.float(), atol=1e-4, rtol=1e-4)
    assert centres == (architecture in OF_ITS_OWN)
    assert norm_gain(None, parts)[0].tolist() == [1.0] * WIDTH


def test_self_test_passes_and_leaves_no_hook(found) -> None:
    _, model, parts = found
    proof = self_test(model, parts, find_reader(tokenizer()))
    assert proof.heads_tested == proof.zeroed_heads_that_changed_logits == LAYERS * HEADS
    assert proof.identity_max_change <= proof.tolerance
    assert hook_count(model) == 0


def test_self_test_refuses_dead_heads() -> None:
    model = tiny_model("llama", VOCABULARY)
    matrix(named(model, "llama", 2, "projection"))[:12] = 0
    with pytest.raises(Refusal, match="changed the logits for 10 of 12 heads") as refused:
        self_test(model, find_parts(model), find_reader(tokenizer()))
    assert refused.value.code == "self-test-failed"


def test_a_model_that_looks_ahead_is_refused() -> None:
    model = tiny_model("llama", VOCABULARY)
    for layer in model.model.layers:
        layer.self_attn.register_forward_pre_hook(
            lambda module, args, kwargs: (args, {**kwargs, "attention_mask": None}), with_kwargs=True
        )
    with pytest.raises(Refusal, match="no causal decoder"):
        self_test(model, find_parts(model), find_reader(tokenizer()))


def test_an_unknown_structure_is_refused() -> None:
    config = BertConfig(vocab_size=60, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40)
    with pytest.raises(Refusal) as refused:
        find_parts(BertLMHeadModel(config).eval())
    assert refused.value.code == "unknown-structure"
