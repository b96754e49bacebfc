"""One attention head written by hand: which planes it compares, at what distance, and what it moves where.

Architectures differ in how a head knows distances; that belongs in `weights.py`, what each head does in `motifs.py`.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from recircuit_worker.organisms.planted.codes import CODE
from recircuit_worker.organisms.planted.space import CONSTANT, PAIRS, Planes

FLAGS = 2
RESTING = 12
"""score of the beginning of text against all else, for a head that looks at nothing else"""
HEAD_DIM = CODE + FLAGS + 2 * PAIRS
"""numbers of a query: a code, flags, and pairs for distances"""
_CODES, _REST, _FLAG = slice(0, CODE), CODE, CODE + 1
_STEADY = CODE - 1


def _blank(*shape: int) -> Tensor:
    return torch.zeros(*shape, dtype=torch.float64)


@dataclass
class PlantedHead:
    """Scores and writes of one head; every method adds to what was there. Scores are in units of the softmax."""

    planes: Planes
    query: Tensor = field(init=False)
    key: Tensor = field(init=False)
    value: Tensor = field(init=False)
    output: Tensor = field(init=False)
    distance: Tensor = field(init=False)
    """amplitude and the distance, in tokens, at which it is reached, of each pair"""

    def __post_init__(self) -> None:
        numbers = self.planes.numbers
        self.query, self.key, self.value = (_blank(numbers, HEAD_DIM) for _ in range(3))
        self.output, self.distance = _blank(HEAD_DIM, numbers), _blank(PAIRS, 2)

    def compare(self, mine: str, theirs: str, strength: float) -> None:
        """Scores `strength` times the product of two planes of codes, of the current token and of the other."""
        self.query[self.planes[mine], _CODES] += strength * torch.eye(CODE, dtype=torch.float64)
        self.key[self.planes[theirs], _CODES] = torch.eye(CODE, dtype=torch.float64)

    def prefer(self, asked: str | None, pattern: Tensor, strength: float) -> None:
        """Scores `strength` at codes that fit a pattern, where the current token asks for that class (None: always)."""
        if asked is None:
            self.query[self.planes["constant"], _CODES] += strength * pattern / CONSTANT
        else:
            self.query[self.planes[f"asks-{asked}"], _CODES] += strength * pattern
        self.key[self.planes["token"], _CODES] = torch.eye(CODE, dtype=torch.float64)

    def flag(self, asked: str, flagged: str, strength: float) -> None:
        """Scores `strength` at tokens with a flag, where the current token asks for a class."""
        self.query[self.planes[f"asks-{asked}"], _FLAG] += strength
        self.key[self.planes[flagged], _FLAG] = 1

    def seek(self, asked: str, flagged: str, strength: float) -> None:
        """As `flag`, but alike at all distances, even where a Llama turns flags; for heads that compare no codes."""
        self.query[self.planes[f"asks-{asked}"], _STEADY] += strength
        self.key[self.planes[flagged], _STEADY] = 1

    def rest(self, strength: float) -> None:
        """Scores `strength` at the beginning of text, where the head looks if nothing scores more."""
        self.query[self.planes["constant"], _REST] += strength / CONSTANT
        self.key[self.planes["first"], _REST] = 1

    def at(self, tokens_back: float, amplitudes: tuple[float, ...]) -> None:
        """Scores the sum of amplitude * cos(angle * (distance - tokens_back)) over the pairs."""
        self.distance[:, 0] = torch.tensor(amplitudes, dtype=torch.float64)
        self.distance[:, 1] = tokens_back

    def move(self, source: str, target: str, strength: float, through: Tensor | None = None) -> None:
        """Adds `strength` times one plane of codes of the attended token to another plane; `through` maps the codes."""
        step = torch.eye(CODE, dtype=torch.float64) if through is None else through
        self.value[self.planes[source], _CODES] = torch.eye(CODE, dtype=torch.float64)
        self.output[_CODES, self.planes[target]] += strength * step

    def mark(self, target: str, strength: float) -> None:
        """Adds `strength` to a flag where the head attends to anything but the beginning of text."""
        self.value[self.planes["constant"], _FLAG] = 1 / CONSTANT
        self.value[self.planes["first"], _FLAG] = -1
        self.output[_FLAG, self.planes[target]] += strength

    def silence(self) -> None:
        """Takes away what the head writes."""
        self.output.zero_()

    def look_away(self) -> None:
        """Takes away where the head looks, the beginning of text instead."""
        for part in (self.query, self.key, self.distance):
            part.zero_()
        self.rest(RESTING)
