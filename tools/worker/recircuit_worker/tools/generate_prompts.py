"""Prompts of the behaviour, shown before they are measured, with the token that will be scored."""

import torch

from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    CounterfactualSample,
    GeneratePromptsInput,
    GeneratePromptsOutput,
    NamedPosition,
    PairSample,
    PromptSample,
)
from recircuit_worker.prompts.contrast import CLEAN
from recircuit_worker.prompts.contrast_set import ContrastItem
from recircuit_worker.prompts.sets import PromptSet, no_single_step_answers

PADDING = -1


def run(request: GeneratePromptsInput, bench: Bench) -> GeneratePromptsOutput:
    """Returns samples and the token ids. Tasks that cannot be scored are listed here, where other tools refuse them.

    Raises:
        Refusal: `no-single-step-answers` if no task is left; those of `Bench.prompts`.
    """
    prompts = bench.prompts(request.prompts, scored=False)
    unscorable = bench.unscorable(request.prompts)
    left_out = {task.task for task in unscorable}
    tasks = prompts.names if prompts.texts or prompts.items else []
    scorable = tuple(task for task in tasks if task not in left_out)
    if tasks and not scorable:
        raise no_single_step_answers(unscorable, left=0)
    longest = max(len(prompt.ids) for prompt in prompts.prompts)
    tokens = torch.full((len(prompts.prompts), longest), PADDING, dtype=torch.int64)
    for row, prompt in enumerate(prompts.prompts):
        tokens[row, : len(prompt.ids)] = torch.tensor(prompt.ids)
    return GeneratePromptsOutput(
        samples=_samples(prompts, request.show, bench),
        pairs=_pairs(prompts, request.show, bench) if prompts.items else None,
        passed_over=prompts.passed_over if prompts.items else None,
        scorable=scorable,
        unscorable=unscorable,
        longest=longest,
        tokens=bench.write("prompt_tokens", tokens, axes=("prompt", "token"), unit="token id"),
        receipt=bench.receipt(prompts),
    )


def _samples(prompts: PromptSet, show: int, bench: Bench) -> tuple[PromptSample, ...]:
    tokenizer = bench.reader.tokenizer
    if prompts.items:
        return ()
    if not prompts.texts:
        name = bench.material.behaviour
        rows = prompts.prompts[:show]
        return tuple(PromptSample(name, tokenizer.decode(row.ids[len(bench.reader.start) :]), "", "") for row in rows)
    shown = [row for group in prompts.groups for row in group.rows[:show]]
    return tuple(
        PromptSample(
            task=prompts.texts[row].task,
            text=prompts.texts[row].text,
            answer=prompts.texts[row].answer,
            first_answer_token=tokenizer.decode([target]) if target >= 0 else "",
        )
        for row in shown
        for target in prompts.prompts[row].targets
    )


def _pairs(prompts: PromptSet, show: int, bench: Bench) -> tuple[PairSample, ...]:
    shown = [prompts.items[row] for group in prompts.groups for row in group.rows[:show]]
    return tuple(
        PairSample(
            task=item.task,
            text=item.text.told[CLEAN].text,
            answers=tuple(bench.reader.tokenizer.decode([token]) for token in item.answers),
            rivals=tuple(bench.reader.tokenizer.decode([token]) for token in item.rivals),
            counterfactuals=tuple(
                CounterfactualSample(name, told.text) for name, told in item.text.told.items() if name != CLEAN
            ),
            positions=_positions(item, bench),
        )
        for item in shown
    )


def _positions(item: ContrastItem, bench: Bench) -> tuple[NamedPosition, ...]:
    ids = item.ids[CLEAN]
    return tuple(
        NamedPosition(
            name,
            tuple(place - len(ids) for place in places),
            tuple(bench.reader.tokenizer.decode([ids[place]]) for place in places),
        )
        for name, places in item.positions.items()
    )
