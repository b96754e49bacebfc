"""What every contender is given: one model, prompts of equal length, and what each head is replaced by.

Equal lengths spare the rivals padding, which several of them get wrong.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from recircuit_worker.benchmarks.shapes import Shape
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.passes import Passes
from recircuit_worker.models.adapter import Parts, find_parts

WHOLE_CHECK_BYTES = 1 << 30
"""logits of every cell over the whole vocabulary are compared if they fit here; else those of some tokens"""
CHECKED_TOKENS = 1024


@dataclass(frozen=True)
class Work:
    """A head sweep at the last token: every head of every layer, one at a time, in every prompt."""

    shape: Shape
    model: PreTrainedModel
    parts: Parts
    ids: Tensor
    """(prompt, token) on the model's device"""
    other_ids: Tensor
    """(prompt, token): a counterfactual of each prompt, for contenders that run their own source"""
    answers: Tensor
    """(prompt, 2): the answer, whose probability is measured, and another token for a logit difference"""
    means: Tensor
    """(layer, head, head_dim): what replaces each head's output"""
    checked: Tensor
    """(token,): tokens whose logits are compared"""

    @property
    def device(self) -> torch.device:
        return self.ids.device

    @property
    def layers(self) -> int:
        return len(self.parts.layers)

    @property
    def cells(self) -> int:
        """Heads of the model. Head i is head i % heads of layer i // heads."""
        return self.layers * self.parts.heads

    def token_prompts(self, ids: Tensor | None = None) -> list[TokenPrompt]:
        """Returns prompts as the engines read them, scored at the last token."""
        rows = (self.ids if ids is None else ids).tolist()
        last = len(rows[0]) - 1
        return [
            TokenPrompt(tuple(row), (last,), (int(answer),))
            for row, answer in zip(rows, self.answers[:, 0], strict=True)
        ]

    def split(self, cell: int) -> tuple[int, int]:
        """Returns (layer, head) of a cell."""
        return divmod(cell, self.parts.heads)


def random_work(shape: Shape, model: PreTrainedModel, *, prompts: int | None = None, tokens: int | None = None) -> Work:
    """Returns work on random tokens."""
    config = model.config.get_text_config()
    generator = torch.Generator().manual_seed(1)
    count, length = prompts or shape.prompts, tokens or shape.tokens
    # Low ids are special tokens in some vocabularies, and a padding token's embedding may be zero.
    draw = torch.randint(3, config.vocab_size, (3, count, length), generator=generator)
    answers = torch.randint(3, config.vocab_size, (count, 2), generator=generator)
    device = next(model.parameters()).device
    ids, other, source = (part.to(device) for part in draw)
    return make_work(shape, model, ids, other, answers.to(device), source)


def make_work(
    shape: Shape, model: PreTrainedModel, ids: Tensor, other: Tensor, answers: Tensor, source: Tensor
) -> Work:
    """Returns work whose means are over the `source` prompts (prompt, token)."""
    parts = find_parts(model)
    last = source.shape[1] - 1
    prompts = [TokenPrompt(tuple(row), (last,), (0,)) for row in source.tolist()]
    means = Passes(model, parts).head_means(prompts, [0] * len(prompts), 1, False).means[0].clone()
    vocabulary = model.config.get_text_config().vocab_size
    checked = _checked(answers, vocabulary, len(parts.layers) * parts.heads * len(ids))
    return Work(shape, model, parts, ids, other, answers, means.to(ids.device), checked.to(ids.device))


def _checked(answers: Tensor, vocabulary: int, rows: int) -> Tensor:
    if rows * vocabulary * 4 <= WHOLE_CHECK_BYTES:
        return torch.arange(vocabulary)
    drawn = torch.randint(0, vocabulary, (CHECKED_TOKENS,), generator=torch.Generator().manual_seed(2))
    return torch.unique(torch.cat([answers.flatten().cpu(), drawn]))
