"""Sequences of random tokens repeated: the material of induction. It works on token ids; no text is involved.

The tokens of a block all differ, so that every token has exactly one earlier occurrence per block.
"""

import random
from collections.abc import Sequence

from recircuit_worker.errors import Refusal


def generate(
    *, namespace: str, vocabulary: Sequence[int], length: int, repeats: int, count: int, seed: int
) -> list[tuple[int, ...]]:
    """Returns `count` sequences of `length * repeats` token ids, without a beginning-of-text token.

    Sequence i depends on (namespace, length, repeats, seed, i) and the vocabulary alone.

    Raises:
        Refusal: `too-few-tokens` if the vocabulary is smaller than a block.
    """
    if len(vocabulary) < length:
        raise Refusal(
            "too-few-tokens",
            what=f"blocks of {length} different tokens were asked for",
            why=f"the tokenizer has {len(vocabulary)} tokens that are not special",
            instead=f"ask for a length of at most {len(vocabulary)}",
        )
    sequences = []
    for index in range(count):
        rng = random.Random(f"{namespace}|{length}|{repeats}|{seed}|{index}")
        sequences.append(tuple(rng.sample(vocabulary, length)) * repeats)
    return sequences
