"""OV copying score of heads from weights alone (Elhage et al. 2021, "A Mathematical Framework", copying heads).

Score = sum of the eigenvalues of W_U W_O W_V W_E over the sum of their absolute values. Folded in: the gains of the
attention's input norm, the post-attention norm and the final norm, and the centring of the first where it centres.
Not folded in: scales that depend on the token (1 / RMS), biases, positional embeddings, and the first MLP.
"""

import torch
from torch import Tensor

from recircuit_worker.address import Head, parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import CopyScoresInput, CopyScoresOutput, ScoredHead
from recircuit_worker.models.adapter import Parts, matrix
from recircuit_worker.models.values import norm_gain, value_matrix
from recircuit_worker.ranking import best_first

VOCABULARY_CHUNK = 8192


def run(request: CopyScoresInput, bench: Bench) -> CopyScoresOutput:
    """Returns the heads asked for, in that order, or all, best first; the artifact is (layer, head) float32, -1 to 1.

    Raises:
        Refusal: `value-path-not-linear`; those of `parse_heads`.
    """
    facts = bench.facts
    asked = parse_heads(request.components, layers=facts.layers, heads=facts.heads) if request.components else None
    scores = torch.zeros(facts.layers, facts.heads)
    meeting = embedding_meets_unembedding(bench.parts)
    for layer in range(facts.layers):
        bench.check_cancelled()
        scores[layer] = layer_scores(bench.parts, layer, meeting, facts.vocabulary)
    heads = best_first(scores) if asked is None else asked
    return CopyScoresOutput(
        heads=tuple(ScoredHead(str(head), _at(scores, head)) for head in heads),
        mean=sum(_at(scores, head) for head in heads) / len(heads),
        scores=bench.write("copy_scores", scores, axes=("layer", "head"), unit="score, -1 to 1"),
        receipt=bench.receipt(),
    )


def embedding_meets_unembedding(parts: Parts) -> Tensor:
    """Returns W_U^T W_E summed over the vocabulary, (d_model out, d_model in) float32: one row per output direction."""
    with torch.inference_mode():
        outputs, inputs = matrix(parts.unembedding).T, parts.embedding.weight
        total = torch.zeros(parts.d_model, parts.d_model, device=inputs.device)
        for start in range(0, min(len(outputs), len(inputs)), VOCABULARY_CHUNK):
            chunk = slice(start, start + VOCABULARY_CHUNK)
            total += outputs[chunk].float().T @ inputs[chunk].float()
    return total.cpu()


def layer_scores(parts: Parts, layer: int, meeting: Tensor, vocabulary: int) -> Tensor:
    """Returns the copying score of every head of a layer, (head,) float32.

    The vocabulary-sized product has the same eigenvalues, zeros aside, as W_O G W_U^T W_E G' W_V of size head_dim.
    """
    found = parts.layers[layer]
    into, centred = norm_gain(found.input_norm, parts)
    after = norm_gain(found.post_attention_norm, parts)[0] * norm_gain(parts.final_norm, parts)[0]
    middle = after[:, None] * meeting
    if centred:
        middle = middle - middle.mean(1, keepdim=True)
    values = value_matrix(parts, layer, vocabulary).float()  # (d_model, head, head_dim)
    outputs = matrix(found.projection).detach().cpu().float().unflatten(0, (parts.heads, parts.head_dim))
    middle = middle * into[None]
    products = torch.stack([outputs[h] @ (middle @ values[:, h]) for h in range(parts.heads)])
    eigenvalues = torch.linalg.eigvals(products.double())
    return (eigenvalues.sum(-1).real / eigenvalues.abs().sum(-1).clamp_min(1e-30)).float().clamp(-1, 1)


def _at(scores: Tensor, head: Head) -> float:
    return float(scores[head.layer, head.head])
