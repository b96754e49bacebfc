"""Tokens, targets, and which tasks a tokenizer can score in one step."""

import random

import pytest
import torch
from tiny import WORDS, in_context, material, repeated_material, repeats, tokenizer
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import InContextMaterial, Pair, Task, Template
from recircuit_worker.engine.interface import Answers
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts import repeated
from recircuit_worker.prompts.scores import overall, per_prompt, task_scores
from recircuit_worker.prompts.sets import in_context_set, refuse_unscorable, repeated_set
from recircuit_worker.prompts.tokens import find_reader, why_unscorable

LAYOUT = Template("Q:", "A:", "\n", "\n\n")


def made(pieces: str, words: list[str], *, bos: str | None = None, around: str | None = None):
    """Returns a tokenizer that cuts by a pattern; `around` is what it puts around a text by itself."""
    vocabulary = {word: index for index, word in enumerate(dict.fromkeys(["<unk>", "<s>", "</s>", *words]))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(pieces), "isolated")
    if around:
        special = [("<s>", 1), ("</s>", 2)]
        inner.post_processor = processors.TemplateProcessing(single=around, special_tokens=special)
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", bos_token=bos)


@pytest.mark.parametrize(
    ("bos", "around", "rule", "start"),
    [
        ("<s>", "<s> $A", "added-by-tokenizer", (1,)),
        ("<s>", None, "prepended", (1,)),
        (None, None, "none", ()),
    ],
)
def test_bos_stands_once(bos, around, rule, start) -> None:
    reader = find_reader(made(".", ["A", "b"], bos=bos, around=around))
    assert (reader.rule, reader.start) == (rule, start)
    assert reader.ids("Ab") == (*start, 3, 4)


def test_a_tokenizer_that_adds_an_end_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        find_reader(made(".", ["A"], bos="<s>", around="<s> $A </s>"))
    assert refused.value.code == "unknown-special-tokens"


def test_the_target_is_the_first_token_after_the_prompt() -> None:
    reader = find_reader(tokenizer())
    found = in_context_set(in_context("next", count=5), material(), reader)
    for prompt, text in zip(found.prompts, found.texts, strict=True):
        assert reader.tokenizer.decode(prompt.targets) == text.answer
        assert prompt.scored == (len(prompt.ids) - 1,)
        assert prompt.ids[0] == 1 and 1 not in prompt.ids[1:]
    assert found.names == ["next"] and found.group_of == [0] * 5


def test_the_hash_is_of_the_tokens() -> None:
    reader = find_reader(tokenizer())
    same, again, other = (in_context_set(in_context(seed=seed), material(), reader).sha256 for seed in (1, 1, 2))
    assert same == again != other


def test_single_characters_cannot_be_scored() -> None:
    text = "QA: \nxyzn0123456789"
    reader = find_reader(made(r"[\s\S]", list(text)))
    assert "same token" in why_unscorable([("x1", "y1"), ("x2", "y2")], LAYOUT, reader)
    with pytest.raises(Refusal, match="none of those asked for is left") as refused:
        refuse_unscorable(["same", "next"], material(), reader)
    assert refused.value.code == "no-single-step-answers"


def test_answers_that_change_the_cut_cannot_be_scored() -> None:
    reader = find_reader(made(r": y1|\n|[^\n:]+|:", ["Q", "A", ":", "\n", " x1", " x2", ": y1", " y2"]))
    assert "not cut off" in why_unscorable([("x1", "y1"), ("x2", "y2")], LAYOUT, reader)


def test_unknown_answers_cannot_be_scored() -> None:
    assert "does not know" in why_unscorable([("x1", "y1"), ("x2", "new")], LAYOUT, find_reader(tokenizer()))


def test_few_shared_first_tokens_are_fine_and_many_are_not() -> None:
    pieces = r"\n\n|\n| ?[^\s:+]+|[:+]"
    reader = find_reader(made(pieces, ["Q", "A", ":", "\n", "+", " most", *(f" x{i}" for i in range(20))]))
    plain = [(f"x{i}", f"x{i}") for i in range(20)]

    def with_shared(count: int):
        return [(given, f"most+x{i}" if i < count else produced) for i, (given, produced) in enumerate(plain)]

    assert why_unscorable(with_shared(5), LAYOUT, reader) is None
    assert "other answers start with the same token" in why_unscorable(with_shared(12), LAYOUT, reader)


def test_refusal_names_the_tasks_and_what_to_leave_out() -> None:
    bad = Task("constant", "letters", tuple(Pair(f"x{i}", "y1") for i in range(5)))
    given = material()
    mixed = InContextMaterial(**{**vars(given), "tasks": (*given.tasks, bad)})
    with pytest.raises(Refusal, match="^constant were to be scored .* leave these tasks out") as refused:
        refuse_unscorable(["same", "constant"], mixed, find_reader(tokenizer()))
    assert refused.value.code == "no-single-step-answers"


@pytest.mark.parametrize(("tasks", "code"), [(("nexd",), "unknown-task"), (("same", "same"), "task-twice")])
def test_wrong_tasks_are_refused(tasks, code) -> None:
    with pytest.raises(Refusal) as refused:
        in_context_set(in_context(*tasks), material(), find_reader(tokenizer()))
    assert refused.value.code == code


def test_repeated_blocks() -> None:
    made_twice = [
        repeated.generate(namespace="n", vocabulary=range(3, 60), length=8, repeats=3, count=count, seed=5)
        for count in (2, 4)
    ]
    assert made_twice[1][:2] == made_twice[0]  # asking for more changes nothing
    for sequence in made_twice[1]:
        assert sequence == sequence[:8] * 3 and len(set(sequence)) == 8
    assert list(made_twice[0][1][:8]) == random.Random("n|8|3|5|1").sample(range(3, 60), 8)
    with pytest.raises(Refusal, match="57 tokens"):
        repeated.generate(namespace="n", vocabulary=range(3, 60), length=58, repeats=2, count=1, seed=0)


@pytest.mark.parametrize("with_bos", [True, False])
def test_repeated_targets_leave_out_what_nothing_predicts(with_bos: bool) -> None:
    words = tokenizer() if with_bos else made(" ?[^ ]+", [f" x{i}" for i in range(WORDS)])
    reader = find_reader(words)
    found = repeated_set(repeats(4, 3, 2), repeated_material(), reader, 1000)
    prompt = found.prompts[0]
    block = prompt.ids[len(reader.start) :][:4]
    assert not set(block) & set(words.all_special_ids)
    first, later = found.groups
    assert [prompt.targets[c] for c in first.columns] == list(block if with_bos else block[1:])
    assert [prompt.targets[c] for c in later.columns] == [*block[1:], *block]
    assert all(prompt.ids[place + 1] == target for place, target in zip(prompt.scored, prompt.targets, strict=True))


def test_scores_are_means_over_prompts_and_positions() -> None:
    reader = find_reader(tokenizer())
    found = in_context_set(in_context("same", "other", count=2), material(), reader)
    probability = torch.tensor([[0.5], [0.25], [1.0], [0.5]])
    answers = Answers(torch.tensor([[True], [False], [True], [True]]), probability, probability.log())
    scores = task_scores(found, answers)
    assert [(s.task, s.prompts, s.accuracy, s.probability) for s in scores] == [
        ("same", 2, 0.5, 0.375),
        ("other", 2, 1.0, 0.75),
    ]
    assert scores[0].loss == pytest.approx(-(probability[0].log() + probability[1].log()).item() / 2)
    assert scores[0].majority == (0.5 if found.prompts[0].targets != found.prompts[1].targets else 1.0)
    assert overall(scores)[0] == 0.75
    assert per_prompt(found, answers).shape == (2, 2, 3)


def test_repeated_tokens_are_judged_by_the_later_blocks() -> None:
    found = repeated_set(repeats(4, 2, 1), repeated_material(), find_reader(tokenizer()), 1000)
    right = torch.tensor([[column in found.groups[1].columns for column in range(7)]])
    scores = task_scores(found, Answers(right, right.float(), torch.zeros(1, 7)))
    assert [(s.task, s.accuracy, s.majority) for s in scores] == [("first-block", 0, 0.25), ("later-blocks", 1, 1 / 3)]
    assert overall(scores) == (1.0, 0.0)
