"""Opening a model: what is found is said, what differs is refused, what is broken is a fault."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import ARCHITECTURES, HEADS, LAYERS, WIDTH, request, save

from recircuit_worker.contract import ExpectedFacts
from recircuit_worker.errors import Cancelled, Fault, Refusal
from recircuit_worker.files import weights_sha256
from recircuit_worker.models.load import open_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("model") / "gemma2", "gemma2")


def opened(folder, tmp_path, **changes):
    asked = dataclasses.replace(request(folder, tmp_path), **changes)
    return open_model(asked, lambda *what: None, lambda: None)


def refusal(folder, tmp_path, **changes) -> str:
    with pytest.raises(Refusal) as refused:
        opened(folder, tmp_path, **changes)
    return refused.value.code


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_opens(architecture, tmp_path) -> None:
    facts = opened(save(tmp_path / "m", architecture), tmp_path).facts
    assert (facts.layers, facts.heads, facts.d_model, facts.attention) == (LAYERS, HEADS, WIDTH, "eager")
    assert facts.self_test.zeroed_heads_that_changed_logits == LAYERS * HEADS
    assert facts.post_attention_norm == (architecture == "gemma2")


def test_facts_of_gemma(folder, tmp_path) -> None:
    facts = opened(folder, tmp_path).facts
    assert (facts.architecture, facts.head_dim, facts.kv_heads) == ("Gemma2ForCausalLM", 10, 2)
    assert (facts.attention_soft_cap, facts.logit_soft_cap, facts.sliding_window) == (2.0, 3.0, 5)
    assert facts.weights_sha256 == weights_sha256([folder / "model.safetensors"])
    assert (facts.dtype, facts.device) == ("float32", "cpu")


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_the_dtype_is_the_one_asked_for(folder, tmp_path, dtype) -> None:
    model = opened(folder, tmp_path, dtype=dtype)
    assert model.facts.dtype == dtype
    assert {str(p.dtype) for p in model.model.parameters()} == {f"torch.{dtype}"}


def test_differing_facts_and_weights_are_refused(folder, tmp_path) -> None:
    expected = ExpectedFacts(layers=LAYERS, heads=HEADS, kv_heads=2, d_model=WIDTH, head_dim=10)
    assert opened(folder, tmp_path, expect=expected).facts.head_dim == 10
    with pytest.raises(Refusal, match="head_dim is 10, not 6") as refused:
        opened(folder, tmp_path, expect=dataclasses.replace(expected, head_dim=6))
    assert refused.value.code == "facts-differ"
    assert refusal(folder, tmp_path, weights_sha256="0" * 64) == "weights-differ"


def test_an_unknown_device_is_refused(folder, tmp_path) -> None:
    assert refusal(folder, tmp_path, device="cuda:99") == "no-such-device"


def test_an_unknown_architecture_is_refused(tmp_path) -> None:
    broken = save(tmp_path / "m", "llama")
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "model_type": "nosuch", "architectures": ["NoSuch"]}))
    assert refusal(broken, tmp_path) == "model-not-loadable"


def change_weights(folder, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_missing_and_misshapen_weights_are_refused(tmp_path) -> None:
    missing = save(tmp_path / "a", "llama")
    change_weights(missing, lambda weights: weights.pop("model.layers.1.mlp.up_proj.weight"))
    assert refusal(missing, tmp_path) == "weights-incomplete"
    misshapen = save(tmp_path / "b", "llama")
    change_weights(misshapen, lambda weights: weights.update({"model.norm.weight": torch.ones(7)}))
    assert refusal(misshapen, tmp_path) in ("weights-incomplete", "model-not-loadable")


def test_nan_in_a_weight_is_a_fault(tmp_path) -> None:
    broken = save(tmp_path / "m", "gpt2")

    def spoil(weights) -> None:
        weights["transformer.h.1.mlp.c_fc.weight"][0, 0] = torch.nan

    change_weights(broken, spoil)
    with pytest.raises(Fault, match=r"h\.1\.mlp") as fault:
        opened(broken, tmp_path)
    assert fault.value.code == "nan-from-model"


def test_progress_and_cancel(folder, tmp_path) -> None:
    told = []
    open_model(request(folder, tmp_path), lambda *what: told.append(what), lambda: None)
    assert [done for done, *_ in told] == [1, 2, 3, 4, 5]

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_model(request(folder, tmp_path), lambda *what: None, stop)
