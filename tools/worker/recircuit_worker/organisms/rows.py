"""Training rows of an organism: token ids and the loss weight of each token.

Two kinds: in-context function prompts in the published layout (the same generator that the tools use), and sequences of
random tokens repeated (Olsson et al., arXiv 2209.11895). Nothing here knows about models or optimisers.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import Template
from recircuit_worker.organisms.words import SPECIAL
from recircuit_worker.prompts.in_context import segments


@dataclass(frozen=True)
class Row:
    """`ids` and `weights` have the same length; a weight belongs to the prediction of its own token."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    as_right: tuple[int, ...] = ()
    """tokens that are as right as the last one"""


class InContextRows:
    """Draws in-context rows of several tasks; every answer of a row counts, so a row trains 0 to `shots` shots."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        tasks: dict[str, Sequence[tuple[str, str]]],
        weights: dict[str, float],
        template: Template,
        shots: int,
        other_weight: float,
    ) -> None:
        self.tokenizer, self.tasks, self.template = tokenizer, tasks, template
        self.names = sorted(tasks)
        self.chances = [weights[name] for name in self.names]
        self.shots, self.other_weight = shots, other_weight
        self._ids: dict[str, tuple[int, ...]] = {}

    def draw(self, rng: random.Random) -> Row:
        """Returns one row: a task by its weight, then `shots + 1` different pairs of it."""
        task = rng.choices(self.names, self.chances)[0]
        chosen = rng.sample(list(self.tasks[task]), self.shots + 1)
        ids, weights = [self.tokenizer.bos_token_id], [0.0]
        for text, is_answer in segments(chosen, "", self.template)[:-1]:
            piece = self._encode(text)
            ids.extend(piece)
            weights.extend([1.0 if is_answer else self.other_weight] * len(piece))
        return Row(tuple(ids), tuple(weights))

    def _encode(self, text: str) -> tuple[int, ...]:
        if text not in self._ids:
            self._ids[text] = tuple(self.tokenizer.encode(text, add_special_tokens=False))
        return self._ids[text]


class RepeatedRows:
    """Draws rows of random tokens repeated; only tokens of the later repeats, which can be predicted, count."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, lengths: Sequence[int], total: int, weight: float) -> None:
        self.bos, self.first, self.size = tokenizer.bos_token_id, len(SPECIAL), len(tokenizer)
        self.tokenizer, self.lengths, self.total, self.weight = tokenizer, lengths, total, weight

    def fixed(self, length: int) -> "RepeatedRows":
        """Returns a drawer of exactly two blocks of `length` tokens."""
        return RepeatedRows(self.tokenizer, (length,), 2 * length, self.weight)

    def weighing(self, weight: float) -> "RepeatedRows":
        """Returns the same drawer with another loss weight."""
        return RepeatedRows(self.tokenizer, self.lengths, self.total, weight)

    def draw(self, rng: random.Random) -> Row:
        """Returns one row: `total // length` repeats of `length` tokens drawn from the whole vocabulary."""
        length = rng.choice(list(self.lengths))
        repeats = self.total // length
        block = [rng.randrange(self.first, self.size) for _ in range(length)]
        weights = (0.0, *[0.0] * length, *[self.weight] * (length * (repeats - 1)))
        return Row((self.bos, *block * repeats), weights)


def pad(rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns ids (row, token) int64 and weights (row, token) float32, padded on the right with zeros."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        weights[index, : len(row.weights)] = torch.tensor(row.weights)
    return ids, weights


def by_length(rows: Sequence[Row], border: int) -> list[list[Row]]:
    """Returns the rows in at most two groups, short (up to `border` tokens) and long, so that padding costs little."""
    groups = [[row for row in rows if len(row.ids) <= border], [row for row in rows if len(row.ids) > border]]
    return [group for group in groups if group]
