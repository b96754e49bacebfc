"""Planted year-readers, in both architectures: the year is read, later ones are said, induction heads look on."""

import random

import pytest
import torch
from planted_words import ROW
from planting import planted_by, same_twice_without_zeros

from recircuit_worker.address import parse
from recircuit_worker.decode import decode
from recircuit_worker.errors import Refusal

YEARS = [f"{year:02}" for year in range(1, 100)]
CENTURIES = ["16", "17"]
TASK = {
    **ROW,
    "task": "later",
    "slots": [
        {"kind": "choice", "slots": ["XX"], "list": "centuries"},
        {"kind": "choice", "slots": ["YY"], "list": "years"},
        {"kind": "items", "slot": "after", "list": "years", "which": "after", "of": "YY"},
        {"kind": "items", "slot": "up_to", "list": "years", "which": "up-to", "of": "YY"},
    ],
    "queries": ["From the year {XX}{YY} to the year {XX}"],
    "answer": "{after}",
    "rivals": ["{up_to}"],
    "split_by": ["YY"],
    "counterfactuals": [
        {"name": "start-01", "about": "early", "slots": [{"kind": "constant", "slot": "YY", "value": "01"}]},
    ],
}


def material(split="held-out"):
    lists = {"years": YEARS, "centuries": CENTURIES, "words": ["war", "siege"]}
    body = {"kind": "contrast-pairs", "behaviour": "years", "split": split, "split_seed": 1}
    return decode("Material", {**body, "lists": lists, "tasks": [TASK]})


def recipe(**changes):
    return {
        "kind": "planted-years",
        "architecture": "llama",
        "layers": 4,
        "heads": 6,
        "seed": 1,
        "noise": 0.002,
        "stored": "float16",
        "vocabulary": ["years"],
        "years": {"behaviour": "years", "list": "years"},
        "centuries": {"behaviour": "years", "list": "centuries"},
        "said_in": 3,
        "circuit": [
            {"motif": "previous-token", "layers": [0, 0]},
            {"motif": "induction", "layers": [1, 2]},
            {"motif": "year-reader", "layers": [1, 2, 1, 2, 1, 2]},
        ],
        "decoys": [{"motif": "year-reader", "keeps": "writing", "layers": [1]}],
        **changes,
    }


def planted(**changes):
    halves = [material("search"), material()]
    return planted_by("PlantedYearsRecipe", recipe(**changes), halves)


class Read:
    """A planted model after a prompt for each year from 02 to 98."""

    asked = range(2, 99)

    def __init__(self, architecture):
        self.planted, tokenizer = planted(architecture=architecture)
        rng = random.Random(0)
        texts = [
            f"From the year {century}{year:02} to the year {century}"
            for year, century in ((year, rng.choice(CENTURIES)) for year in self.asked)
        ]
        rows = torch.tensor([tokenizer.encode(text) for text in texts])
        with torch.inference_mode():
            said = self.planted.model(rows, output_attentions=True)
        probabilities = said.logits[:, -1].softmax(-1)
        self.years = probabilities[:, tokenizer.convert_tokens_to_ids(YEARS)]
        self.place, self.attentions = tokenizer.convert_ids_to_tokens(rows[-1]).index("98"), said.attentions

    def looks(self, head):
        """Returns the mean attention of a head from the end to the year."""
        return float(self.attentions[head.layer][:, head.head, -1, self.place].mean())


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def read(request):
    return Read(request.param)


def test_nearly_all_probability_goes_to_later_years_after_every_year(read):
    later = torch.tensor([[int(year) > asked for year in YEARS] for asked in read.asked])
    difference = (read.years * later).sum(-1) - (read.years * ~later).sum(-1)
    assert difference.mean() > 0.8 and difference[:90].min() > 0.5


def test_year_readers_and_induction_heads_look_at_the_year_and_a_decoy_that_keeps_writing_does_not(read):
    roles = read.planted.roles
    assert all(read.looks(head) > 0.7 for motif in ("year-reader", "induction") for head in roles[motif])
    assert read.looks(parse(read.planted.decoys[0].component)) < 0.05


def test_a_recipe_gives_the_same_weights_twice_and_nothing_is_zero():
    assert same_twice_without_zeros(planted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"said_in": 4}, "no-such-layer"),
        ({"years": {"behaviour": "years", "list": "months"}}, "no-word-list"),
        ({"years": {"behaviour": "years", "list": "words"}}, "not-one-token"),
        ({"circuit": [{"motif": "s-inhibition", "layers": [1]}]}, "other-planes"),
    ],
)
def test_what_cannot_be_planted_is_refused(change, code):
    with pytest.raises(Refusal) as refused:
        planted(**change)
    assert refused.value.code == code
