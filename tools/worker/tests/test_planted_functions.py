"""Planted function vectors, in both architectures: answers that fit are seen, their form is told and said."""

import pytest
import torch
from calls import call, means
from planting import planted_by, same_twice_without_zeros
from tiny import bench, in_context

from recircuit_worker.address import parse
from recircuit_worker.contract import (
    InContextMaterial,
    InjectVectorInput,
    Pair,
    RankHeadsInput,
    SweepHeadsInput,
    Task,
    Template,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import find_parts, head_matrix
from recircuit_worker.organisms.measure import task_accuracies
from recircuit_worker.tools import inject_vector, rank_heads, sweep_heads

STEMS = [consonant + vowel + end for consonant in "bdfgkmp" for vowel in "ae" for end in "lt"]
TASKS = ("plural", "doubled")
SHOTS = 8
SAID_IN = 3


def material(split="held-out"):
    """Two tasks whose answers are forms of their words, and one whose answers are not."""
    answers = {"plural": "{}s", "doubled": "{0}{0}", "kind": "thing"}
    tasks = (
        Task(task, "words", tuple(Pair(stem, answer.format(stem)) for stem in STEMS))
        for task, answer in answers.items()
    )
    return InContextMaterial("in-context", "forms", split, Template("Q:", "A:", "\n", "\n\n"), tuple(tasks))


def recipe(**changes):
    return {
        "kind": "planted-functions",
        "architecture": "llama",
        "layers": 4,
        "heads": 5,
        "seed": 1,
        "noise": 0.002,
        "stored": "float16",
        "vocabulary": ["forms"],
        "tasks": list(TASKS),
        "asks_answer": [":"],
        "said_in": SAID_IN,
        "circuit": [
            {"motif": "answer-pair", "layers": [0, 0]},
            {"motif": "function-vector", "layers": [1, 2, 1, 2, 1, 2]},
            {"motif": "query-mover", "layers": [2, 3]},
        ],
        "decoys": [
            {"motif": "function-vector", "keeps": "attention", "layers": [1]},
            {"motif": "function-vector", "keeps": "writing", "layers": [2]},
        ],
        **changes,
    }


def planted(**changes):
    halves = [material("search"), material()]
    return planted_by("PlantedFunctionsRecipe", recipe(**changes), halves)


class Opened:
    """A planted model in a bench, with its truth."""

    def __init__(self, place, architecture):
        self.planted, self.tokenizer = planted(architecture=architecture)
        self.model = self.planted.model
        self.model.save_pretrained(place / "model")
        self.tokenizer.save_pretrained(place / "model")
        self.bench = bench(place / "model", place / "artifacts", of=material())
        self.vectors = [str(head) for head in self.planted.roles["function-vector"]]
        self.means = means(self.bench, *TASKS, shots=SHOTS, count=20).means.sha256

    def accuracies(self, variant, tasks=TASKS):
        return task_accuracies(self.model, self.tokenizer, material(), list(tasks), variant, SHOTS, 40).values()

    def looks(self, head, fitting):
        """Returns the attention of a head from the end of a prompt to its answers; as many as asked for fit."""
        answers = [f"{stem}s" for stem in STEMS[:SHOTS]]
        shown = [*answers[:fitting], *answers[fitting + 1 :], *answers[fitting : fitting + 1]]
        text = "".join(f"Q: {stem}\nA: {answer}\n\n" for stem, answer in zip(STEMS, shown, strict=False))
        ids = torch.tensor([self.tokenizer.encode(f"{text}Q: {STEMS[-1]}\nA:")])
        with torch.inference_mode():
            weights = self.model(ids, output_attentions=True).attentions[head.layer][0, head.head, -1]
        return weights[[place for place, token in enumerate(ids[0]) if self.tokenizer.decode(token).strip() in answers]]

    def injected(self, vector):
        request = InjectVectorInput(
            in_context(*TASKS, variant="zero-shot", count=20),
            self.means,
            tuple(self.vectors),
            None,
            (1.0,),
            vector,
            "raw",
        )
        return call(inject_vector, request, self.bench)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def opened(request, tmp_path_factory):
    return Opened(tmp_path_factory.mktemp("planted"), request.param)


def test_tasks_are_solved_from_demonstrations_that_fit_and_from_no_others(opened):
    assert min(opened.accuracies("clean")) >= 0.95
    assert max(opened.accuracies("shuffled")) <= 0.4
    assert max(opened.accuracies("zero-shot")) <= 0.1
    assert max(opened.accuracies("clean", ["kind"])) == 0


def test_function_vector_heads_attend_evenly_to_the_answers_that_fit(opened):
    for head in opened.planted.roles["function-vector"]:
        whole, half = opened.looks(head, SHOTS), opened.looks(head, 3)
        assert whole.sum() > 0.5 and whole.max() < 1.5 * whole.min()
        assert half[:3].min() > 20 * half[3:].max() and half.sum() < whole.sum()


def test_their_mean_outputs_make_the_model_do_the_task_before_the_mlp_that_says_it(opened):
    own, other = opened.injected("own-task"), opened.injected("other-task")
    assert own.before <= 0.1
    assert all((row.accuracy >= 0.95) == (row.layer < SAID_IN) for row in own.rows)
    assert other.best.accuracy <= 0.1


def test_the_heads_with_an_effect_are_the_planted_ones_in_the_order_of_their_strength(opened):
    prompts = in_context(*TASKS, variant="shuffled", shots=SHOTS, count=20)
    effects = call(sweep_heads, SweepHeadsInput(prompts, "mean", opened.means, (-1,)), opened.bench).effects
    found = call(rank_heads, RankHeadsInput(effects.sha256, None), opened.bench)
    top, rest = found.heads[: len(opened.vectors)], found.heads[len(opened.vectors) :]
    assert [head.component for head in top] == opened.vectors
    assert top[-1].effect > 5 * max(abs(head.effect) for head in rest)


def test_a_decoy_has_one_half_of_its_motif(opened):
    parts = find_parts(opened.model)
    looker, writer = (parse(decoy.component) for decoy in opened.planted.decoys)
    first = opened.planted.roles["function-vector"][0]
    looks = [float(opened.looks(head, SHOTS).sum()) for head in (looker, writer)]
    writes = [float(head_matrix(parts, head.layer, head.head).detach().norm()) for head in (looker, writer, first)]
    assert looks[0] > 0.5 and looks[1] < 0.05
    assert writes[0] < 0.3 * writes[2] and writes[1] > 0.9 * writes[2]


def test_a_recipe_gives_the_same_weights_twice_and_nothing_is_zero():
    assert same_twice_without_zeros(planted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tasks": ["singular"]}, "no-such-task"),
        ({"tasks": list(TASKS) * 7}, "too-many-tasks"),
        ({"said_in": 4}, "no-such-layer"),
        ({"circuit": [{"motif": "name-mover", "layers": [1]}]}, "other-planes"),
    ],
)
def test_what_cannot_be_planted_is_refused(change, code):
    with pytest.raises(Refusal) as refused:
        planted(**change)
    assert refused.value.code == code
