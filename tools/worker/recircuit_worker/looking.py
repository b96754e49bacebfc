"""Where the heads of contrast pairs look: from named tokens to named tokens. Patterns of repeated tokens are in
the tool.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from recircuit_worker.engine.interface import Engine
from recircuit_worker.errors import Refusal
from recircuit_worker.places import find_places
from recircuit_worker.prompts.sets import PromptSet

Named = Sequence[int | str]
Looks = tuple[tuple[int, tuple[int, ...]], ...]
"""each token that looks, with the tokens that it looks at"""


def named_attention(queries: Named, keys: Named, same_line: bool, prompts: PromptSet, engine: Engine) -> Tensor:
    """Returns (prompt, layer, head): attention to the keys, added, mean over the queries.

    A query looks at the keys up to itself; one that has none before it is left out. With `same_line` the first query
    looks at the first key alone, the second at the second.

    Raises:
        Refusal: `nothing-to-look-at`, `lines-differ`; those of `find_places` and `Engine.attention`.
    """
    looks = [
        _looks(from_places, to_places, same_line)
        for from_places, to_places in zip(_rows(queries, prompts), _rows(keys, prompts), strict=True)
    ]
    if not all(looks):
        raise Refusal(
            "nothing-to-look-at",
            what=f"attention from {', '.join(map(str, queries))} to {', '.join(map(str, keys))} was asked for",
            why="in some prompt none of these keys stands at a query or before it",
            instead="name keys that come before the queries",
        )
    alike: dict[tuple[int, Looks], list[int]] = {}
    for row, prompt in enumerate(prompts.prompts):
        alike.setdefault((len(prompt.ids), looks[row]), []).append(row)
    parts = [
        engine.attention([prompts.prompts[row] for row in rows], _share_of(mine)) for (_, mine), rows in alike.items()
    ]
    order = torch.tensor([row for rows in alike.values() for row in rows])
    return torch.cat(parts)[order.argsort()]


def _rows(named: Named, prompts: PromptSet) -> list[list[int]]:
    places = torch.cat(find_places(named, prompts), dim=1).tolist()
    return [sorted(place for place in row if place >= 0) for row in places]


def _looks(queries: list[int], keys: list[int], same_line: bool) -> Looks:
    if not same_line:
        found = ((query, tuple(key for key in keys if key <= query)) for query in queries)
        return tuple((query, mine) for query, mine in found if mine)
    if len(queries) != len(keys) or any(key > query for query, key in zip(queries, keys, strict=True)):
        raise Refusal(
            "lines-differ",
            what="each query was to look at the key of its own line",
            why=f"there are {len(queries)} queries and {len(keys)} keys, or a key comes behind its query",
            instead="name one query and one key that stand in the same lines, the key first",
        )
    return tuple((query, (key,)) for query, key in zip(queries, keys, strict=True))


def _share_of(looks: Looks) -> Callable[[Tensor], Tensor]:
    """Returns the function from attention (row, head, query, key) to the mean over queries of what keys get."""

    def reduce(weights: Tensor) -> Tensor:
        shares = [weights[:, :, query, list(keys)].float().sum(-1) for query, keys in looks]
        return torch.stack(shares).mean(0)

    return reduce
