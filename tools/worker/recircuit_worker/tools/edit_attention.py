"""Makes heads look at named tokens, evenly, and at nothing else (Merullo et al. 2023, section 5)."""

from recircuit_worker.address import parse_heads
from recircuit_worker.attending import edit_patterns
from recircuit_worker.bench import Bench
from recircuit_worker.contract import EditAttentionInput, EditAttentionOutput, EditedContrast
from recircuit_worker.prompts.contrast_scores import ask_each, said_of_group


def run(request: EditAttentionInput, bench: Bench) -> EditAttentionOutput:
    """Returns what is said before and after.

    Raises:
        Refusal: those of `Bench.prompts`, `parse_heads` and `edit_patterns`.
        Fault: `audit-failed`.
    """
    prompts = bench.prompts(request.prompts)
    heads = parse_heads(request.components, layers=bench.facts.layers, heads=bench.facts.heads)
    bench.expect(3 * len(prompts.prompts))
    patterns = edit_patterns(prompts, heads, request.query, request.keys, bench)
    before, (after,) = ask_each(prompts, bench.engine, [patterns.edits])
    rows = tuple(
        EditedContrast(
            task=group.name,
            prompts=len(group.rows),
            before=said_of_group(group, before),
            after=said_of_group(group, after),
            change=group.mean(after.difference) - group.mean(before.difference),
        )
        for group in prompts.groups
    )
    accuracies = [(row.before.accuracy, row.after.accuracy) for row in rows]
    was, now = (sum(column) / len(rows) for column in zip(*accuracies, strict=True))
    return EditAttentionOutput(
        accuracy_before=was,
        accuracy_after=now,
        gained_accuracy=now - was,
        change=sum(row.change for row in rows) / len(rows),
        contrasts=rows,
        receipt=bench.receipt(prompts, edited=True, audit=patterns.audit(after)),
    )
