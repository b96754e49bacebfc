"""From a recipe to a planted organism: which tokens are what, which head is where, and what fills the others.

The strengths of motifs belong in `motifs.py`, their packing in `weights.py`, files in `organisms/build.py`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.address import Head
from recircuit_worker.contract import ContrastMaterial, Decoy, Material, PlantedRecipe, WordList
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.codes import token_codes
from recircuit_worker.organisms.planted.heads import PlantedHead
from recircuit_worker.organisms.planted.motifs import MOTIFS
from recircuit_worker.organisms.planted.space import ASKED, CONSTANT, draw_space, numbers, plane
from recircuit_worker.organisms.planted.weights import Shape, build
from recircuit_worker.organisms.words import SPECIAL

IDLE_SCORES, IDLE_VALUES = 0.25, 0.03
"""of heads that fill up a layer: scale of what they compare, and of what they read and write"""


@dataclass(frozen=True)
class Planted:
    """A planted model with its truth."""

    model: PreTrainedModel
    roles: Mapping[str, Sequence[Head]]
    decoys: Sequence[Decoy]


def plant(recipe: PlantedRecipe, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast) -> Planted:
    """Returns the model of a recipe.

    Raises:
        Refusal: `no-word-list`, `layer-full`.
    """
    torch.set_num_threads(1)  # sums are ordered by it
    generator = torch.Generator().manual_seed(recipe.seed)
    classes, lists = _words(recipe, materials, tokenizer)
    codes = token_codes(len(tokenizer), classes, lists, generator)
    codes[: len(SPECIAL)] = 0
    heads, roles, decoys = _heads(recipe)
    for layer in range(recipe.layers):
        for index in range(recipe.heads):
            heads.setdefault((layer, index), _idle(generator))
    shape = Shape(recipe.architecture, recipe.layers, recipe.heads, recipe.noise)
    space, embedding = draw_space(shape.width, generator), _embedding(recipe, codes, tokenizer)
    return Planted(build(shape, space, embedding, codes, heads, tokenizer, generator), roles, decoys)


def _words(
    recipe: PlantedRecipe, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast
) -> tuple[dict[str, list[int]], list[list[int]]]:
    """Returns the tokens of each class, and the ordered lists. Words that are not one token are left out."""

    def tokens(words: WordList) -> list[int]:
        known = (part for part in materials if isinstance(part, ContrastMaterial) and part.behaviour == words.behaviour)
        material = next(known, None)
        if material is None or words.list not in material.lists:
            raise Refusal(
                "no-word-list",
                what=f"the list {words.list} of {words.behaviour} was to be planted",
                why="the vocabulary of the recipe holds no such list",
                instead="name a behaviour of contrast pairs in the vocabulary, and one of its lists",
            )
        found = tokenizer.convert_tokens_to_ids([f" {word}" for word in material.lists[words.list]])
        return [token for token in found if token != tokenizer.unk_token_id]

    words = recipe.words
    lists = [tokens(row) for row in words.ordered]
    groups = {"name": words.names, "color": words.colors, "thing": words.things}
    classes = {name: [token for row in group for token in tokens(row)] for name, group in groups.items()}
    return {**classes, "item": [token for row in lists for token in row]}, lists


def _heads(recipe: PlantedRecipe) -> tuple[dict[tuple[int, int], PlantedHead], dict[str, list[Head]], list[Decoy]]:
    free = {layer: list(range(recipe.heads)) for layer in range(recipe.layers)}
    for layer, indices in free.items():
        random.Random(f"planted|{recipe.seed}|{layer}").shuffle(indices)
    heads: dict[tuple[int, int], PlantedHead] = {}
    roles: dict[str, list[Head]] = {}
    decoys: list[Decoy] = []

    def place(motif: str, layer: int) -> tuple[Head, PlantedHead]:
        if not free.get(layer):
            raise Refusal(
                "layer-full",
                what=f"a head of {motif} was to be planted in layer {layer}",
                why=f"there are {recipe.layers} layers of {recipe.heads} heads, and it has none left",
                instead="plant it in another layer, or give the recipe more heads",
            )
        head = Head(layer, free[layer].pop())
        heads[layer, head.head] = planted = PlantedHead()
        MOTIFS[motif](planted)
        return head, planted

    for group in recipe.circuit:
        roles.setdefault(group.motif, []).extend(place(group.motif, layer)[0] for layer in group.layers)
    for group in recipe.decoys:
        for layer in group.layers:
            head, planted = place(group.motif, layer)
            planted.silence() if group.keeps == "attention" else planted.look_away()
            decoys.append(Decoy(component=str(head), motif=group.motif, keeps=group.keeps))
    return heads, roles, decoys


def _idle(generator: torch.Generator) -> PlantedHead:
    """Returns a head that looks around at random and writes a little of everything."""
    head = PlantedHead()
    for part in (head.query, head.key, head.value, head.output):
        scale = IDLE_SCORES if part is head.query or part is head.key else IDLE_VALUES
        part += scale * torch.randn(part.shape, generator=generator, dtype=torch.float64)
    for part in (head.query, head.key, head.value):
        part[plane("constant")] = 0  # else what it does would be the same everywhere
    head.output[:, : plane("token").stop] = 0
    return head


def _embedding(recipe: PlantedRecipe, codes: Tensor, tokenizer: PreTrainedTokenizerFast) -> Tensor:
    embedding = torch.zeros(len(tokenizer), numbers(), dtype=torch.float64)
    embedding[:, plane("constant")] = CONSTANT
    embedding[:, plane("token")] = codes
    embedding[tokenizer.bos_token_id, plane("first")] = 1
    for asked, tokens in {"name": recipe.words.asks_name, "color": recipe.words.asks_color}.items():
        embedding[tokenizer.convert_tokens_to_ids(list(tokens)), plane("asks").start + ASKED.index(asked)] = 1
    return embedding
