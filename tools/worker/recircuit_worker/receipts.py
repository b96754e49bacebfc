"""The receipt that stands on every result: what was asked of the model, and whether it happened."""

import math
from collections.abc import Sequence
from typing import Literal

from recircuit_worker.contract import Audit, ModelFacts, Receipt
from recircuit_worker.engine.interface import Counts
from recircuit_worker.errors import Fault
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.prompts.tokens import Reader
from recircuit_worker.versions import versions

AUDIT_TOLERANCE = {"float32": 1e-4, "float64": 1e-9, "bfloat16": 2e-2}
"""largest difference between two routes to one probability"""


def make_receipt(
    *,
    facts: ModelFacts,
    reader: Reader,
    split: Literal["search", "held-out"],
    engine: str,
    counts: Counts,
    prompts: PromptSet | None,
    audit: Audit | None,
) -> Receipt:
    """Returns the receipt of one call. `engine` is `none` where no pass was edited."""
    return Receipt(
        engine=engine,
        model=facts.model,
        weights_sha256=facts.weights_sha256,
        revision=facts.revision,
        dtype=facts.dtype,
        device=facts.device,
        attention=facts.attention,
        versions=versions(),
        split=split,
        seed=None if prompts is None else prompts.recipe.seed,
        prompts=0 if prompts is None else len(prompts.prompts),
        prompts_sha256=None if prompts is None else prompts.sha256,
        bos=reader.rule,
        forwards=counts.forwards,
        rows=counts.rows,
        layer_tokens=counts.layer_tokens,
        edits_requested=counts.edits_requested,
        edits_fired=counts.edits_fired,
        noise=counts.noise,
        audit=audit,
    )


def check_audit(deviations: Sequence[float], tolerance: float, route: str) -> Audit:
    """Returns the audit of cells that were measured a second time, on another `route`, if it passed.

    Args:
        deviations: of each cell, at least one; NaN is no agreement.

    Raises:
        Fault: `audit-failed`.
    """
    largest = max(deviations, key=lambda each: (math.isnan(each), each))
    if not largest <= tolerance:
        raise Fault(
            "audit-failed",
            f"{len(deviations)} cells measured a second time differ by {largest:.3g}",
            why=f"more than {tolerance:.3g} is not rounding: one of the two routes is wrong",
            instead="do not use the result; report the model and the request",
        )
    return Audit(pairs=len(deviations), max_deviation=largest, tolerance=tolerance, route=route)
