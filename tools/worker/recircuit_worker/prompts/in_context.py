"""In-context function prompts: demonstrations of one task, then a query.

The only place that knows the published layout (Todd et al., arXiv 2310.15213, section 2 and `prompt_utils.py` of the
authors' code). It works on strings; turning them into tokens belongs in `tokens.py`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from recircuit_worker.contract import Template
from recircuit_worker.errors import Refusal


@dataclass(frozen=True)
class InContextPrompt:
    """One prompt. `text` ends with the output prefix; `answer` starts with the space that the model must produce."""

    task: str
    demonstrations: tuple[tuple[str, str], ...]
    query: str
    answer: str
    text: str


def segments(demonstrations: Sequence[tuple[str, str]], query: str, template: Template) -> list[tuple[str, bool]]:
    """Returns the prompt in order as (text, is_answer) pieces; joined, they are the prompt's text.

    A pair is `{input_prefix} {input}{separator}{output_prefix} {output}{end}`.
    """
    pieces: list[tuple[str, bool]] = []
    for given, produced in demonstrations:
        pieces.append((_question(given, template), False))
        pieces.append((f" {produced}", True))
        pieces.append((template.end, False))
    pieces.append((_question(query, template), False))
    return pieces


def generate(
    *,
    behaviour: str,
    task: str,
    pairs: Sequence[tuple[str, str]],
    template: Template,
    variant: str,
    shots: int,
    count: int,
    seed: int,
) -> list[InContextPrompt]:
    """Returns `count` prompts of one task.

    Prompt i depends on (behaviour, task, shots, seed, i) alone: asking for more never changes the earlier ones, and the
    clean and the shuffled variant of one seed show the same words. `shuffled` permutes the outputs among the
    demonstrations uniformly (fixed points allowed, as published); `zero-shot` has no demonstrations.

    Raises:
        Refusal: if the task has fewer than `shots + 1` pairs.
    """
    shots = 0 if variant == "zero-shot" else shots
    if len(pairs) < shots + 1:
        raise Refusal(
            "too-few-pairs",
            what=f"task {task} was asked for {shots}-shot prompts",
            why=f"it has {len(pairs)} word pairs in this split and needs {shots + 1}",
            instead=f"ask for at most {len(pairs) - 1} shots, or leave the task out",
        )
    ordered = sorted(pairs)  # so that prompts do not depend on the order of a file
    prompts = []
    for index in range(count):
        rng = random.Random(f"{behaviour}|{task}|{shots}|{seed}|{index}")
        chosen = rng.sample(ordered, shots + 1)
        demonstrations, (query, answer) = chosen[:-1], chosen[-1]
        if variant == "shuffled":
            outputs = [produced for _, produced in demonstrations]
            rng.shuffle(outputs)
            demonstrations = [(given, output) for (given, _), output in zip(demonstrations, outputs, strict=True)]
        text = "".join(piece for piece, _ in segments(demonstrations, query, template))
        prompts.append(InContextPrompt(task, tuple(demonstrations), query, f" {answer}", text))
    return prompts


def _question(given: str, template: Template) -> str:
    return f"{template.input_prefix} {given}{template.separator}{template.output_prefix}"
