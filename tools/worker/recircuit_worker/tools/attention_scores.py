"""Where heads look: the mean share of attention on a pattern, over repeated random tokens (Olsson et al. 2022), or from
named positions of contrast pairs to others (Wang et al. 2023, section 3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from recircuit_worker.address import Head, parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    AttendedHead,
    AttentionScoresInput,
    AttentionScoresOutput,
    ContrastPrompts,
    RepeatedPrompts,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.looking import named_attention
from recircuit_worker.ranking import best_first, default_top

AT_LEAST = 3


def run(request: AttentionScoresInput, bench: Bench) -> AttentionScoresOutput:
    """Returns the heads asked for, or the best; the artifact is (sequence or prompt, layer, head) float32, a share.

    Raises:
        Refusal: `no-attention-weights`, `queries-and-keys`; those of `Bench.prompts`, `parse_heads` and
            `named_attention`.
    """
    facts, named = bench.facts, isinstance(request.prompts, ContrastPrompts)
    asked = parse_heads(request.components, layers=facts.layers, heads=facts.heads) if request.components else None
    _check_places(request, named)
    prompts = bench.prompts(request.prompts)
    bench.expect(len(prompts.prompts))
    if isinstance(request.prompts, ContrastPrompts):
        same_line = request.lines == "same"
        scores = named_attention(request.queries or (), request.keys or (), same_line, prompts, bench.engine)
    else:
        queries, keys = places(request.pattern, request.prompts, len(bench.reader.start))
        scores = bench.engine.attention(prompts.prompts, mean_at(queries, keys))
    average = scores.double().mean(0)
    top = min(request.top or default_top(average.numel(), AT_LEAST), average.numel())
    heads = best_first(average)[:top] if asked is None else asked
    mean_head = float(average.mean()) if named else None
    rows = tuple(_row(head, float(average[head.layer, head.head]), mean_head) for head in heads)
    return AttentionScoresOutput(
        heads=rows,
        mean=sum(row.score for row in rows) / len(rows),
        all_heads=average.numel(),
        scores=bench.write(
            "attention_named" if named else f"attention_{request.pattern}",
            scores.float(),
            axes=("prompt" if named else "sequence", "layer", "head"),
            unit="share",
        ),
        receipt=bench.receipt(prompts),
        mean_head=mean_head,
    )


def _row(head: Head, score: float, mean_head: float | None) -> AttendedHead:
    return AttendedHead(str(head), score, None if mean_head is None else score / mean_head if mean_head else 0.0)


def _check_places(request: AttentionScoresInput, named: bool) -> None:
    given = [request.queries is not None, request.keys is not None]
    if given == [named, named] and (named or request.lines is None):
        return
    raise Refusal(
        "queries-and-keys",
        what=f"attention over {request.prompts.kind} was asked for",
        why="it needs both queries and keys" if named else "it has a pattern, and no named positions",
        instead="name queries and keys" if named else "leave queries, keys and lines out, or use contrast pairs",
    )


def places(pattern: str, recipe: RepeatedPrompts, start: int) -> tuple[list[int], list[int]]:
    """Returns query and key positions of a pattern; `start` is the number of tokens before the first block.

    `induction`: in later blocks, to the token after the previous occurrence. `duplicate-token`: in later blocks, to the
    previous occurrence. `previous-token`: to the token before, wherever both are block tokens. `first-token`: in the
    first block, where nothing has occurred yet, to the first token of the text; its own row, which can look nowhere
    else, is left out (Gu et al. 2024, section 3, but for that row).
    """
    total = start + recipe.length * recipe.repeats
    if pattern == "previous-token":
        queries = list(range(start + 1, total))
        return queries, [query - 1 for query in queries]
    if pattern == "first-token":
        queries = list(range(max(start, 1), start + recipe.length))
        return queries, [0] * len(queries)
    queries = list(range(start + recipe.length, total))
    back = recipe.length - 1 if pattern == "induction" else recipe.length
    return queries, [query - back for query in queries]


def mean_at(queries: list[int], keys: list[int]) -> Callable[[Tensor], Tensor]:
    """Returns the function from attention (row, head, query, key) to its mean over the pairs, (row, head)."""
    return lambda weights: weights[:, :, torch.tensor(queries), torch.tensor(keys)].float().mean(-1)
