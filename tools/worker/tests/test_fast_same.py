"""What must not matter to the fast engine, and what it must leave as it was.

Chunks, orders, companions in the batch and earlier calls change no number; a head given its own value changes nothing;
and after a call, finished or broken off, model and recorded passes are what they were before.
"""

import random
from dataclasses import replace

import pytest
import torch
from exact import EXACT, Pair, Sets, every_token, prompts
from tiny import FAMILIES, WIDTH

from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Edit, EditedLogits, Receiver, TokenPrompt, Watch
from recircuit_worker.engine.sweeps import from_the_end, head_sets
from recircuit_worker.errors import Cancelled


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request) -> Pair:
    return Pair(request.param)


def some_sets(pair: Pair, count: int = 4) -> Sets:
    """Returns every head at the last token, and a few sets with longer rows and sites of their own."""
    places, wide = torch.tensor([[3, 5], [2, -1], [0, 8], [6, 4]])[:count], pair.noise(count, WIDTH)
    reads = [[Edit(site, 1, "zero", head=2, positions=places)] for site in pair.reads]
    others = [[Edit("residual", 0, "add", wide, positions="all")], [Edit("mlp", 1, "replace", wide)], []]
    return [*head_sets(3, 4, pair.noise(count, 3, 4, pair.width), "last"), *reads, *others]


def logits(fast: Fast, asked: list[TokenPrompt], sets: Sets) -> EditedLogits:
    return fast.logits_each(asked, sets, every_token(asked))


def same(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape and float((found - expected).abs().max()) <= EXACT


def test_the_clean_row_is_the_whole_pass(pair: Pair) -> None:
    asked, fast = prompts(back=(0, 2)), pair.fast()
    found = logits(fast, asked, some_sets(pair))
    for row, prompt in enumerate(asked):
        (alone,) = pair.reference.logits_each([prompt], [[]], every_token([prompt])).clean
        same(found.clean[:, row], alone.expand(len(found.clean), -1, -1, -1)[:, 0])
    assert 0 < fast.counts.noise <= EXACT


def test_own_values_change_nothing(pair: Pair) -> None:
    asked, fast = prompts(), pair.fast()
    for offsets in ([-1], None):
        own = fast.head_outputs(asked, from_the_end(asked, offsets))
        found = logits(fast, asked, head_sets(3, 4, own, from_the_end(asked, offsets)))
        same(found.edited, found.clean)


def test_the_counterfactuals_own_values_everywhere_are_the_counterfactual(pair: Pair) -> None:
    """All heads and MLPs of other prompts, and the difference of embeddings: nothing of the first prompts is left."""
    asked, other = prompts(), prompts(seed=1)
    places = from_the_end(asked, None)
    theirs = pair.reference.head_outputs(other, places)
    entering: list[torch.Tensor] = []
    handle = pair.parts.layers[0].module.register_forward_pre_hook(lambda m, args: entering.append(args[0]))
    outputs: list[list[torch.Tensor]] = [[], [], []]
    for layer, kept in zip(pair.parts.layers, outputs, strict=True):
        layer.mlp.register_forward_hook(lambda m, args, out, kept=kept: kept.append(out))
    try:
        pair.reference.answers(asked)
        pair.reference.answers(other)
    finally:
        handle.remove()
        for layer in pair.parts.layers:
            layer.mlp._forward_hooks.clear()
    order = torch.tensor(sorted(range(4), key=lambda row: len(asked[row].ids))).argsort()  # batches are shortest first
    first, second = (given[order] for given in entering)
    everything = [
        *(edit for (edit,) in head_sets(3, 4, theirs, places)),
        *(Edit("mlp", layer, "replace", kept[1][order], positions=places) for layer, kept in enumerate(outputs)),
        Edit("residual", 0, "add", second - first, positions=places),
    ]
    found = logits(pair.fast(), asked, [everything]).edited[0]
    same(found, logits(pair.fast(), other, [[]]).clean[0])
    assert float((found - logits(pair.fast(), asked, [[]]).clean[0]).abs().max()) > 1


def test_chunks_orders_and_companions_do_not_matter(pair: Pair) -> None:
    asked, sets = prompts(), some_sets(pair)
    expected = logits(pair.fast(), asked, sets)
    for rows in (1, 7):
        fast = pair.fast()
        fast.rows_at_once = lambda clean, length, rows=rows: rows
        same(logits(fast, asked, sets).edited, expected.edited)
    for smaller in ({"row_tokens": 1}, {"row_tokens": 100}, {"clean_tokens": 1}, {"logits": 1}):
        fast = pair.fast()
        fast.budget = replace(fast.budget, **smaller)
        same(logits(fast, asked, sets[::3]).edited, expected.edited[::3])
    shuffled = random.Random(0).sample(range(len(sets)), len(sets))
    same(logits(pair.fast(), asked, [sets[place] for place in shuffled]).edited, expected.edited[shuffled])
    turned = [[replace(e, value=_turn(e.value), positions=_turn(e.positions)) for e in edits] for edits in sets]
    same(logits(pair.fast(), asked[::-1], turned).edited, expected.edited.flip(1))
    longer = [*asked, *prompts((20,), seed=2)]
    values = pair.noise(4, 3, 4, pair.width)
    beside = head_sets(3, 4, torch.cat([values, values[:1]]), "last")
    same(logits(pair.fast(), longer, beside).edited[:, :4], expected.edited[:12])


def test_permuted_heads_give_permuted_effects() -> None:
    """The same model with its heads in another order tells the same numbers in that order."""
    pair, other, order = Pair("llama", num_key_value_heads=4), Pair("llama", num_key_value_heads=4), [2, 0, 3, 1]
    places = torch.arange(4 * pair.width).view(4, -1)[order].flatten()
    for layer in other.model.model.layers:
        for name in ("q_proj", "k_proj", "v_proj"):
            getattr(layer.self_attn, name).weight.copy_(getattr(layer.self_attn, name).weight[places])
        layer.self_attn.o_proj.weight.copy_(layer.self_attn.o_proj.weight[:, places])
    asked, values = prompts(), pair.noise(4, 3, 4, pair.width)
    plain = logits(pair.fast(), asked, head_sets(3, 4, values, "last")).edited.unflatten(0, (3, 4))
    permuted = logits(other.fast(), asked, head_sets(3, 4, values[:, :, order], "last")).edited.unflatten(0, (3, 4))
    same(permuted, plain[:, order])
    assert float((permuted - plain).abs().amax((2, 3, 4)).min()) > 1e-2


def _turn(part: object) -> object:
    return part.flip(0) if isinstance(part, torch.Tensor) and part.dim() > 1 else part


def test_impossible_effects_are_zero_to_the_last_bit(pair: Pair) -> None:
    asked = prompts(back=(0, 2, 4))
    places = from_the_end(asked, [-3, -2])
    for fast in (pair.fast(), Pair(pair.name, torch.float32).fast()):
        sets = [[], *some_sets(pair)[:12], [Edit("residual", 0, "add", pair.noise(4, WIDTH), positions=places)]]
        found = logits(fast, asked, sets)
        answers = fast.answers_each(asked, sets)
        effect = (found.edited - found.clean).abs().amax(-1)
        assert torch.equal(answers.edited.probability[0], answers.clean.probability[0])
        assert not effect[0].any() and not effect[1:13, :, :2].any() and not effect[13, :, 0].any()
        assert effect[1:, :, 2].min() > 1e-4 and effect[13, :, 1].min() > 1e-4


def test_recorded_passes_are_never_changed(pair: Pair) -> None:
    asked, sets, fast = prompts(), some_sets(pair), pair.fast()
    (clean,) = fast.clean_passes(asked, sets, heads=True)
    kept = [*clean.keys, *clean.values, *clean.residual, *clean.masks, *clean.heads, clean.logits]
    before = [tensor.clone() for tensor in kept]
    first = logits(fast, asked, sets)
    fast.paths(asked, sets[:4], None, every_token(asked))
    assert all(torch.equal(one, other) for one, other in zip(kept, before, strict=True))
    assert torch.equal(logits(fast, asked, sets).edited, first.edited)  # a kept pass is as good as a new one


def test_other_prompts_of_the_same_numbers_have_a_clean_pass_of_their_own() -> None:
    pair = Pair("llama")
    ids = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
    wide = [TokenPrompt(ids[row * 6 : row * 6 + 6], (1, 3, 2), (3, 3, 3)) for row in range(2)]
    high = [
        TokenPrompt(ids[row * 4 : row * 4 + 4], scored, (3, 3)) for row, scored in enumerate([(1, 3), (2, 1), (3, 2)])
    ]
    fast = pair.fast()
    for asked in (wide, high):
        same(logits(fast, asked, [[]]).edited, pair.reference.logits_each(asked, [[]], every_token(asked)).edited)


def state(pair: Pair) -> tuple:
    """Returns what a call could leave behind in a model: hooks, forwards of single modules, the way of attention."""
    forwards = [name for name, module in pair.model.named_modules() if "forward" in vars(module)]
    return (
        hook_count(pair.model),
        forwards,
        pair.model.config._attn_implementation,
        pair.parts.base.config._attn_implementation,
    )


def test_nothing_stays_behind_wherever_a_call_breaks_off(pair: Pair) -> None:
    asked, sets, before = prompts(), some_sets(pair), state(pair)
    senders, rng = head_sets(3, 4, None, "last"), random.Random(pair.name)
    receivers = [[Receiver(2, 1, "key")]] if pair.reads else None

    def run(stop_at: int) -> int:
        done, fast = 0, pair.fast()

        def stop() -> None:
            nonlocal done
            done += 1
            if done == stop_at:
                raise Cancelled

        fast.watch = Watch(check_cancelled=stop)
        logits(fast, asked, sets)
        fast.paths(asked, senders, receivers, every_token(asked))
        return done

    checks = run(0)
    assert state(pair) == before and checks > 12
    for stop_at in rng.sample(range(1, checks + 1), 6):
        with pytest.raises(Cancelled):
            run(stop_at)
        assert state(pair) == before
    failing = pair.parts.layers[1].mlp.register_forward_pre_hook(lambda module, args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pair.fast().logits_each(asked, sets, every_token(asked))
    failing.remove()
    assert state(pair) == before


def test_a_forward_that_someone_else_put_there_stays() -> None:
    """accelerate gives modules a forward of their own when a model lies on several devices."""
    pair, called = Pair("llama"), []
    modules = (pair.parts.base, pair.parts.unembedding, pair.parts.layers[1].attention)
    for module in modules:
        own = module.forward
        module.forward = lambda *args, own=own, **kwargs: called.append(own) or own(*args, **kwargs)
    put = [module.forward for module in modules]
    pair.fast().paths(prompts(), head_sets(3, 4, None, "last"), None, every_token(prompts()))
    assert called and put == [module.forward for module in modules]
