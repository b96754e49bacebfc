"""Replaces the outputs of components and reports what the behaviour loses."""

from recircuit_worker.address import Head, Mlp, parse_components
from recircuit_worker.bench import Bench
from recircuit_worker.contract import AblateComponentsInput, AblateComponentsOutput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.scores import overall, task_scores
from recircuit_worker.prompts.sets import PromptSet


def run(request: AblateComponentsInput, bench: Bench) -> AblateComponentsOutput:
    """Returns scores before and after. A mean is over all prompts of this call; at `all` positions over tokens too.

    Raises:
        Refusal: `positions-not-all`; those of `Bench.prompts` and `parse_components`.
    """
    if request.prompts.kind == "repeated-tokens" and request.positions == "last":
        raise Refusal(
            "positions-not-all",
            what="repeated tokens were to be ablated at the last position only",
            why="every token of the later blocks is scored, not the last alone",
            instead="set positions to all",
        )
    prompts = bench.prompts(request.prompts)
    components = parse_components(request.components, layers=bench.facts.layers, heads=bench.facts.heads)
    bench.expect(len(prompts.prompts) * (3 if request.replace_by == "mean" else 2))
    edits = _edits(request, components, prompts, bench)
    found = bench.engine.answers_each(prompts.prompts, [edits])
    before, after = task_scores(prompts, found.unedited()), task_scores(prompts, found.each()[0])
    (accuracy_before, loss_before), (accuracy_after, loss_after) = overall(before), overall(after)
    return AblateComponentsOutput(
        before=before,
        after=after,
        accuracy_before=accuracy_before,
        accuracy_after=accuracy_after,
        lost_accuracy=accuracy_before - accuracy_after,
        loss_before=loss_before,
        loss_after=loss_after,
        added_loss=loss_after - loss_before,
        receipt=bench.receipt(prompts, edited=True),
    )


def _edits(
    request: AblateComponentsInput, components: list[Head | Mlp], prompts: PromptSet, bench: Bench
) -> list[Edit]:
    if request.replace_by == "zero":
        values, op = [None] * len(components), "zero"
    else:
        values, op = bench.engine.component_means(prompts.prompts, components, request.positions), "replace"
    return [
        Edit("head", component.layer, op, value, component.head, request.positions)
        if isinstance(component, Head)
        else Edit("mlp", component.layer, op, value, positions=request.positions)
        for component, value in zip(components, values, strict=True)
    ]
