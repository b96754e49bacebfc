"""A trial at load of the fast engine on this very model: an edit made in a row must do what it does in a whole pass.

Rows call a model's layers by what was recorded of its own calls. An architecture whose layers want something else of
the rows (positions of their own, biases over the whole prompt) is found here and refused, not at the first sweep.
"""

from collections.abc import Sequence

import torch

from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Counts, Edit, TokenPrompt
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Fault, Refusal


def try_rows(engine: Fast, prompts: Sequence[TokenPrompt], tolerance: float) -> None:
    """Returns if rows over a shared prefix are whole passes on this model.

    Args:
        prompts: of different lengths, so that padding is part of the trial.
        tolerance: largest difference of a logit.

    Raises:
        Refusal: `rows-unlike-passes`.
    """
    layers, hooks = len(engine.parts.layers), hook_count(engine.model)
    edits = [[Edit("residual", layer, "add", engine.parts.embedding.weight[1].detach())] for layer in range(layers)]
    tokens = torch.arange(min(64, engine.vocabulary)).expand(len(prompts), -1)
    try:
        rows = engine.logits_each(prompts, edits, tokens)
    except (Refusal, Fault, torch.OutOfMemoryError):
        raise
    except Exception as error:  # whatever a layer says that is called otherwise than it expects
        raise _refused(f"its layers cannot be called so: {type(error).__name__}: {error}") from error
    finally:
        engine.counts = Counts()
    whole = Reference(engine.model, engine.parts).logits_each(prompts, edits, tokens)
    off = float((rows.edited - whole.edited).abs().max())
    if not off <= tolerance:
        raise _refused(f"an edit made in a row moves a logit by {off:.2g} more or less than in a whole pass")
    if hook_count(engine.model) != hooks:
        raise _refused("hooks stayed on the model after an edit")


def _refused(why: str) -> Refusal:
    return Refusal(
        "rows-unlike-passes",
        what="rows that share a prefix were tried on this model",
        why=why,
        instead="use the reference engine (`--engine reference`)",
    )
