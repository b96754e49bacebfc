"""The vectors by which a planted organism tells tokens apart.

A code is a unit vector: a part for the class of a token (name, color, thing, item of an ordered list, any other) and a
part of its own. Codes are pushed apart, so that a match of a token with itself stands out; those of ordered lists are
points on circles instead, so that one linear map takes each item to the next. What heads do with codes belongs in
`motifs.py`.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

CLASSES = ("name", "color", "thing", "item")
"""classes with a vector of their own; all other tokens share one"""
CLASS_DIMS, LIST_DIMS, CIRCLES = 4, 2, 4
CODE = CLASS_DIMS + LIST_DIMS + 2 * CIRCLES
CLASS_SHARE = 0.15
"""of the squared length of a code"""
LIST_SHARE = 0.3
"""of the squared length of the own part of an item"""
TURNS = (1, 5, 7, 16)
"""how often each circle turns over `ROUND` steps of a list; chosen so that no two of 40 items lie close together"""
ROUND = 41
PUSHES, PUSH = 60, 0.1
SHARPNESS = 16.0


def class_vectors() -> Tensor:
    """Returns (class, CLASS_DIMS) unit vectors, the last for all other tokens: corners of a simplex, cosine -1/4."""
    corners = torch.eye(len(CLASSES) + 1, dtype=torch.float64) - 1 / (len(CLASSES) + 1)
    basis = torch.linalg.svd(corners)[2][:CLASS_DIMS]
    return normalize(corners @ basis.T, dim=-1)


def class_pattern(name: str) -> Tensor:
    """Returns (CODE,): what is 1 with every code of a class, and -1/4 with those of other classes."""
    pattern = torch.zeros(CODE, dtype=torch.float64)
    pattern[:CLASS_DIMS] = class_vectors()[CLASSES.index(name)] / math.sqrt(CLASS_SHARE)
    return pattern


def token_codes(
    size: int, classes: Mapping[str, Sequence[int]], lists: Sequence[Sequence[int]], generator: torch.Generator
) -> Tensor:
    """Returns (token, CODE) float64 unit vectors; `lists` are ordered lists of tokens, all of the class `item`."""
    parts = class_vectors()[torch.full((size,), len(CLASSES))]
    for name, tokens in classes.items():
        parts[list(tokens)] = class_vectors()[CLASSES.index(name)]
    own = normalize(torch.randn(size, CODE - CLASS_DIMS, generator=generator, dtype=torch.float64), dim=-1)
    fixed = torch.zeros(size, dtype=torch.bool)
    for which, tokens in enumerate(lists):
        for place, token in enumerate(tokens):
            own[token], fixed[token] = _item(which, len(lists), place), True
    named = torch.tensor(sorted({token for tokens in classes.values() for token in tokens}), dtype=torch.long)
    own[named] = _pushed_apart(parts[named], own[named], fixed[named])
    fixed[named] = True
    return _whole(parts, _pushed_apart(parts, own, fixed))


def next_item() -> Tensor:
    """Returns (CODE, CODE): what takes the code of an item, as a row, to that of the next item of its list."""
    step = torch.eye(CODE, dtype=torch.float64)
    for circle, turns in enumerate(TURNS):
        angle, start = 2 * math.pi * turns / ROUND, CLASS_DIMS + LIST_DIMS + 2 * circle
        turn = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
        step[start : start + 2, start : start + 2] = torch.tensor(turn, dtype=torch.float64)
    return step


def _item(which: int, lists: int, place: int) -> Tensor:
    angle = 2 * math.pi * which / max(1, lists)
    circles = [2 * math.pi * turns * place / ROUND for turns in TURNS]
    home = [math.sqrt(LIST_SHARE) * part for part in (math.cos(angle), math.sin(angle))]
    rest = [
        math.sqrt((1 - LIST_SHARE) / CIRCLES) * part for angle in circles for part in (math.cos(angle), math.sin(angle))
    ]
    return torch.tensor(home + rest, dtype=torch.float64)


def _whole(parts: Tensor, own: Tensor) -> Tensor:
    return torch.cat([math.sqrt(CLASS_SHARE) * parts, math.sqrt(1 - CLASS_SHARE) * own], dim=-1)


def _pushed_apart(parts: Tensor, own: Tensor, fixed: Tensor) -> Tensor:
    """Returns own parts that have moved away from the codes nearest to them, the fixed ones aside."""
    for _ in range(PUSHES):
        codes = _whole(parts, own).float()
        near = torch.exp(SHARPNESS * (codes @ codes.T - 1)).fill_diagonal_(0)
        push = (near @ own.float()) / near.sum(-1, keepdim=True).clamp_min(1e-12)
        own = torch.where(fixed[:, None], own, normalize(own - PUSH * push.double(), dim=-1))
    return own
