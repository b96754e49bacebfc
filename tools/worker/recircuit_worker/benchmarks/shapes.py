"""The models that are measured: real shapes with random weights, and one organism.

Time does not depend on what weights were trained to, so nothing is downloaded. Weights are made on the device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from recircuit_worker.errors import Refusal

THREADS = 2
"""the bars are for two cores, the least that anybody has"""
ORGANISMS = Path(__file__).resolve().parents[4] / "evals" / "organisms"


@dataclass(frozen=True)
class Shape:
    """A model's shape and the prompts it is measured on."""

    name: str
    about: str
    prompts: int
    tokens: int
    """of each random prompt; an organism has prompts of its own"""
    config: Callable[[], PreTrainedConfig] | None
    """None: the organism of this name"""
    sampled: int | None = None
    """heads on which the slow rivals are timed, the whole being scaled from them; None: all heads"""
    gpu_only: bool = False
    threads: int = THREADS
    """one for small models, as in the worker: there threads wait for each other more than they compute"""


def _tiny() -> PreTrainedConfig:
    return Gemma2Config(
        vocab_size=60,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=10,
        query_pre_attn_scalar=10,
        sliding_window=5,
        attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0,
        tie_word_embeddings=False,
        initializer_range=0.3,
    )


def _gemma2_9b() -> PreTrainedConfig:
    return Gemma2Config(
        vocab_size=256_000,
        hidden_size=3584,
        intermediate_size=14_336,
        num_hidden_layers=42,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=256,
        query_pre_attn_scalar=256,
        sliding_window=4096,
        attn_logit_softcapping=50.0,
        final_logit_softcapping=30.0,
    )


def _llama2_7b() -> PreTrainedConfig:
    return LlamaConfig(
        vocab_size=32_000,
        hidden_size=4096,
        intermediate_size=11_008,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
    )


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("tiny", "Gemma-2 architecture, 3 layers of 4 heads: tries the benchmark itself", 4, 12, _tiny, threads=1),
        Shape("gpt2-small", "GPT-2 small, random weights", 3, 100, GPT2Config),
        Shape("icl-gemma2", "the organism, 10-shot prompts with shuffled labels", 25, 0, None, threads=1),
        Shape("gemma2-9b", "Gemma-2-9B, random weights", 16, 100, _gemma2_9b, sampled=64, gpu_only=True),
        Shape("llama2-7b", "Llama-2-7B, random weights", 16, 100, _llama2_7b, sampled=64, gpu_only=True),
    )
}


def make_model(shape: Shape, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    """Returns the model of a shape, with eager attention, which soft caps need.

    Raises:
        Refusal: `needs-gpu`.
    """
    if shape.gpu_only and device.type != "cuda":
        raise Refusal(
            "needs-gpu",
            what=f"the shape {shape.name} was asked for on {device.type}",
            why="its slow rivals would run for days",
            instead="use --device cuda, or --shape gpt2-small",
        )
    torch.manual_seed(0)
    if shape.config is None:
        model = AutoModelForCausalLM.from_pretrained(
            ORGANISMS / shape.name, dtype=dtype, attn_implementation="eager", local_files_only=True
        ).to(device)
    else:
        with torch.device(device):
            model = AutoModelForCausalLM.from_config(shape.config(), dtype=dtype, attn_implementation="eager")
    return model.eval().requires_grad_(False)
