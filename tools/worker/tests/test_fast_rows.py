"""The fast engine gives the reference engine's logits: every family and site, wherever edited and wherever scored."""

import pytest
import torch
from exact import Pair, Sets, check, prompts
from tiny import FAMILIES, WIDTH

from recircuit_worker.engine.interface import Edit, TokenPrompt
from recircuit_worker.engine.sweeps import from_the_end, head_sets


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request) -> Pair:
    return Pair(request.param)


def sweeps(pair: Pair, asked: list[TokenPrompt], offsets: list[int] | None) -> Sets:
    """Returns every head at these places with a mean, with nothing, and with what it gives in other prompts."""
    places = from_the_end(asked, offsets)
    other = prompts([len(prompt.ids) for prompt in asked], seed=1)
    theirs = pair.reference.head_outputs(other, places)  # (prompt, place, layer, head, head_dim)
    mean = theirs.mean((0, 1))
    if offsets == [-1]:
        # The last token by its name is another way through the code than by its place.
        return [
            *head_sets(pair.layers, pair.heads, mean.expand(len(asked), *mean.shape), "last"),
            *head_sets(pair.layers, pair.heads, None, "last"),
            *head_sets(pair.layers, pair.heads, theirs, places),
        ]
    heads = [(layer, head) for layer in range(pair.layers) for head in range(pair.heads)]
    everywhere = "all" if offsets is None else places
    return [
        *([Edit("head", layer, "replace", mean[layer, head], head, everywhere)] for layer, head in heads),
        *head_sets(pair.layers, pair.heads, None, everywhere),
        *head_sets(pair.layers, pair.heads, theirs, places),
    ]


def in_turn(sets: Sets) -> Sets:
    """Returns every head once, with each of the three sources in turn."""
    return [sets[13 * head % 36] for head in range(12)]


@pytest.mark.parametrize("offsets", [[-1], [-4, -2], None], ids=["last", "middle", "all"])
def test_every_head_by_mean_zero_and_counterfactual(pair: Pair, offsets: list[int] | None) -> None:
    back = (0, 1, 3)  # a head of the last layer is heard where it speaks and nowhere else
    padded, equal = prompts((9, 12, 9, 7), back), prompts((8, 8, 8), back)
    every = sweeps(pair, padded, offsets)
    check(pair, padded, every if offsets == [-1] else in_turn(every))
    check(pair, equal, in_turn(sweeps(pair, equal, offsets)))


def mixed(pair: Pair, asked: list[TokenPrompt]) -> Sets:
    """Returns sets of edits of every site and kind, alone, together, and one after another in the same place."""
    count, width = len(asked), pair.width
    places = torch.tensor([[3, 5], [2, -1], [0, 8], [6, 4]])[:count]
    wide, narrow = pair.noise(count, WIDTH), pair.noise(count, width, seed=1)
    sets = [
        [Edit("residual", 0, "add", wide)],
        [Edit("residual", 1, "replace", wide, positions="all")],
        [Edit("residual", pair.layers - 1, "add", wide[0])],
        [Edit("residual", 1, "add", pair.noise(count, 2, WIDTH), positions=places)],
        [Edit("mlp", 0, "zero")],
        [Edit("mlp", 1, "replace", wide, positions=places), Edit("mlp", 2, "add", wide[1], positions="all")],
        [Edit("head", 1, "replace", narrow, 2), Edit("head", 1, "add", narrow[0], 2)],
        [Edit("head", 1, "add", narrow[0], 2, "all"), Edit("head", 1, "replace", narrow, 2, places)],
        [Edit("head", 0, "zero", head=1), Edit("residual", 1, "add", wide), Edit("head", 2, "add", narrow, 3, places)],
        [Edit("head", layer, "zero", head=head) for layer in range(3) for head in (0, 3)],
    ]
    for site in pair.reads:
        sets += [
            [Edit(site, 1, "replace", narrow, 1)],
            [Edit(site, 0, "replace", narrow[0], 2, "all")],
            [Edit(site, 2, "replace", pair.noise(count, 2, width), 3, places)],
            [Edit(site, 1, "zero", head=head, positions=places) for head in range(pair.heads)],
        ]
    if pair.reads:
        sets.append([Edit("key", 1, "add", narrow, 1, "all"), Edit("query", 1, "zero", head=1), Edit("mlp", 0, "zero")])
    return sets


def test_every_site_alone_and_together(pair: Pair) -> None:
    several = prompts(back=(0, 3, 5))
    check(pair, several, mixed(pair, several))
    # Rows of one token take a shorter way through attention.
    alone = [edits for edits in mixed(pair, prompts()) if {str(edit.positions) for edit in edits} == {"last"}]
    check(pair, prompts(), alone)


def test_prompts_shorter_than_the_rows(pair: Pair) -> None:
    """Edits reach back further than the shortest prompts are long; prompts of one token among them."""
    asked = prompts((12, 1, 3, 2))
    heads = head_sets(pair.layers, pair.heads, pair.noise(4, 2, 3, 4, pair.width), from_the_end(asked, [-9, -1]))
    check(pair, asked, [*heads, [Edit("residual", 0, "add", pair.noise(4, WIDTH), positions="all")]])


def test_with_and_without_a_first_token_of_its_own(pair: Pair) -> None:
    for asked in (prompts(bos=True), prompts(bos=False)):
        check(pair, asked, head_sets(pair.layers, pair.heads, pair.noise(4, 3, 4, pair.width), "last")[::3])


@pytest.mark.parametrize("architecture", FAMILIES)
def test_single_precision(architecture: str) -> None:
    pair, asked = Pair(architecture, torch.float32), prompts()
    check(pair, asked, in_turn(sweeps(pair, asked, [-1])))
    check(pair, asked, mixed(pair, asked))
