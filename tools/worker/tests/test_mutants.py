"""Deliberate errors in the fast engine, each by one function put in the place of its own: every one is noticed.

Noticed means that the comparison with the reference engine fails, or the counting of edits does; both pass without the
error. What a test would not notice, it does not test.
"""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
import torch
from exact import Pair, Sets, check, prompts
from test_paths import RECEIVERS, compare
from tiny import WIDTH
from torch import Tensor

from recircuit_worker.engine.fast import attention, cache, plan, rows, unembed
from recircuit_worker.engine.fast.clean import Clean, Tail
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.sweeps import from_the_end, head_sets
from recircuit_worker.errors import Fault

Break = Callable[[Callable], Callable]
"""given the function, returns the broken one"""


@dataclass(frozen=True)
class Mutant:
    name: str
    architecture: str
    """one in which it shows"""
    place: object
    function: str
    broken: Break


def one_place_early(own: Callable) -> Callable:
    def broken(*args: object) -> tuple[Tensor, Tensor, Tensor]:
        prompt, column, places = own(*args)
        return prompt, column, (places - 1).clamp(min=0)

    return broken


def next_head(own: Callable) -> Callable:
    def broken(members: list, *args: object) -> object:
        group = own(members, *args)
        return group if group.heads is None else replace(group, heads=(group.heads + 1) % 4)

    return broken


def with_argument(place: int, value: object) -> Break:
    """Returns the error of one argument having another value."""
    return lambda own: lambda *args: own(*args[:place], value, *args[place + 1 :])


def no_hooks(own: Callable) -> Callable:
    @contextmanager
    def broken(*args: object):
        yield

    return broken


def from_the_padded_end(own: Callable) -> Callable:
    """Positions are those of a batch that is padded on the left."""

    def broken(value: object, tail: Tail, tokens: int, count: int) -> object:
        length = tail.places.shape[1]
        return own(
            value, Tail(torch.arange(tokens - length, tokens).expand_as(tail.places), tail.prefix), tokens, count
        )

    return broken


def layer_above(own: Callable) -> Callable:
    return lambda self, layer, length: own(self, min(layer + 1, len(self.residual) - 1), length)


def others_of_the_same_size(own: Callable) -> Callable:
    return lambda batch: tuple(batch.ids.shape)


def groups_swapped(own: Callable) -> Callable:
    return lambda query_or_weights, shared: own(query_or_weights, shared.flip(1))


def nothing_hidden_but_the_future(own: Callable) -> Callable:
    """The window is forgotten; causality and the prefix's end are not."""
    return lambda mask, *args: own(torch.where(mask == 0, 0.0, mask).tril().triu(1).add(_causal(mask)), *args)


def _causal(mask: Tensor) -> Tensor:
    return torch.full(mask.shape[-2:], torch.finfo(mask.dtype).min, dtype=mask.dtype).triu(1).expand_as(mask)


MUTANTS = [
    Mutant("wrong position", "llama", plan, "_places", one_place_early),
    Mutant("off-by-one layer", "qwen2", Clean, "entering", layer_above),
    Mutant("dropped soft cap", "gemma2", attention, "_attend", with_argument(5, None)),
    Mutant("wrong head slice", "gpt2", plan, "_group", next_head),
    Mutant("missing bias", "gptj", unembed, "_rows_of", lambda own: lambda *args: (own(*args)[0], None)),
    Mutant("stale prefix", "olmo2", cache, "_key", others_of_the_same_size),
    Mutant("unscaled query", "gpt_neox", attention, "_attend", with_argument(4, 1.0)),
    Mutant("swapped group of heads: keys", "qwen3", attention, "_own_scores", groups_swapped),
    Mutant("swapped group of heads: values", "phi3", attention, "_own_outputs", groups_swapped),
    Mutant("padding shift", "mistral", rows, "_for_rows", from_the_padded_end),
    Mutant("unfired hook", "llama", rows, "_edited_layer", no_hooks),
    Mutant("window ignored", "gemma3", attention, "_make_bias", nothing_hidden_but_the_future),
    Mutant("reached nowhere", "olmo3", plan.Plan, "reached", lambda own: lambda self, frozen: self.edited & False),
]


def sets(pair: Pair, asked: list) -> Sets:
    values, wide = pair.noise(4, 3, 4, pair.width), pair.noise(4, WIDTH)
    middle = head_sets(3, 4, pair.noise(4, 2, 3, 4, pair.width, seed=1), from_the_end(asked, [-4, -2]))
    return [*head_sets(3, 4, values, "last"), *middle[::5], [Edit("residual", 0, "add", wide)]]


def compare_all(pair: Pair) -> None:
    """Returns if an engine that has seen other prompts of the same lengths is exact on these."""
    asked, fast = prompts(back=(0, 1, 3)), pair.fast()
    edits = sets(pair, asked)
    fast.answers_each(prompts(back=(0, 1, 3), seed=1), [[]] * len(edits))
    check(pair, asked, edits, fast)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_an_error_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(mutant.architecture)
    compare_all(pair)
    monkeypatch.setattr(mutant.place, mutant.function, mutant.broken(getattr(mutant.place, mutant.function)))
    with pytest.raises((AssertionError, Fault)) as noticed:
        compare_all(pair)
    if mutant.name == "unfired hook":
        assert noticed.value.code == "edit-did-not-fire"


def heads_of_the_next_token(own: Callable) -> Callable:
    return lambda clean, *args: own(replace(clean, heads=[heads.roll(1, dims=1) for heads in clean.heads]), *args)


PATHS = [
    Mutant("frozen heads of another token", "llama", rows, "_tail_heads", heads_of_the_next_token),
    Mutant("group order of keys", "gemma2", rows, "ungroup", lambda own: lambda x, heads: own(x, heads).roll(1, 1)),
    Mutant("heads that are not frozen", "gpt2", rows, "_projected_only", no_hooks),
    Mutant("receivers hear each other", "qwen2", plan.Plan, "reached", lambda own: lambda self, frozen: self.edited),
]


@pytest.mark.parametrize("mutant", PATHS, ids=lambda mutant: mutant.name)
def test_an_error_in_path_patching_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, asked = Pair(mutant.architecture), prompts(back=(0, 3))
    places = from_the_end(asked, [-5])
    senders = head_sets(3, 4, pair.noise(4, 1, 3, 4, pair.width), places)[::3]

    def compare_both() -> None:
        for groups in (None, RECEIVERS):
            compare(pair, asked, senders, groups)

    compare_both()
    monkeypatch.setattr(mutant.place, mutant.function, mutant.broken(getattr(mutant.place, mutant.function)))
    with pytest.raises((AssertionError, Fault)):
        compare_both()
