"""What tokens are to an organism that names later years: which year each is, as points on half circles.

A year is a point on a half circle, and on odd fractions of it. The sine of the angle from one year to another is
positive where the other is later; summed over the fractions it is nearly a step. So a year that was read need only be
turned by a quarter to have all later years said. Heads that read it are in `motifs.py`, other words in `words.py`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import Material, PlantedYearsRecipe
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.codes import CODE, token_codes
from recircuit_worker.organisms.planted.lexicon import LOGIT, Lexicon, Neurons, check_said_in
from recircuit_worker.organisms.planted.space import CONSTANT, YEARS
from recircuit_worker.organisms.planted.words import listed

CENTURY = 100
"""years on the half circle"""
FRACTIONS = range(1, CODE, 2)
"""how often each pair of numbers turns by a half over a century"""
YEAR_LOGIT = 2.5 * LOGIT
"""what the step is multiplied by: later years are some 14 above the year itself, earlier ones as much below"""


def read_years(
    recipe: PlantedYearsRecipe,
    materials: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    generator: torch.Generator,
) -> Lexicon:
    """Returns the tokens of a recipe, and the neurons by which later years come to be said.

    Raises:
        Refusal: `no-word-list`, `no-such-layer`, `not-one-token`.
    """
    check_said_in(recipe.said_in, recipe.layers)
    years = [str(year) for year in listed(materials, recipe.years)]
    year_tokens = _tokens(years, tokenizer)
    centuries = _tokens([f" {century}" for century in listed(materials, recipe.centuries)], tokenizer)
    embedding = torch.zeros(len(tokenizer), YEARS.numbers, dtype=torch.float64)
    unembedding = torch.zeros_like(embedding)
    embedding[:, YEARS["constant"]] = CONSTANT
    embedding[:, YEARS["token"]] = token_codes(len(tokenizer), {}, [], generator)
    embedding[tokenizer.bos_token_id, YEARS["first"]] = 1
    embedding[centuries, YEARS["asks-year"]] = 1
    embedding[year_tokens, YEARS["is-year"]] = 1
    embedding[year_tokens, YEARS["year"]] = _points([int(year) for year in years])
    unembedding[:, YEARS["said"]] = LOGIT * embedding[:, YEARS["token"]]
    unembedding[:, YEARS["asks-year"]] = LOGIT * embedding[:, YEARS["is-year"]]
    unembedding[:, YEARS["year-said"]] = YEAR_LOGIT * embedding[:, YEARS["year"]]
    return Lexicon(YEARS, embedding, unembedding, {recipe.said_in: _neurons()})


def _tokens(words: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> list[int]:
    tokens = tokenizer.convert_tokens_to_ids(list(words))
    unknown = [word for word, token in zip(words, tokens, strict=True) if token == tokenizer.unk_token_id]
    if unknown:
        raise Refusal(
            "not-one-token",
            what=f"{', '.join(repr(word) for word in unknown[:3])} were to be planted as years",
            why="the tokenizer of the vocabulary cuts them otherwise",
            instead="name lists of numbers of two digits",
        )
    return tokens


def _points(years: Sequence[int]) -> Tensor:
    """Returns (year, CODE) unit vectors: the cosine and sine of each fraction, the finer ones smaller."""
    fractions = torch.tensor(list(FRACTIONS), dtype=torch.float64)
    angles = math.pi / CENTURY * torch.tensor(years, dtype=torch.float64)[:, None] * fractions
    points = torch.stack([angles.cos(), angles.sin()], dim=-1)
    return (points / fractions.sqrt()[:, None]).flatten(1) / (1 / fractions).sum().sqrt()


def _neurons() -> Neurons:
    """Returns two neurons for each number of a year: one passes on what is above zero, one what is below."""
    quarter = torch.kron(
        torch.eye(CODE // 2, dtype=torch.float64), torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    )
    read = torch.zeros(YEARS.numbers, 2 * CODE, dtype=torch.float64)
    write = torch.zeros(2 * CODE, YEARS.numbers, dtype=torch.float64)
    signs = torch.cat([torch.eye(CODE), -torch.eye(CODE)]).double()
    read[YEARS["began"]] = signs.T
    write[:, YEARS["year-said"]] = signs @ quarter
    return Neurons(read, write)
