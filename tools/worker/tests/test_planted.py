"""Planted organisms: every planted head does what its motif says, in both architectures, and decoys do half of it."""

import random

import pytest
import torch
from planted_words import material, recipe
from planting import planted_by, same_twice_without_zeros

from recircuit_worker.address import parse
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import find_parts, head_matrix
from recircuit_worker.organisms.planted.codes import next_item, token_codes
from recircuit_worker.prompts.contrast import Drawer
from recircuit_worker.prompts.contrast_set import read_item
from recircuit_worker.prompts.tokens import find_reader

PROMPTS = 24


def planted(**changes):
    halves = [material("search"), material("held-out")]
    return planted_by("PlantedRecipe", recipe(**changes), halves)


def drawn(tokenizer):
    half, reader = material(), find_reader(tokenizer)
    drawer = Drawer(half.tasks[0], half, 0)
    return [read_item("abba", drawer.draw(random.Random(index)), reader) for index in range(PROMPTS)]


class Read:
    """A planted model on prompts of people, all of one length."""

    def __init__(self, architecture):
        self.planted, self.tokenizer = planted(architecture=architecture)
        self.items = drawn(self.tokenizer)
        rows = torch.tensor([item.ids["clean"] for item in self.items])
        with torch.inference_mode():
            said = self.planted.model(rows, output_attentions=True)
        self.logits, self.attentions = said.logits[:, -1], said.attentions

    def looks(self, head, source, target):
        """Returns the mean attention of a head between two named positions; `BOS` is the first token."""
        places = [{**{name: at[0] for name, at in item.positions.items()}, "BOS": 0} for item in self.items]
        weights = self.attentions[head.layer][:, head.head]
        return sum(float(weights[row, at[source], at[target]]) for row, at in enumerate(places)) / len(places)

    def heads(self, motif):
        return self.planted.roles[motif]


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def read(request):
    return Read(request.param)


def test_the_behaviour_is_solved(read):
    answers = torch.tensor([item.answers[0] for item in read.items])
    assert (read.logits.argmax(-1) == answers).float().mean() >= 0.95


@pytest.mark.parametrize(
    ("motif", "source", "target"),
    [
        ("duplicate-token", "S2", "S1"),
        ("s-inhibition", "END", "S2"),
        ("name-mover", "END", "IO"),
        ("negative-name-mover", "END", "IO"),
        ("sink", "END", "BOS"),
    ],
)
def test_heads_look_where_their_motif_says(read, motif, source, target):
    assert all(read.looks(head, source, target) > 0.7 for head in read.heads(motif))


def test_previous_token_and_induction_heads_by_the_distance(read):
    ids = torch.randint(3, len(read.tokenizer), (1, 20), generator=torch.Generator().manual_seed(0))
    rows = torch.cat([torch.ones(1, 1, dtype=torch.long), ids, ids], dim=1)
    with torch.inference_mode():
        attentions = read.planted.model(rows, output_attentions=True).attentions
    for motif, back, start in (("previous-token", 1, 2), ("induction", 19, 22)):
        for head in read.heads(motif):
            weights = attentions[head.layer][0, head.head]
            diagonal = torch.stack([weights[at, at - back] for at in range(start, len(weights))])
            assert diagonal.median() > 0.9


def test_backups_wake_only_without_the_movers(read):
    model, movers = read.planted.model, read.heads("name-mover")
    assert all(read.looks(head, "END", "IO") < 0.3 for head in read.heads("backup-name-mover"))
    parts = find_parts(model)
    kept = [head_matrix(parts, head.layer, head.head).detach().clone() for head in movers]
    try:
        with torch.inference_mode():
            for head in movers:
                head_matrix(parts, head.layer, head.head).zero_()
            rows = torch.tensor([item.ids["clean"] for item in read.items])
            attentions = model(rows, output_attentions=True).attentions
    finally:
        with torch.inference_mode():
            for head, matrix in zip(movers, kept, strict=True):
                head_matrix(parts, head.layer, head.head).copy_(matrix)
    for head in read.heads("backup-name-mover"):
        seen = [
            attentions[head.layer][row, head.head, -1, item.positions["IO"][0]] for row, item in enumerate(read.items)
        ]
        assert torch.stack(seen).mean() > 0.6


def test_a_decoy_has_one_half_of_its_motif(read):
    parts = find_parts(read.planted.model)

    def writes(layer, head):
        return float(head_matrix(parts, layer, head).detach().norm())

    mover = read.heads("name-mover")[0]
    looker, writer = (parse(decoy.component) for decoy in read.planted.decoys)
    assert read.looks(looker, "END", "IO") > 0.7
    assert writes(looker.layer, looker.head) < 0.2 * writes(mover.layer, mover.head)
    assert read.looks(writer, "END", "IO") < 0.05
    assert writes(writer.layer, writer.head) > 0.9 * writes(mover.layer, mover.head)


def test_one_linear_map_takes_every_item_to_the_next():
    generator = torch.Generator().manual_seed(0)
    codes = token_codes(30, {"name": [0, 1], "item": [*range(10, 28)]}, [range(10, 20), range(20, 28)], generator)
    after = codes[10:27] @ next_item() @ codes.T
    assert [int(best) for place, best in enumerate(after.argmax(-1)) if place != 9] == [*range(11, 20), *range(21, 28)]
    assert torch.allclose(codes.norm(dim=-1), torch.ones(30, dtype=torch.float64))


def test_a_recipe_gives_the_same_weights_twice_and_nothing_is_zero():
    assert same_twice_without_zeros(planted)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"circuit": [{"motif": "sink", "layers": [0] * 6}]}, "layer-full"),
        ({"words": {**recipe()["words"], "names": [{"behaviour": "people", "list": "animals"}]}}, "no-word-list"),
    ],
)
def test_what_cannot_be_planted_is_refused(change, code):
    with pytest.raises(Refusal) as refused:
        planted(**change)
    assert refused.value.code == code
