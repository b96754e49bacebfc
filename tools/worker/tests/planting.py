"""What the tests of all kinds of planted organisms share. The words of each kind belong beside its tests."""

from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import Material
from recircuit_worker.decode import decode
from recircuit_worker.organisms.planted.plan import Planted, plant
from recircuit_worker.organisms.vocabulary import library_tokenizer

Planting = tuple[Planted, PreTrainedTokenizerFast]


def planted_by(kind: str, recipe: dict, halves: Sequence[Material]) -> Planting:
    """Returns the organism of a recipe of a kind of the contract, and its tokenizer."""
    tokenizer = library_tokenizer(halves)
    return plant(decode(kind, recipe), halves, tokenizer), tokenizer


def same_twice_without_zeros(make: Callable[[], Planting]) -> bool:
    """Returns whether two makings have the same weights, none of which is zero."""
    first, second = (make()[0].model.state_dict() for _ in range(2))
    return all(torch.equal(first[name], second[name]) and (first[name] != 0).all() for name in first)
