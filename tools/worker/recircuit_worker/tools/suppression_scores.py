"""Whether a head suppresses copies (McDougall et al. 2023, "Copy Suppression"): by its weights, and on prompts.

Weights: the share of tokens whose own logit is among the ten that attending to them lowers most. Prompts: how much of
what the head does, against its mean, is left if it may only lower tokens that are predicted already (`suppression.py`).
"""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from recircuit_worker.address import Head, parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    KeptSuppression,
    ScoredHead,
    SuppressionScoresInput,
    SuppressionScoresOutput,
)
from recircuit_worker.engine.batches import LOGITS_PER_BATCH
from recircuit_worker.engine.effective import Effective
from recircuit_worker.engine.suppression import Kept, Suppression
from recircuit_worker.ranking import best_first, default_top

KIND = "suppression_scores"
AT_LEAST = 3
UNASKED = -1.0
"""score of a head that was not asked for and is not measured"""
LOWEST = 10
"""entries of a column; published"""
SOURCES = 2048
"""tokens attended to, evenly from the vocabulary; all of a small one"""


def run(request: SuppressionScoresInput, bench: Bench) -> SuppressionScoresOutput:
    """Returns the heads asked for, in that order, or the best by weights; the artifact is (layer, head), 0 to 1.

    Raises:
        Refusal: `value-path-not-linear`; with prompts those of `Bench.prompts` and `Suppression`; of `parse_heads`.
    """
    facts = bench.facts
    asked = parse_heads(request.components, layers=facts.layers, heads=facts.heads) if request.components else None
    prompts = None if request.prompts is None else bench.prompts(request.prompts)
    if prompts is not None:
        bench.expect(len(prompts.prompts))
    vocabulary = bench.reader.vocabulary(facts.vocabulary)
    sources = vocabulary[:: -(-len(vocabulary) // SOURCES)]
    every = [Head(*place) for place in product(range(facts.layers), range(facts.heads))]
    shares = lowered(sources, asked or every, bench)
    order = best_first(shares)
    heads = asked or order[: min(request.top or default_top(len(every), AT_LEAST), len(every))]
    rows = tuple(ScoredHead(str(head), float(shares[head.layer, head.head])) for head in heads)
    others = [] if asked else [float(shares[head.layer, head.head]) for head in order if head not in heads]
    kept = None
    if prompts is not None:
        special = set(range(facts.vocabulary)) - set(vocabulary)
        suppression = Suppression(bench.model.model, bench.parts)
        suppression.counts, suppression.watch = bench.engine.counts, bench.engine.watch
        kept = tuple(map(_kept, heads, suppression.measure(prompts.prompts, heads, special)))
    known = [row.recovered for row in kept or () if row.recovered is not None]
    return SuppressionScoresOutput(
        heads=rows,
        mean=sum(row.score for row in rows) / len(rows),
        best_other=max(others) if others else None,
        all_heads=len(order),
        tokens=len(sources),
        chance=LOWEST / facts.vocabulary,
        kept=kept,
        recovered=sum(known) / len(known) if known else None,
        effect=None if kept is None else sum(row.mean_ablated for row in kept) / len(kept),
        scores=bench.write(KIND, shares, axes=("layer", "head"), unit="share"),
        receipt=bench.receipt(prompts),
    )


def lowered(sources: Sequence[int], heads: Sequence[Head], bench: Bench) -> Tensor:
    """Returns the share (layer, head) of tokens whose own logit is among the `LOWEST`; `UNASKED` elsewhere."""
    effective = Effective(bench.model.model, bench.parts)
    effective.watch = bench.engine.watch
    embedding, read = effective.embeddings(sources, "stream")
    found = torch.full((bench.facts.layers, bench.facts.heads), UNASKED)
    at_once = max(1, LOGITS_PER_BATCH // bench.facts.vocabulary)
    for layer in sorted({head.layer for head in heads}):
        bench.check_cancelled()
        here = [head.head for head in heads if head.layer == layer]
        counts = torch.zeros(len(here))
        for start in range(0, len(sources), at_once):
            part = slice(start, start + at_once)
            own = torch.tensor(sources[part], device=read.device)[:, None]
            streams = (read if layer else embedding)[part]
            for place, said in enumerate(effective.said(layer, streams, heads=here)):
                # As many as are no higher, itself included: a head that says the same of all tokens lowers none.
                counts[place] += ((said <= said.gather(-1, own)).sum(-1) <= LOWEST).sum().cpu()
        found[layer, here] = counts / len(sources)
    return found


def _kept(head: Head, found: Kept) -> KeptSuppression:
    recovered = 1 - found.suppressing / found.mean_ablated if found.mean_ablated > 0 else None
    return KeptSuppression(str(head), found.mean_ablated, found.suppressing, recovered)
