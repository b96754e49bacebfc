"""What is said of a loaded model, and the comparison with what its card expects."""

import torch
from transformers import PreTrainedModel

from recircuit_worker.contract import ExpectedFacts, ModelFacts, OpenRequest, SelfTest
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

EXPECTED = ("layers", "heads", "kv_heads", "d_model", "head_dim")


def find_facts(
    model: PreTrainedModel, parts: Parts, request: OpenRequest, weights_sha256: str, proof: SelfTest
) -> ModelFacts:
    """Returns the facts; sizes come from the parts that were found, caps and windows from the config."""
    config = model.config.get_text_config()
    weight = parts.unembedding.weight
    return ModelFacts(
        model=request.model,
        architecture=type(model).__name__,
        layers=len(parts.layers),
        heads=parts.heads,
        kv_heads=parts.kv_heads,
        head_dim=parts.head_dim,
        d_model=parts.d_model,
        vocabulary=config.vocab_size,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        post_attention_norm=all(layer.post_attention_norm is not None for layer in parts.layers),
        attention_soft_cap=getattr(config, "attn_logit_softcapping", None),
        logit_soft_cap=getattr(config, "final_logit_softcapping", None),
        sliding_window=_window(config),
        attention=config._attn_implementation,
        dtype=str(weight.dtype).removeprefix("torch."),
        device=", ".join(_device_names(model)),
        weights_sha256=weights_sha256,
        revision=request.revision,
        self_test=proof,
    )


def check_expected(facts: ModelFacts, expected: ExpectedFacts | None) -> None:
    """Returns if the facts are those of the card.

    Raises:
        Refusal: `facts-differ`, naming each that differs.
    """
    if expected is None:
        return
    wrong = [name for name in EXPECTED if getattr(facts, name) != getattr(expected, name)]
    if wrong:
        found = ", ".join(f"{name} is {getattr(facts, name)}, not {getattr(expected, name)}" for name in wrong)
        raise Refusal(
            "facts-differ",
            what=f"the model {facts.model} was opened as its card describes it",
            why=found,
            instead="correct the card's `expect`, or point it at the right weights",
        )


def _window(config: object) -> int | None:
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    return window if kinds is None or "sliding_attention" in kinds else None


def _device_names(model: PreTrainedModel) -> list[str]:
    devices = sorted({parameter.device for parameter in model.parameters()}, key=str)
    return [torch.cuda.get_device_name(device) if device.type == "cuda" else device.type for device in devices]
