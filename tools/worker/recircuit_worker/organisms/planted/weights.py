"""Planted heads and neurons as the weights of a GPT-2 or a Llama: packing, distances, noise.

What heads do is in `motifs.py`, what neurons do in `functions.py`.

GPT-2 knows distances from its position embedding, which holds a point on a circle for each pair; Llama from its rotary
angles, whose fastest pairs are the same circles and whose slow pairs, which carry codes and flags, hardly turn.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.organisms.planted.codes import CODE
from recircuit_worker.organisms.planted.heads import FLAGS, HEAD_DIM, PlantedHead
from recircuit_worker.organisms.planted.lexicon import Lexicon
from recircuit_worker.organisms.planted.space import CONSTANT, RATIO, Planes, Space, angles

POSITIONS = 256
SHARP = 8.0
"""by what a neuron multiplies what it reads, since activations bend over about one unit"""

Heads = Mapping[tuple[int, int], PlantedHead]
"""by layer and index; the others are filled up"""


@dataclass(frozen=True)
class Shape:
    """What an organism is built as."""

    architecture: str
    layers: int
    heads: int
    noise: float
    """standard deviation that is added to every weight"""
    planes: Planes

    @property
    def width(self) -> int:
        """Of the residual stream: a GPT-2's is as wide as its heads together, a Llama's just holds all planes.

        It must be a multiple of the number of heads, as transformers asks.
        """
        if self.architecture == "gpt2":
            return self.heads * HEAD_DIM
        needed = self.planes.numbers + 1  # the mean of all numbers is left out
        return math.ceil(needed / self.heads) * self.heads


def build(
    shape: Shape,
    space: Space,
    lexicon: Lexicon,
    heads: Heads,
    tokenizer: PreTrainedTokenizerFast,
    generator: torch.Generator,
) -> PreTrainedModel:
    """Returns the model."""
    model = AutoModelForCausalLM.from_config(
        _config(shape, lexicon.hidden, tokenizer), attn_implementation="eager", dtype=torch.float32
    )
    state = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in model.state_dict().items()}
    for name, weight in state.items():
        if weight.dim() == 1 and name.endswith("weight"):
            weight += 1
    packed = _gpt2 if shape.architecture == "gpt2" else _llama
    packed(state, shape, space, lexicon, heads)
    state["lm_head.weight"] += space.read(lexicon.unembedding.T).T
    for weight in state.values():
        weight += shape.noise * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    model.load_state_dict({name: weight.float() for name, weight in state.items()})
    return model.eval()


def _config(shape: Shape, hidden: int, tokenizer: PreTrainedTokenizerFast) -> AutoConfig:
    shared = {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.pad_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }
    if shape.architecture == "gpt2":
        return AutoConfig.for_model(
            "gpt2",
            n_embd=shape.width,
            n_layer=shape.layers,
            n_head=shape.heads,
            n_inner=hidden,
            n_positions=POSITIONS,
            resid_pdrop=0,
            embd_pdrop=0,
            attn_pdrop=0,
            **shared,
        )
    return AutoConfig.for_model(
        "llama",
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=HEAD_DIM,
        intermediate_size=hidden,
        max_position_embeddings=POSITIONS,
        rope_parameters={"rope_type": "default", "rope_theta": RATIO ** (HEAD_DIM // 2)},
        **shared,
    )


def _gpt2(state: dict[str, Tensor], shape: Shape, space: Space, lexicon: Lexicon, heads: Heads) -> None:
    state["transformer.wte.weight"] += space.write(lexicon.embedding)
    turned = torch.arange(POSITIONS, dtype=torch.float64)[:, None] * angles()
    points = torch.zeros(POSITIONS, space.planes.numbers, dtype=torch.float64)
    points[:, space.planes["position"]] = torch.stack([turned.cos(), turned.sin()], dim=-1).flatten(1)
    points[0] = 0  # so that the beginning of text lies at no distance, and a head rests there the same from everywhere
    state["transformer.wpe.weight"] += space.write(points)
    for (layer, head), planted in heads.items():
        query, key = planted.query.clone(), planted.key.clone()
        for pair, ((amplitude, back), angle) in enumerate(zip(planted.distance, angles(), strict=True)):
            mine, there = 2 * pair, CODE + FLAGS + 2 * pair
            rows = slice(space.planes["position"].start + mine, space.planes["position"].start + mine + 2)
            turn = angle * back
            query[rows, there : there + 2] += amplitude * torch.stack(
                [torch.stack([turn.cos(), -turn.sin()]), torch.stack([turn.sin(), turn.cos()])]
            )
            key[rows, there : there + 2] += torch.eye(2, dtype=torch.float64)
        parts = [space.read(part) for part in (*_evened(query, key), planted.value)]
        columns = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        prefix = f"transformer.h.{layer}.attn."
        for place, part in enumerate(parts):
            state[prefix + "c_attn.weight"].unflatten(1, (3, shape.width))[:, place, columns] += part
        state[prefix + "c_proj.weight"][columns] += space.write(planted.output)
    for layer, neurons in lexicon.neurons.items():
        prefix, used = f"transformer.h.{layer}.mlp.", slice(0, len(neurons.write))
        state[prefix + "c_fc.weight"][:, used] += SHARP * space.read(neurons.read)
        state[prefix + "c_proj.weight"][used] += space.write(neurons.write) / SHARP


def _llama(state: dict[str, Tensor], shape: Shape, space: Space, lexicon: Lexicon, heads: Heads) -> None:
    state["model.embed_tokens.weight"] += space.write(lexicon.embedding)
    constant, first = space.planes["constant"].start, space.planes["first"].start
    for (layer, head), planted in heads.items():
        query, key = planted.query.clone(), planted.key.clone()
        for pair, ((amplitude, back), angle) in enumerate(zip(planted.distance, angles(), strict=True)):
            there, turn = CODE + FLAGS + 2 * pair, -angle * back
            query[constant, there : there + 2] += amplitude * torch.stack([turn.cos(), turn.sin()]) / CONSTANT
            key[constant, there] += 1 / CONSTANT
            key[first, there] -= 1  # the beginning of text lies at no distance
        order = _rotary_order()
        query, key = (part[:, order] for part in _evened(query, key))
        rows = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        prefix = f"model.layers.{layer}.self_attn."
        for name, part in (("q", query), ("k", key), ("v", planted.value)):
            state[f"{prefix}{name}_proj.weight"][rows] += space.read(part).T
        state[prefix + "o_proj.weight"][:, rows] += space.write(planted.output).T
    for layer, neurons in lexicon.neurons.items():
        prefix, used = f"model.layers.{layer}.mlp.", slice(0, len(neurons.write))
        always = torch.zeros_like(neurons.read)
        always[space.planes["constant"]] = 1 / CONSTANT
        state[prefix + "gate_proj.weight"][used] += SHARP * space.read(neurons.read).T
        state[prefix + "up_proj.weight"][used] += space.read(always).T
        state[prefix + "down_proj.weight"][:, used] += space.write(neurons.write).T / SHARP


def _evened(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Returns queries and keys of about equal size, pair by pair of numbers, with the softmax's own scale undone."""
    query = query * math.sqrt(HEAD_DIM)
    sizes = [part.unflatten(1, (-1, 2)).norm(dim=(0, 2)) for part in (query, key)]
    used = (sizes[0] > 0) & (sizes[1] > 0)
    even = torch.where(used, (sizes[1] / sizes[0]).sqrt(), 1.0).repeat_interleave(2)
    return query * even, key / even


def _rotary_order() -> Tensor:
    """Returns which number of a planted head stands at each number of a Llama head; its pairs are half a head apart."""
    fast = range(CODE + FLAGS, HEAD_DIM)
    by_speed = [*fast, *range(CODE, CODE + FLAGS), *range(CODE)]
    return torch.tensor([*by_speed[0::2], *by_speed[1::2]])
