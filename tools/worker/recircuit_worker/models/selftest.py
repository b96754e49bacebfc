"""The causal proof, at load, that the heads found are heads: every later number stands on it.

Zeroing a head at the last token must change the logits, giving a head its own value must change nothing, a later token
must not reach an earlier one (right padding rests on that), and no hook may stay behind.
"""

import random
from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor
from transformers import PreTrainedModel

from recircuit_worker.contract import SelfTest
from recircuit_worker.engine.hooks import hook_count, reading
from recircuit_worker.engine.interface import Edit, TokenPrompt, Watch
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts
from recircuit_worker.prompts.tokens import Reader

HEADS_TESTED = 64
"""all heads of a small model; of a large one this many, spread evenly over layers and heads"""
ALIVE = 0.99
"""least share of zeroed heads that change the logits; published gate G1 of function vectors"""
PROMPTS, TOKENS = 2, 8
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9, torch.bfloat16: 5e-3}
"""largest change of an identity patch, as a share of the largest logit"""


def self_test(
    model: PreTrainedModel, parts: Parts, reader: Reader, check_cancelled: Callable[[], None] = lambda: None
) -> SelfTest:
    """Returns the proof.

    Raises:
        Refusal: `self-test-failed`, naming what failed.
        Fault: `edit-did-not-fire`, `nan-from-model`.
    """
    engine = Reference(model, parts)
    engine.watch = Watch(check_cancelled=check_cancelled)
    prompts = trial_prompts(reader, engine.vocabulary)
    hooks = hook_count(model)
    own: list[Tensor] = []
    with reading(parts, heads=lambda layer, heads: own.append(heads[:, -1].clone())):
        clean = engine.last_logits(prompts)
    scale = max(1.0, float(clean.abs().max()))
    tolerance = TOLERANCE[parts.unembedding.weight.dtype] * scale
    sample = _sample(len(parts.layers), parts.heads)
    zeroed = [engine.last_logits(prompts, [Edit("head", layer, "zero", head=head)]) for layer, head in sample]
    alive = sum(bool((logits != clean).any()) for logits in zeroed)
    identity = max(
        float((engine.last_logits(prompts, _own_values(layer, values)) - clean).abs().max())
        for layer, values in enumerate(own)
    )
    if alive < ALIVE * len(sample):
        raise _failed(f"zeroing a head changed the logits for {alive} of {len(sample)} heads only")
    if identity > tolerance:
        raise _failed(f"giving heads their own values changed a logit by {identity:.2g}, more than {tolerance:.2g}")
    _check_causal(engine, prompts, tolerance)
    if hook_count(model) != hooks:
        raise _failed("hooks stayed on the model after an edit")
    return SelfTest(
        heads_tested=len(sample),
        zeroed_heads_that_changed_logits=alive,
        identity_max_change=identity,
        tolerance=tolerance,
    )


def trial_prompts(reader: Reader, vocabulary: int) -> list[TokenPrompt]:
    """Returns short prompts of random words, always the same for a tokenizer."""
    rng, words = random.Random("self-test"), reader.vocabulary(vocabulary)
    rows = [(*reader.start, *rng.choices(words, k=TOKENS)) for _ in range(PROMPTS)]
    return [TokenPrompt(row, (len(row) - 1,), (0,)) for row in rows]


def _own_values(layer: int, values: Tensor) -> list[Edit]:
    """Returns the edits that give every head of a layer its own value, (prompt, head, head_dim)."""
    return [Edit("head", layer, "replace", values[:, head], head) for head in range(values.shape[1])]


def _sample(layers: int, heads: int) -> list[tuple[int, int]]:
    cells = list(product(range(layers), range(heads)))
    if len(cells) <= 4 * HEADS_TESTED:
        return cells
    step = (len(cells) - 1) / (HEADS_TESTED - 1)
    # Even steps over the flat list would favour few head indices when the step divides them.
    return sorted({(cells[round(i * step)][0], (cells[round(i * step)][1] + i) % heads) for i in range(HEADS_TESTED)})


def _check_causal(engine: Reference, prompts: list[TokenPrompt], tolerance: float) -> None:
    """Compares a prompt read alone with the same prompt followed by other tokens, scored at the same place."""
    first, other = prompts[0], prompts[1]
    longer = TokenPrompt((*first.ids, *other.ids), first.scored, first.targets)
    alone, followed = (engine.answers([prompt]).log_probability for prompt in (first, longer))
    # Other lengths may take other kernels, so this is looser than the identity patch.
    if float((alone - followed).abs().max()) > 10 * tolerance:
        raise _failed("a later token changed what the model says before it, so this is no causal decoder")


def _failed(why: str) -> Refusal:
    return Refusal(
        "self-test-failed",
        what="the heads found in this model were tested",
        why=why,
        instead="use a dense causal decoder, or report the architecture: its heads are not where they were looked for",
    )
