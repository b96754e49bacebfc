"""What tokens are to an organism that moves names, colors and things: their codes, and what they ask for.

Words with forms belong in `functions.py`, the codes themselves in `codes.py`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import ContrastMaterial, Material, PlantedRecipe, WordList
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.codes import token_codes
from recircuit_worker.organisms.planted.lexicon import LOGIT, Lexicon
from recircuit_worker.organisms.planted.space import CONSTANT, WORDS
from recircuit_worker.organisms.words import SPECIAL


def read_words(
    recipe: PlantedRecipe,
    materials: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    generator: torch.Generator,
) -> Lexicon:
    """Returns the tokens of a recipe.

    Raises:
        Refusal: `no-word-list`.
    """
    classes, lists = _words(recipe, materials, tokenizer)
    codes = token_codes(len(tokenizer), classes, lists, generator)
    codes[: len(SPECIAL)] = 0
    unembedding = torch.zeros(len(codes), WORDS.numbers, dtype=torch.float64)
    unembedding[:, WORDS["said"]] = LOGIT * codes
    return Lexicon(WORDS, _embedding(recipe, codes, tokenizer), unembedding, {})


def listed(materials: Sequence[Material], words: WordList) -> Sequence[str]:
    """Returns the words of a list of a behaviour of contrast pairs.

    Raises:
        Refusal: `no-word-list`.
    """
    known = (part for part in materials if isinstance(part, ContrastMaterial) and part.behaviour == words.behaviour)
    material = next(known, None)
    if material is None or words.list not in material.lists:
        raise Refusal(
            "no-word-list",
            what=f"the list {words.list} of {words.behaviour} was to be planted",
            why="the vocabulary of the recipe holds no such list",
            instead="name a behaviour of contrast pairs in the vocabulary, and one of its lists",
        )
    return material.lists[words.list]


def _words(
    recipe: PlantedRecipe, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast
) -> tuple[dict[str, list[int]], list[list[int]]]:
    """Returns the tokens of each class, and the ordered lists. Words that are not one token are left out."""

    def tokens(words: WordList) -> list[int]:
        found = tokenizer.convert_tokens_to_ids([f" {word}" for word in listed(materials, words)])
        return [token for token in found if token != tokenizer.unk_token_id]

    words = recipe.words
    lists = [tokens(row) for row in words.ordered]
    groups = {"name": words.names, "color": words.colors, "thing": words.things}
    classes = {name: [token for row in group for token in tokens(row)] for name, group in groups.items()}
    return {**classes, "item": [token for row in lists for token in row]}, lists


def _embedding(recipe: PlantedRecipe, codes: Tensor, tokenizer: PreTrainedTokenizerFast) -> Tensor:
    embedding = torch.zeros(len(tokenizer), WORDS.numbers, dtype=torch.float64)
    embedding[:, WORDS["constant"]] = CONSTANT
    embedding[:, WORDS["token"]] = codes
    embedding[tokenizer.bos_token_id, WORDS["first"]] = 1
    for asked, tokens in {"name": recipe.words.asks_name, "color": recipe.words.asks_color}.items():
        embedding[tokenizer.convert_tokens_to_ids(list(tokens)), WORDS[f"asks-{asked}"]] = 1
    return embedding
