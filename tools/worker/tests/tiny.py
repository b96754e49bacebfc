"""Tiny random models of every architecture, with a tokenizer and material of their own: real code, no downloads.

Weights are large (std 0.3, norms and biases too), so that every effect is far above rounding; caps are small and the
window is shorter than a prompt, so that dropping one would show.
"""

from dataclasses import replace
from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    BitNetConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTJConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    Olmo3Config,
    Phi3Config,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from recircuit_worker.artifacts import ArtifactWriter
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    ContrastMaterial,
    ContrastPrompts,
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
from recircuit_worker.decode import decode
from recircuit_worker.models.load import open_model
from recircuit_worker.organisms.words import build_tokenizer

LAYERS, HEADS, WIDTH = 3, 4, 24
WORDS = 12
WINDOW = 5
ARCHITECTURES = ("llama", "gemma2", "gpt2", "qwen2", "qwen3", "gpt_neox")
"""every experiment is tested on these"""
FAMILIES = (*ARCHITECTURES, "gemma3", "mistral", "olmo2", "olmo3", "phi3", "gptj")
"""the adapter and the engines are tested on these"""
UNREGISTERED = ("gptj",)
"""attention is not looked up in transformers' registry"""
NAMES = {  # layer, attention and attention output projection, as each architecture calls them
    "gpt2": ("transformer.h.{}", "attn", "c_proj"),
    "gptj": ("transformer.h.{}", "attn", "out_proj"),
    "gpt_neox": ("gpt_neox.layers.{}", "attention", "dense"),
}
ENDS = {"bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 0}
PLAIN = {
    "hidden_size": WIDTH,
    "intermediate_size": 40,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
}
GROUPED = {**PLAIN, "num_key_value_heads": 2, "tie_word_embeddings": False}
OLD = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 256, "initializer_range": 0.3}
MIXED = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
TWO_TABLES = {
    "full_attention": {"rope_type": "default", "rope_theta": 1000.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 10.0},
}
GEMMA = {**GROUPED, "head_dim": 10, "query_pre_attn_scalar": 10}
CAPS = {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0}
CONFIGS = {
    "llama": (LlamaConfig, GROUPED),
    "gemma2": (Gemma2Config, {**GEMMA, **CAPS, "sliding_window": WINDOW}),
    "gpt2": (GPT2Config, OLD),
    "qwen2": (Qwen2Config, GROUPED),
    "qwen3": (Qwen3Config, {**GROUPED, "head_dim": 8}),
    "gpt_neox": (GPTNeoXConfig, PLAIN),
    "gemma3": (Gemma3TextConfig, {**GEMMA, **MIXED, "rope_parameters": TWO_TABLES}),
    "mistral": (MistralConfig, {**GROUPED, "head_dim": 8, "sliding_window": WINDOW}),
    "olmo2": (Olmo2Config, GROUPED),
    "olmo3": (Olmo3Config, {**GROUPED, **MIXED}),
    "phi3": (Phi3Config, {**GROUPED, "sliding_window": WINDOW}),
    "gptj": (GPTJConfig, {**OLD, "rotary_dim": 4}),
    "bitnet": (BitNetConfig, GROUPED),  # a norm between its heads and their projection
}


def config(architecture: str, vocabulary: int, **changes: object) -> PreTrainedConfig:
    kind, sizes = CONFIGS[architecture]
    return kind(**{"vocab_size": vocabulary, **ENDS, **sizes, **changes})


def tiny_model(
    architecture: str, vocabulary: int = 60, *, dtype: torch.dtype = torch.float64, **changes: object
) -> PreTrainedModel:
    """Returns the model; `changes` are to its config."""
    torch.manual_seed(0)
    made = config(architecture, vocabulary, **changes)
    model = AutoModelForCausalLM.from_config(made, attn_implementation="eager")
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


ITEM, LINE = (
    {"slots": [], "each": [], "demonstration": None, "shots": 0, "where": [], "apart": []},
    "Q: {p}\nA: {q}\n\n",
)
CONTRASTS = (
    {
        **ITEM,
        "task": "missing",
        "slots": [
            {"kind": "choice", "slots": ["c", "a", "b"], "list": "xs"},
            {"kind": "same", "slot": "again", "of": "b"},
        ],
        "queries": ["Q: {a} {b}\nA: {again}:", "Q: {a}\n\n: {b}\nA: {again}:"],
        "answer": " {a}",
        "rivals": [" {b}"],
        "split_by": ["a", "b"],
        "counterfactuals": [
            {"name": "swap", "about": ".", "slots": [{"kind": "same", "slot": "again", "of": "a"}]},
            {"name": "third", "about": ".", "slots": [{"kind": "same", "slot": "b", "of": "c"}]},
        ],
    },
    {
        **ITEM,
        "task": "shifted",
        "slots": [{"kind": "constant", "slot": "k", "value": 2}],
        "each": [
            {"kind": "choice", "slots": ["p"], "list": "xs"},
            {"kind": "shift", "slot": "plain", "of": "p", "list": "xs", "by": 1, "wrap": False},
            {"kind": "shift", "slot": "q", "of": "p", "list": "xs", "by": "k", "wrap": True},
        ],
        "demonstration": LINE,
        "shots": 3,
        "queries": ["Q: {p}\nA:"],
        "answer": " {q}",
        "rivals": [" {plain}"],
        "apart": ["q"],
        "split_by": ["p"],
        "counterfactuals": [
            {"name": "plain", "about": ".", "slots": [{"kind": "constant", "slot": "k", "value": 1}]},
        ],
    },
    {
        **ITEM,
        "task": "later",
        "slots": [
            {"kind": "choice", "slots": ["p"], "list": "xs"},
            {"kind": "items", "slot": "behind", "list": "xs", "which": "after", "of": "p"},
            {"kind": "items", "slot": "before", "list": "xs", "which": "up-to", "of": "p"},
        ],
        "queries": ["Q: {p}\nA:"],
        "answer": " {behind}",
        "rivals": [" {before}"],
        "split_by": ["p"],
        "counterfactuals": [
            {"name": "least", "about": ".", "slots": [{"kind": "constant", "slot": "p", "value": "x0"}]},
        ],
    },
)
"""one pattern with names, one with demonstrations, one with sets of answers"""


def contrast_material(split: str = "search", **changes: object) -> ContrastMaterial:
    """`changes` are to the tasks, by their fields."""
    tasks = [{**task, **changes} for task in CONTRASTS]
    fields = {"kind": "contrast-pairs", "behaviour": "tiny-contrasts", "split": split, "split_seed": 1}
    return decode("ContrastMaterial", {**fields, "lists": {"xs": [f"x{i}" for i in range(WORDS)]}, "tasks": tasks})


def two_tasks() -> ContrastMaterial:
    """The first task under two names, which draw prompts of their own: tasks that share a counterfactual."""
    of = contrast_material()
    return replace(of, tasks=(of.tasks[0], replace(of.tasks[0], task="other")))


def contrast(
    *tasks: str,
    variant: str = "clean",
    counterfactual: str | None = None,
    shots: int | None = None,
    count: int = 4,
    seed: int = 0,
) -> ContrastPrompts:
    return ContrastPrompts("contrast-pairs", tasks or ("missing",), variant, counterfactual, shots, count, seed)


def repeats(length: int = 8, repeats: int = 3, count: int = 3, seed: int = 0) -> RepeatedPrompts:
    return RepeatedPrompts("repeated-tokens", length, repeats, count, seed)


def save(folder: Path, architecture: str) -> Path:
    """Writes model and tokenizer as a folder that can be opened."""
    words = tokenizer()
    tiny_model(architecture, len(words), dtype=torch.float32).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def request(
    folder: Path, artifacts: Path, *, dtype: str = "float32", of: Material | None = None, engine: str = "fast"
) -> OpenRequest:
    return OpenRequest(
        model="tiny",
        folder=str(folder),
        repository=None,
        revision=None,
        weights_sha256=None,
        dtype=dtype,
        device="cpu",
        engine=engine,
        expect=None,
        material=of or material(),
        artifacts=str(artifacts),
    )


def bench(
    folder: Path, artifacts: Path, *, dtype: str = "float32", of: Material | None = None, engine: str = "fast"
) -> Bench:
    opened = request(folder, artifacts, dtype=dtype, of=of, engine=engine)
    model = open_model(opened, lambda *what: None, lambda: None)
    return Bench(model, opened, ArtifactWriter(artifacts))
