"""One attention head written by hand: which planes it compares, at what distance, and what it moves where.

Architectures differ in how a head knows distances; that belongs in `weights.py`, what each head does in `motifs.py`.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from recircuit_worker.organisms.planted.codes import CODE
from recircuit_worker.organisms.planted.space import ASKED, CONSTANT, PAIRS, numbers, plane

FLAGS = 2
RESTING = 12
"""score of the beginning of text against all else, for a head that looks at nothing else"""
HEAD_DIM = CODE + FLAGS + 2 * PAIRS
"""numbers of a query: a code, flags, and pairs for distances"""
_CODES, _REST, _FLAG = slice(0, CODE), CODE, CODE + 1


def _blank(*shape: int) -> Tensor:
    return torch.zeros(*shape, dtype=torch.float64)


@dataclass
class PlantedHead:
    """Scores and writes of one head; every method adds to what was there. Scores are in units of the softmax."""

    query: Tensor = field(default_factory=lambda: _blank(numbers(), HEAD_DIM))
    key: Tensor = field(default_factory=lambda: _blank(numbers(), HEAD_DIM))
    value: Tensor = field(default_factory=lambda: _blank(numbers(), HEAD_DIM))
    output: Tensor = field(default_factory=lambda: _blank(HEAD_DIM, numbers()))
    distance: Tensor = field(default_factory=lambda: _blank(PAIRS, 2))
    """amplitude and the distance, in tokens, at which it is reached, of each pair"""

    def compare(self, mine: str, theirs: str, strength: float) -> None:
        """Scores `strength` times the product of two planes of codes, of the current token and of the other."""
        self.query[plane(mine), _CODES] += strength * torch.eye(CODE, dtype=torch.float64)
        self.key[plane(theirs), _CODES] = torch.eye(CODE, dtype=torch.float64)

    def prefer(self, asked: str | None, pattern: Tensor, strength: float) -> None:
        """Scores `strength` at codes that fit a pattern, where the current token asks for that class (None: always)."""
        if asked is None:
            self.query[plane("constant"), _CODES] += strength * pattern / CONSTANT
        else:
            self.query[plane("asks"), _CODES][ASKED.index(asked)] += strength * pattern
        self.key[plane("token"), _CODES] = torch.eye(CODE, dtype=torch.float64)

    def flag(self, asked: str, flagged: str, strength: float) -> None:
        """Scores `strength` at tokens with a flag, where the current token asks for a class."""
        self.query[plane("asks"), _FLAG][ASKED.index(asked)] += strength
        self.key[plane(flagged), _FLAG] = 1

    def rest(self, strength: float) -> None:
        """Scores `strength` at the beginning of text, where the head looks if nothing scores more."""
        self.query[plane("constant"), _REST] += strength / CONSTANT
        self.key[plane("first"), _REST] = 1

    def at(self, tokens_back: float, amplitudes: tuple[float, ...]) -> None:
        """Scores the sum of amplitude * cos(angle * (distance - tokens_back)) over the pairs."""
        self.distance[:, 0] = torch.tensor(amplitudes, dtype=torch.float64)
        self.distance[:, 1] = tokens_back

    def move(self, source: str, target: str, strength: float, through: Tensor | None = None) -> None:
        """Adds `strength` times one plane of codes of the attended token to another plane; `through` maps the codes."""
        step = torch.eye(CODE, dtype=torch.float64) if through is None else through
        self.value[plane(source), _CODES] = torch.eye(CODE, dtype=torch.float64)
        self.output[_CODES, plane(target)] += strength * step

    def mark(self, target: str, strength: float) -> None:
        """Adds `strength` to a flag where the head attends to anything but the beginning of text."""
        self.value[plane("constant"), _FLAG] = 1 / CONSTANT
        self.value[plane("first"), _FLAG] = -1
        self.output[_FLAG, plane(target)] += strength

    def silence(self) -> None:
        """Takes away what the head writes."""
        self.output.zero_()

    def look_away(self) -> None:
        """Takes away where the head looks, the beginning of text instead."""
        for part in (self.query, self.key, self.distance):
            part.zero_()
        self.rest(RESTING)
