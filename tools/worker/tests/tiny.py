"""Tiny random models of every architecture, with a tokenizer and material of their own: real code, no downloads.

Weights are large (std 0.3, norms and biases too), so that every effect is far above rounding; caps are small and the
window is shorter than a prompt, so that dropping one would show.
"""

from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from recircuit_worker.artifacts import ArtifactWriter
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    InContextMaterial,
    InContextPrompts,
    Material,
    OpenRequest,
    Pair,
    RepeatedPrompts,
    RepeatedTokensMaterial,
    Task,
    Template,
)
from recircuit_worker.models.load import open_model
from recircuit_worker.organisms.words import build_tokenizer

LAYERS, HEADS, WIDTH = 3, 4, 24
WORDS = 12
ARCHITECTURES = ("llama", "gemma2", "gpt2", "qwen2", "qwen3", "gpt_neox")
NAMES = {  # attention output projection, attention, MLP and layer, as each architecture calls them
    "gpt2": ("transformer.h.{}", "attn", "c_proj"),
    "gpt_neox": ("gpt_neox.layers.{}", "attention", "dense"),
}


def config(architecture: str, vocabulary: int) -> PreTrainedConfig:
    common = {
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": 40,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": 256,
        "bos_token_id": 1,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "initializer_range": 0.3,
    }
    grouped = {**common, "num_key_value_heads": 2, "tie_word_embeddings": False}
    if architecture == "gemma2":
        return Gemma2Config(
            **grouped,
            head_dim=10,
            query_pre_attn_scalar=10,
            sliding_window=5,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=3.0,
        )
    if architecture == "gpt2":
        return GPT2Config(
            vocab_size=vocabulary,
            n_embd=WIDTH,
            n_layer=LAYERS,
            n_head=HEADS,
            n_positions=256,
            bos_token_id=1,
            eos_token_id=0,
            pad_token_id=0,
            initializer_range=0.3,
        )
    if architecture == "gpt_neox":
        return GPTNeoXConfig(**common)
    if architecture == "qwen3":
        return Qwen3Config(**grouped, head_dim=8)
    return {"llama": LlamaConfig, "qwen2": Qwen2Config}[architecture](**grouped)


def tiny_model(architecture: str, vocabulary: int = 60, *, dtype: torch.dtype = torch.float64) -> PreTrainedModel:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config(architecture, vocabulary), attn_implementation="eager")
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model.to(dtype).eval().requires_grad_(False)


def named(model: PreTrainedModel, architecture: str, layer: int, part: str) -> torch.nn.Module:
    """Returns a part by its name in that architecture: independent of how the adapter finds it."""
    stem, attention, projection = NAMES.get(architecture, ("model.layers.{}", "self_attn", "o_proj"))
    path = {"projection": f".{attention}.{projection}", "attention": f".{attention}", "mlp": ".mlp", "layer": ""}[part]
    return model.get_submodule(stem.format(layer) + path)


def tokenizer() -> PreTrainedTokenizerFast:
    pieces = ["Q", ":", "A", "\n", "\n\n", *(f" {kind}{i}" for kind in "xyzn" for i in range(WORDS))]
    return build_tokenizer(pieces)


def material(split: str = "search") -> InContextMaterial:
    """Three tasks: two of one domain that share their outputs, one of a domain of its own."""

    def task(name: str, domain: str, given: str, produced: str, shift: int) -> Task:
        pairs = (Pair(f"{given}{i}", f"{produced}{(i + shift) % WORDS}") for i in range(WORDS))
        return Task(name, domain, tuple(pairs))

    return InContextMaterial(
        kind="in-context",
        behaviour="tiny-functions",
        split=split,
        template=Template("Q:", "A:", "\n", "\n\n"),
        tasks=(
            task("same", "letters", "x", "y", 0),
            task("next", "letters", "x", "y", 1),
            task("other", "numbers", "n", "z", 3),
        ),
    )


def repeated_material() -> RepeatedTokensMaterial:
    return RepeatedTokensMaterial("repeated-tokens", "tiny-repeats", "search", "tiny|search")


def in_context(*tasks: str, variant: str = "clean", shots: int = 3, count: int = 4, seed: int = 0) -> InContextPrompts:
    return InContextPrompts("in-context", tasks or ("same", "next", "other"), variant, shots, count, seed)


def repeats(length: int = 8, repeats: int = 3, count: int = 3, seed: int = 0) -> RepeatedPrompts:
    return RepeatedPrompts("repeated-tokens", length, repeats, count, seed)


def save(folder: Path, architecture: str) -> Path:
    """Writes model and tokenizer as a folder that can be opened."""
    words = tokenizer()
    tiny_model(architecture, len(words), dtype=torch.float32).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def request(folder: Path, artifacts: Path, *, dtype: str = "float32", of: Material | None = None) -> OpenRequest:
    return OpenRequest(
        model="tiny",
        folder=str(folder),
        repository=None,
        revision=None,
        weights_sha256=None,
        dtype=dtype,
        device="cpu",
        expect=None,
        material=of or material(),
        artifacts=str(artifacts),
    )


def bench(folder: Path, artifacts: Path, *, dtype: str = "float32", of: Material | None = None) -> Bench:
    opened = request(folder, artifacts, dtype=dtype, of=of)
    model = open_model(opened, lambda *what: None, lambda: None)
    return Bench(model, opened, ArtifactWriter(artifacts))
