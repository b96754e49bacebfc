"""Whether a head turns ordinals into their successors, from weights alone (Gould et al. 2023, "Successor Heads").

A head reads MLP0(W_E), what the first MLP makes of an item, or that and the embedding. The score is the share of items
whose successor gets the highest logit among all items of its list, mean over the lists. Attention plays no part: it is
what a head could do, and whether it does is for an ablation to say.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from recircuit_worker.address import parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    ContrastMaterial,
    LeftOutList,
    ScoredHead,
    SuccessorList,
    SuccessorScoresInput,
    SuccessorScoresOutput,
)
from recircuit_worker.engine.effective import Effective, Kind
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.contrast_set import LEAST_OF_SET
from recircuit_worker.prompts.tokens import Reader
from recircuit_worker.ranking import best_first, default_top

KIND = "successor_scores"
AT_LEAST = 3
Tokens = list[int | None]


def run(request: SuccessorScoresInput, bench: Bench) -> SuccessorScoresOutput:
    """Returns the heads asked for, in that order, or the best; the artifact is (list, layer, head) float32, 0 to 1.

    Raises:
        Refusal: `no-ordered-lists`, `unknown-list`, `value-path-not-linear`; those of `parse_heads`.
    """
    facts = bench.facts
    asked = parse_heads(request.components, layers=facts.layers, heads=facts.heads) if request.components else None
    lists, left_out = find_lists(request.lists, bench)
    shares = scores(lists, request.reads, bench)
    average = shares.double().mean(0)
    order = best_first(average)
    heads = asked or order[: min(request.top or default_top(len(order), AT_LEAST), len(order))]
    rows = tuple(ScoredHead(str(head), float(average[head.layer, head.head])) for head in heads)
    others = [float(average[head.layer, head.head]) for head in order if head not in heads]
    return SuccessorScoresOutput(
        heads=rows,
        mean=sum(row.score for row in rows) / len(rows),
        best_other=max(others) if others else None,
        all_heads=len(order),
        lists=tuple(_list(name, lists[name], shares[index]) for index, name in enumerate(lists)),
        left_out=tuple(left_out),
        scores=bench.write(
            KIND, shares.float(), axes=("list", "layer", "head"), unit="share", labels={"list": list(lists)}
        ),
        receipt=bench.receipt(),
    )


def scores(lists: Mapping[str, Tokens], reads: Kind, bench: Bench) -> Tensor:
    """Returns the shares (list, layer, head)."""
    effective = Effective(bench.model.model, bench.parts)
    effective.watch = bench.engine.watch
    every = sorted({token for tokens in lists.values() for token in tokens if token is not None})
    embedding, read = effective.embeddings(every, reads)
    found = torch.zeros(len(lists), bench.facts.layers, bench.facts.heads)
    for layer in range(bench.facts.layers):
        bench.check_cancelled()
        said = torch.stack(list(effective.said(layer, read if layer else embedding, torch.tensor(every))))
        for index, tokens in enumerate(lists.values()):
            found[index, layer] = _share(said, tokens, every)
    return found


def _share(said: Tensor, tokens: Tokens, every: list[int]) -> Tensor:
    """Returns (head,) of the logits (head, item, item) of all lists together."""
    known = [every.index(token) for token in tokens if token is not None]
    pairs = [(a, b) for a, b in zip(tokens, tokens[1:], strict=False) if a is not None and b is not None]
    given = [every.index(a) for a, _ in pairs]
    right = torch.tensor([known.index(every.index(b)) for _, b in pairs], device=said.device)
    return (said[:, given][:, :, known].argmax(-1) == right).double().mean(-1).float().cpu()


def find_lists(asked: tuple[str, ...] | None, bench: Bench) -> tuple[dict[str, Tokens], list[LeftOutList]]:
    """Returns the lists as tokens, None where an item has none of its own, and those of which too few have one.

    Raises:
        Refusal: `no-ordered-lists`, `unknown-list`.
    """
    material = bench.material
    if not isinstance(material, ContrastMaterial) or not material.lists:
        raise _no_lists(f"this worker was opened with {material.behaviour}, which has no lists")
    unknown = next((name for name in asked or () if name not in material.lists), None)
    if unknown is not None:
        raise Refusal(
            "unknown-list",
            what=f"the list {unknown} was asked for",
            why=f"the behaviour {material.behaviour} has {', '.join(material.lists)}",
            instead="ask for one of these",
        )
    found: dict[str, Tokens] = {}
    left_out = []
    for name in asked or material.lists:
        tokens = [_token(item, bench.reader) for item in material.lists[name]]
        known = {token for token in tokens if token is not None}
        if len(known) >= max(3, LEAST_OF_SET * len(tokens)):
            found[name] = tokens
        else:
            left_out.append(LeftOutList(name, f"{len(known)} of its {len(tokens)} items are a token of their own"))
    if not found:
        raise _no_lists(f"on this tokenizer no list can be read ({left_out[0].list}: {left_out[0].why})")
    return found, left_out


def _token(item: str, reader: Reader) -> int | None:
    """Returns the one token of an item, with a leading space where that is one token."""
    unknown = reader.tokenizer.unk_token_id
    for text in (f" {item}", item):
        ids = reader.tokenizer.encode(text, add_special_tokens=False)
        if len(ids) == 1 and ids[0] != unknown:
            return ids[0]
    return None


def _no_lists(why: str) -> Refusal:
    return Refusal(
        "no-ordered-lists",
        what="successors in ordered lists were asked for",
        why=why,
        instead="open a behaviour with ordered lists, such as successor, on a model whose tokenizer knows their items",
    )


def _list(name: str, tokens: Tokens, shares: Tensor) -> SuccessorList:
    best = best_first(shares)[0]
    known = sum(token is not None for token in tokens)
    return SuccessorList(
        list=name, items=known, chance=1 / known, best=str(best), score=float(shares[best.layer, best.head])
    )
