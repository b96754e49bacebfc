"""The sweep on an organism: prompts of one task with shuffled labels, heads replaced by the task's means.

Words come from the behaviour's own files, both halves together: this measures time, and judges nothing.
"""

import csv
from functools import cache

import torch
import yaml
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel

from recircuit_worker.benchmarks.shapes import ORGANISMS, Shape
from recircuit_worker.benchmarks.work import Work, make_work
from recircuit_worker.contract import Template
from recircuit_worker.prompts.in_context import InContextPrompt, generate
from recircuit_worker.prompts.tokens import Reader, find_reader

BEHAVIOUR = ORGANISMS.parents[1] / "protocols" / "behaviours" / "in-context-functions"
TASK = "antonym"
SHOTS = 10


def organism_work(shape: Shape, model: PreTrainedModel) -> Work:
    """Returns the sweep of one task."""
    reader = organism_reader(shape)
    shuffled, clean = (prompts_of(TASK, variant, SHOTS, shape.prompts) for variant in ("shuffled", "clean"))
    ids, other = token_ids(shuffled, reader), token_ids(clean, reader)
    right = torch.tensor([reader.first_answer_token(prompt.text, prompt.answer) for prompt in shuffled])
    device = next(model.parameters()).device
    # The other token is another prompt's answer: a word of the same task.
    answers = torch.stack([right, right.roll(1)], dim=1).to(device)
    return make_work(shape, model, ids.to(device), other.to(device), answers, other)


def organism_reader(shape: Shape) -> Reader:
    """Returns the organism's way from text to tokens."""
    return find_reader(AutoTokenizer.from_pretrained(ORGANISMS / shape.name, local_files_only=True))


def prompts_of(task: str, variant: str, shots: int, count: int, seed: int = 0) -> list[InContextPrompt]:
    """Returns prompts of one task, as the worker makes them."""
    said = _behaviour()
    pairs = next(_pairs(row) for row in said["tasks"] if row["task"] == task)
    return generate(
        behaviour=said["behaviour"],
        task=task,
        pairs=pairs,
        template=Template(**said["template"]),
        variant=variant,
        shots=shots,
        count=count,
        seed=seed,
    )


def token_ids(prompts: list[InContextPrompt], reader: Reader) -> Tensor:
    """Returns ids (prompt, token) of prompts of equal length."""
    return torch.tensor([reader.ids(prompt.text) for prompt in prompts])


@cache
def _behaviour() -> dict:
    return yaml.safe_load((BEHAVIOUR / "behaviour.yaml").read_text(encoding="utf8"))


def _pairs(row: dict) -> list[tuple[str, str]]:
    with (BEHAVIOUR / row["words"]).open(encoding="utf8", newline="") as file:
        return [(words[row["input"]], words[row["output"]]) for words in csv.DictReader(file)]
