"""Where heads look: the mean share of attention on a pattern, over repeated random tokens (Olsson et al. 2022)."""

from collections.abc import Callable

import torch
from torch import Tensor

from recircuit_worker.address import parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import AttentionScoresInput, AttentionScoresOutput, RepeatedPrompts, ScoredHead
from recircuit_worker.ranking import best_first, default_top

AT_LEAST = 3


def run(request: AttentionScoresInput, bench: Bench) -> AttentionScoresOutput:
    """Returns the heads asked for, or the best; the artifact is (sequence, layer, head) float32, share of attention.

    Raises:
        Refusal: `no-attention-weights`; those of `Bench.prompts` and `parse_heads`.
    """
    facts = bench.facts
    asked = parse_heads(request.components, layers=facts.layers, heads=facts.heads) if request.components else None
    prompts = bench.prompts(request.prompts)
    bench.expect(len(prompts.prompts))
    queries, keys = places(request.pattern, request.prompts, len(bench.reader.start))
    scores = bench.engine.attention(prompts.prompts, mean_at(queries, keys))
    average = scores.double().mean(0)
    top = min(request.top or default_top(average.numel(), AT_LEAST), average.numel())
    heads = best_first(average)[:top] if asked is None else asked
    rows = tuple(ScoredHead(str(head), float(average[head.layer, head.head])) for head in heads)
    return AttentionScoresOutput(
        heads=rows,
        mean=sum(row.score for row in rows) / len(rows),
        all_heads=average.numel(),
        scores=bench.write(
            f"attention_{request.pattern}", scores.float(), axes=("sequence", "layer", "head"), unit="share"
        ),
        receipt=bench.receipt(prompts),
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
