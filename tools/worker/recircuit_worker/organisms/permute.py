"""Twins of a model whose heads stand elsewhere: every head gets another index in its layer, the function stays.

Who measures finds the heads of a twin as well as those of its original; who recites their indices does not. How
queries, keys and values are packed differs from one architecture to the next, so each packing that fits the widths is
tried, and the one is kept under which the logits stay. Nothing here trains; what a twin is used for belongs in the
suites.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from recircuit_worker.contract import PermuteRequest, PermuteResult
from recircuit_worker.errors import Refusal
from recircuit_worker.files import CheckedFolder, check_folder, weights_sha256
from recircuit_worker.models.adapter import Layer, Parts, find_parts
from recircuit_worker.models.load import load_model, set_up_torch
from recircuit_worker.organisms.folder import free, whole

TOLERANCE = 1e-4
"""largest change of a logit: sums over heads are taken in another order, and nothing else may differ"""
LEFT_BEHIND = ("card.json", "training-curve.svg")
"""files that speak of the weights of the original"""


@dataclass(frozen=True)
class HeadOrder:
    """One layer's order: what stands at place i of the twin stood at `heads[i]` of the original, and so for groups."""

    heads: tuple[int, ...]
    groups: tuple[int, ...]
    """key-value heads; every query head stays with the one it reads"""


def draw_orders(layers: int, heads: int, kv_heads: int, seed: int) -> tuple[HeadOrder, ...]:
    """Returns one order per layer. No head keeps its index where a layer has two groups, or one group of two heads."""
    return tuple(_draw(heads, kv_heads, random.Random(f"permute|{seed}|{layer}")) for layer in range(layers))


def permute_heads(model: nn.Module, parts: Parts, orders: tuple[HeadOrder, ...]) -> float:
    """Permutes the weights in place and returns the largest change of a logit.

    Raises:
        Refusal: `not-permutable`, where no packing keeps the function.
    """
    before, found = _logits(model), float("inf")
    for packing in _packings(parts):
        for layer, order in zip(parts.layers, orders, strict=True):
            _permute_layer(layer, parts, order, packing)
        found = float((_logits(model) - before).abs().max())
        if found <= TOLERANCE:
            return found
        for layer, order in zip(parts.layers, orders, strict=True):
            _permute_layer(layer, parts, _inverse(order), packing)
    raise _not_permutable(f"every order of its attention weights that was tried changes a logit, by {found:.3g}")


def permuted_twin(request: PermuteRequest) -> PermuteResult:
    """Writes the twin of a model folder, whole or not at all.

    Raises:
        Refusal: `folder-exists`, `not-permutable`, or those of `check_folder` and `load_model`.
    """
    source, target = check_folder(Path(request.folder)), free(request.out, "written as a twin")
    set_up_torch(sum(file.stat().st_size for file in source.weights))
    model = load_model(source, torch.float32, [torch.device("cpu")])
    parts = find_parts(model)
    orders = draw_orders(len(parts.layers), parts.heads, parts.kv_heads, request.seed)
    change = permute_heads(model, parts, orders)
    with whole(target) as scratch:
        _copy_rest(source, scratch)
        model.save_pretrained(scratch, safe_serialization=True)
        result = PermuteResult(
            weights_sha256=weights_sha256(tuple(scratch.glob("*.safetensors"))),
            original_sha256=weights_sha256(source.weights),
            seed=request.seed,
            heads=tuple(order.heads for order in orders),
            largest_change=change,
        )
        told = {"weights_sha256": result.weights_sha256, "seed": result.seed, "heads": result.heads}
        (scratch / "permutation.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
    return result


def _draw(heads: int, kv_heads: int, chance: random.Random) -> HeadOrder:
    size = heads // kv_heads
    groups = _cycle(kv_heads, chance)
    within = [_cycle(size, chance) if kv_heads == 1 else chance.sample(range(size), size) for _ in groups]
    return HeadOrder(
        heads=tuple(group * size + slot for group, slots in zip(groups, within, strict=True) for slot in slots),
        groups=tuple(groups),
    )


def _cycle(count: int, chance: random.Random) -> list[int]:
    """A random order that is one cycle, so that nothing stays where it was (Sattolo)."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = chance.randrange(last)
        order[last], order[other] = order[other], order[last]
    return order


def _inverse(order: HeadOrder) -> HeadOrder:
    def back(places: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(range(len(places)), key=places.__getitem__))

    return HeadOrder(back(order.heads), back(order.groups))


Packing = Callable[[HeadOrder, Parts], Tensor]
"""Returns which index of the original stands at each index of the twin, along one output of a module."""


def _queries(order: HeadOrder, parts: Parts) -> Tensor:
    return _spread(order.heads, parts.head_dim)


def _keys(order: HeadOrder, parts: Parts) -> Tensor:
    return _spread(order.groups, parts.head_dim)


def _one_after_the_other(order: HeadOrder, parts: Parts) -> Tensor:
    """All queries, then all keys, then all values."""
    queries, keys = _queries(order, parts), _keys(order, parts)
    return torch.cat([queries, keys + len(queries), keys + len(queries) + len(keys)])


def _head_by_head(order: HeadOrder, parts: Parts) -> Tensor:
    """Query, key and value of the first head, then of the second."""
    return _spread(order.heads, 3 * parts.head_dim)


def _spread(order: tuple[int, ...], width: int) -> Tensor:
    return (torch.tensor(order)[:, None] * width + torch.arange(width)).flatten()


def _packings(parts: Parts) -> Iterator[dict[int, Packing]]:
    """Each way to read the widths that occur; most models have one."""
    queries, keys = parts.heads * parts.head_dim, parts.kv_heads * parts.head_dim
    fits: dict[int, tuple[Packing, ...]] = {
        keys: (_keys,),
        queries: (_queries,),
        queries + 2 * keys: (_one_after_the_other, *([_head_by_head] if queries == keys else [])),
    }
    for choice in product(*fits.values()):
        yield dict(zip(fits, choice, strict=True))


def _permute_layer(layer: Layer, parts: Parts, order: HeadOrder, packing: dict[int, Packing]) -> None:
    """Reorders what every module of the attention puts out, and what the output projection takes in."""
    with torch.no_grad():
        for module in layer.attention.modules():
            for name, weight in module.named_parameters(recurse=False):
                if module is not layer.projection:
                    _reorder(weight, _out_axis(module, name), parts, order, packing)
                elif name == "weight":
                    axis = 1 - _out_axis(module, name)
                    weight.copy_(weight.index_select(axis, _queries(order, parts).to(weight.device)))


def _out_axis(module: nn.Module, name: str) -> int:
    return 0 if name == "bias" or isinstance(module, nn.Linear) or getattr(module, name).dim() == 1 else 1


def _reorder(weight: nn.Parameter, axis: int, parts: Parts, order: HeadOrder, packing: dict[int, Packing]) -> None:
    width = weight.shape[axis]
    if width == parts.head_dim and weight.dim() == 1:
        return  # one gain for the numbers of a head, the same for every head
    if width not in packing:
        raise _not_permutable(f"a weight of its attention has the width {width}, which is none of {sorted(packing)}")
    weight.copy_(weight.index_select(axis, packing[width](order, parts).to(weight.device)))


def _logits(model: nn.Module) -> Tensor:
    """Returns logits (row, token, vocabulary) of two rows of tokens, in double precision.

    Sharp attention would enlarge what single precision loses when sums over heads are taken in another order.
    """
    size, dtype = model.config.get_text_config().vocab_size, model.dtype
    ids = torch.stack([torch.arange(12) * 7 + 1, torch.arange(12, 0, -1) * 5]) % size
    try:
        with torch.inference_mode():
            return model.double()(input_ids=ids, use_cache=False).logits
    finally:
        model.to(dtype)


def _copy_rest(source: CheckedFolder, target: Path) -> None:
    for file in source.folder.iterdir():
        if file.is_file() and file.name not in LEFT_BEHIND and ".safetensors" not in file.name:
            shutil.copyfile(file, target / file.name)


def _not_permutable(why: str) -> Refusal:
    return Refusal(
        "not-permutable",
        what="the heads of this model were to be permuted",
        why=why,
        instead="use a model whose queries, keys and values are plain linear maps of one width",
    )
