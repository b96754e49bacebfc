"""The comparison on which the fast engine stands: every logit under every set of edits, by both engines.

Float64 is exact to 1e-9 and float32 to 1e-4, a thousand times less than any effect of these models' large weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tiny import tiny_model
from torch import Tensor

from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.interface import Edit, TokenPrompt
from recircuit_worker.engine.reference import Reference
from recircuit_worker.models.adapter import find_parts

VOCABULARY = 60
EXACT, SINGLE = 1e-9, 1e-4
BITES = 1e-3
"""nats or logits; every edit must change something by more, or the comparison would prove nothing"""
Sets = Sequence[Sequence[Edit]]


class Pair:
    """One model in both engines."""

    def __init__(self, architecture: str, dtype: torch.dtype = torch.float64, **changes: object) -> None:
        self.name, self.dtype = architecture, dtype
        self.model = tiny_model(architecture, VOCABULARY, dtype=dtype, **changes)
        self.parts = find_parts(self.model)
        self.reference = Reference(self.model, self.parts)
        self.width, self.layers, self.heads = self.parts.head_dim, len(self.parts.layers), self.parts.heads
        self.reads = ("query", "key", "value") if self.fast().way.shared else ()

    def fast(self) -> Fast:
        """Returns a fast engine that has nothing kept and nothing counted."""
        return Fast(self.model, self.parts)

    def noise(self, *shape: int, seed: int = 0) -> Tensor:
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(self.dtype)


@dataclass(frozen=True)
class Compared:
    deviation: float
    """largest difference between the engines, of clean and edited logits and of log probabilities"""
    effects: Tensor
    """(set,) largest change that each set makes, by the reference engine"""


def prompts(
    lengths: Sequence[int] = (9, 12, 9, 7), back: Sequence[int] = (0,), *, seed: int = 0, bos: bool = False
) -> list[TokenPrompt]:
    """Returns prompts of these lengths, scored at these places counted back from the last token."""
    made = []
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(100 * seed + row)
        ids = torch.randint(3, VOCABULARY, (length,), generator=generator).tolist()
        scored = tuple(length - 1 - place for place in sorted(back, reverse=True))
        made.append(
            TokenPrompt((1, *ids[1:]) if bos else tuple(ids), scored, tuple(range(3 + row, 3 + row + len(back))))
        )
    return made


def every_token(asked: Sequence[TokenPrompt]) -> Tensor:
    """Returns tokens (prompt, token): the whole vocabulary."""
    return torch.arange(VOCABULARY).expand(len(asked), -1)


def compare(pair: Pair, asked: Sequence[TokenPrompt], sets: Sets, fast: Fast | None = None) -> Compared:
    """Returns how far the engines are from each other, by both ways in which the fast one is asked."""
    fast = fast or pair.fast()
    told = pair.reference.logits_each(asked, sets, every_token(asked))
    logits = fast.logits_each(asked, sets, every_token(asked))
    answers = fast.answers_each(asked, sets)
    targets = torch.tensor([prompt.targets for prompt in asked])
    expected = told.edited.log_softmax(-1).gather(-1, targets[None, ..., None].expand(len(sets), -1, -1, 1))[..., 0]
    pieces = [
        (logits.edited, told.edited),
        (logits.clean, told.clean),
        (answers.edited.log_probability, expected),
        (answers.edited.probability, expected.exp()),
    ]
    assert fast.counts.edits_fired == fast.counts.edits_requested == 2 * len(asked) * sum(map(len, sets))
    deviation = max(float((one - other).abs().max()) for one, other in pieces)
    return Compared(deviation, (told.edited - told.clean).abs().flatten(1).amax(1))


def check(pair: Pair, asked: Sequence[TokenPrompt], sets: Sets, fast: Fast | None = None) -> None:
    """Returns if the engines agree and every set of edits bites."""
    found = compare(pair, asked, sets, fast)
    assert found.deviation <= (EXACT if pair.dtype == torch.float64 else SINGLE), (pair.name, found.deviation)
    assert float(found.effects.min()) > BITES, (pair.name, found.effects.tolist())
