"""The residual stream of a planted organism: named planes, in a random basis, beside a large constant.

The constant makes norms nearly linear: whatever else the stream holds changes its length by little. The basis leaves
out the mean of all numbers, which a LayerNorm takes away. What heads read and write there belongs in `motifs.py`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.organisms.planted.codes import CODE

PAIRS = 5
"""pairs of numbers by which a head tells distances apart; each turns by its own angle from token to token"""
RATIO = 3.47
"""between the angles of neighbouring pairs, the first being one radian"""

_TOKEN = {"constant": 1, "first": 1, "token": CODE, "position": 2 * PAIRS}

CONSTANT = 20.0
"""length of the constant; all else together is about 2"""
REST = 5.0
"""squared length of all else, about"""


@dataclass(frozen=True)
class Planes:
    """Named planes, one after the other."""

    sizes: Mapping[str, int]
    """plane -> numbers"""

    def __getitem__(self, name: str) -> slice:
        """Returns the numbers of a plane; KeyError where there is none."""
        size, names = self.sizes[name], list(self.sizes)
        start = sum(self.sizes[other] for other in names[: names.index(name)])
        return slice(start, start + size)

    @property
    def numbers(self) -> int:
        """How many numbers all planes have."""
        return sum(self.sizes.values())


WORDS = Planes(
    {
        **_TOKEN,
        "asks-name": 1,
        "asks-color": 1,
        "previous": CODE,
        "repeated": 1,
        "linked": CODE,
        "wanted": CODE,
        "said": CODE,
    }
)
"""Where words are moved. `first`: the beginning of text. `asks-`: a word of that class must follow. `previous`: the
token before. `repeated`: this token stood here before. `linked`: what stood before it then. `wanted`: the
token that is looked for, or, negative, that is not. `said`: what is predicted, which the unembedding reads."""

FUNCTIONS = Planes(
    {**_TOKEN, "asks-answer": 1, "fits": 1, "form": CODE, "task": CODE, "said": CODE, "form-said": CODE},
)
"""Where words have forms. `token`: which word this is, whatever its form; `form`: which form of it. `fits`: the word
asked about stands here in some form. `task`: the form that answers have. `said` and `form-said` are predicted."""

YEARS = Planes(
    {
        **_TOKEN,
        "asks-year": 1,
        "is-year": 1,
        "previous": CODE,
        "repeated": 1,
        "year": CODE,
        "began": CODE,
        "said": CODE,
        "year-said": CODE,
    }
)
"""Where years are compared. `year`: which year of its century this is. `began`: the year that was read. `said` and
`year-said` are predicted; the others are as where words are moved."""


@dataclass(frozen=True)
class Space:
    """Where the planes lie in the residual stream."""

    planes: Planes
    basis: Tensor
    """(plane number, width) float64, orthonormal rows, orthogonal to the mean"""

    @property
    def width(self) -> int:
        return self.basis.shape[1]

    def gain(self) -> float:
        """Returns what a norm multiplies the stream by, about."""
        return math.sqrt(self.width / (CONSTANT**2 + REST))

    def write(self, values: Tensor) -> Tensor:
        """Returns (..., width) of (..., plane number): what is added to the stream."""
        return values @ self.basis

    def read(self, weights: Tensor) -> Tensor:
        """Returns (width, out) of (plane number, out): the map that reads planes behind a norm."""
        return self.basis.T @ weights / self.gain()


def draw_space(planes: Planes, width: int, generator: torch.Generator) -> Space:
    """Returns a space with a random basis."""
    drawn = torch.randn(width, width, generator=generator, dtype=torch.float64)
    drawn[:, 0] = 1
    return Space(planes, torch.linalg.qr(drawn)[0].T[1 : planes.numbers + 1])


def angles() -> Tensor:
    """Returns (PAIRS,): by how much each pair turns from token to token, radians."""
    return RATIO ** -torch.arange(PAIRS, dtype=torch.float64)
