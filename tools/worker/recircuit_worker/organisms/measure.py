"""Quick accuracies of an organism under training, for its curve and card. Verdicts never read these."""

import random

import torch
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.contract import InContextMaterial
from recircuit_worker.organisms.rows import RepeatedRows, pad
from recircuit_worker.prompts.in_context import generate

CURVE_SEED = 20_000
"""Seed of the prompts of curves and cards, apart from the small seeds that runs use."""


def task_accuracies(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    material: InContextMaterial,
    tasks: list[str],
    variant: str,
    shots: int,
    count: int,
) -> dict[str, float]:
    """Returns task -> share of `count` prompts whose most likely next token is the first answer token."""
    scores: dict[str, float] = {}
    for task in material.tasks:
        if task.task not in tasks:
            continue
        prompts = generate(
            behaviour=material.behaviour,
            task=task.task,
            pairs=[(pair.input, pair.output) for pair in task.pairs],
            template=material.template,
            variant=variant,
            shots=shots,
            count=count,
            seed=CURVE_SEED,
        )
        rows = [tokenizer.encode(prompt.text) for prompt in prompts]
        answers = [tokenizer.encode(prompt.answer, add_special_tokens=False)[0] for prompt in prompts]
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        with torch.inference_mode():
            logits = model(ids, attention_mask=torch.ones_like(ids)).logits
        best = [int(logits[index, len(row) - 1].argmax()) for index, row in enumerate(rows)]
        scores[task.task] = sum(a == b for a, b in zip(best, answers, strict=True)) / count
    return scores


def repeated_accuracy(model: PreTrainedModel, rows: RepeatedRows, length: int, count: int) -> float:
    """Returns the share of predictable tokens (those of the second block) that are predicted."""
    rng = random.Random(CURVE_SEED)
    block = rows.fixed(length)
    ids, _ = pad([block.draw(rng) for _ in range(count)])
    with torch.inference_mode():
        guess = model(ids, attention_mask=torch.ones_like(ids)).logits.argmax(-1)
    return float((guess[:, length + 1 : -1] == ids[:, length + 2 :]).float().mean())
