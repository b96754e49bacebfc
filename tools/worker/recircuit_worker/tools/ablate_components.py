"""Replaces the outputs of components and reports what the behaviour loses."""

from dataclasses import replace

from recircuit_worker.ablation import asked_places, replacing_edits
from recircuit_worker.address import Head, Mlp, parse_components
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    AblateComponentsInput,
    AblateComponentsOutput,
    AblatedAlone,
    AblatedContrast,
    AblatedOne,
    ContrastPrompts,
    TaskScore,
)
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts import contrast_scores
from recircuit_worker.prompts.contrast_scores import ask, ask_each, said_of_group
from recircuit_worker.prompts.scores import overall, task_scores
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sweeping import recovery


def run(request: AblateComponentsInput, bench: Bench) -> AblateComponentsOutput:
    """Returns scores before and after. A mean is over all prompts of this call; at `all` positions over tokens too.

    `each` also tells what a component does with all others there, and with none of the others (minimality, Wang et al.
    2023, section 4.2, where the others are the subset left out): heads that stand in for each other show in the second.

    Of contrast pairs values and means are put in token by token (`ablation.py`).

    Raises:
        Refusal: `positions-not-all`, `contrast-pairs-only`; those of `Bench.prompts`, `parse_components` and
            `replacing_edits`.
    """
    if isinstance(request.prompts, ContrastPrompts):
        return _contrasts(request, request.prompts, bench)
    _check_plain(request)
    prompts = bench.prompts(request.prompts)
    components = parse_components(request.components, layers=bench.facts.layers, heads=bench.facts.heads)
    passes = (3 if request.replace_by == "mean" else 2) + (2 * len(components) if request.each else 0)
    bench.expect(len(prompts.prompts) * passes)
    edits = _edits(request, components, prompts, bench)
    alone = [[edit] for edit in edits] if request.each else []
    others = [[edit for edit in edits if edit is not one] for (one,) in alone]
    found = bench.engine.answers_each(prompts.prompts, [edits, *alone, *others])
    before, (after, *each) = task_scores(prompts, found.unedited()), [task_scores(prompts, one) for one in found.each()]
    told = _told(before, after, prompts, bench, None)
    return replace(told, each=_each(components, told, each)) if request.each else told


def _each(
    components: list[Head | Mlp], all_of_them: AblateComponentsOutput, each: list[tuple[TaskScore, ...]]
) -> tuple[AblatedOne, ...]:
    """Returns what each does; `each` holds scores with one of them replaced, then with all but one."""
    losses = [overall(scores)[1] for scores in each]
    whole, rows = all_of_them.added_loss, []
    for component, alone, others in zip(components, losses, losses[len(components) :], strict=False):
        regained = all_of_them.loss_after - others
        share = regained / whole if whole > 0 else 0.0
        rows.append(AblatedOne(str(component), alone - all_of_them.loss_before, regained, share))
    return tuple(rows)


def _contrasts(request: AblateComponentsInput, recipe: ContrastPrompts, bench: Bench) -> AblateComponentsOutput:
    prompts = bench.prompts(recipe)
    components = parse_components(request.components, layers=bench.facts.layers, heads=bench.facts.heads)
    counterpart = request.replace_by.startswith("counterfactual")
    passes = 2 + (request.replace_by != "zero") + counterpart + (len(components) if request.each else 0)
    bench.expect(len(prompts.prompts) * passes)
    edits = replacing_edits(
        prompts, recipe.counterfactual, components, request.replace_by, asked_places(request.positions), bench
    )
    alone = [[edit] for edit in edits] if request.each else []
    before, (after, *each) = ask_each(prompts, bench.engine, [edits, *alone])
    other = ask(prompts.told(recipe.counterfactual), bench.engine) if counterpart else None
    rows = []
    for group in prompts.groups:
        baseline, now = group.mean(before.difference), group.mean(after.difference)
        held = None if other is None else group.mean(other.difference)
        changes = [group.mean(said.difference) - baseline for said in each]
        rows.append(
            AblatedContrast(
                task=group.name,
                prompts=len(group.rows),
                before=said_of_group(group, before),
                after=said_of_group(group, after),
                change=now - baseline,
                counterpart=held,
                recovery=recovery(now - baseline, baseline, held),
                alone=tuple(map(AblatedAlone, map(str, components), changes)) if request.each else None,
            )
        )
    scores = [contrast_scores.task_scores(prompts, said) for said in (before, after)]
    return _told(*scores, prompts, bench, tuple(rows))


def _told(
    before: tuple[TaskScore, ...],
    after: tuple[TaskScore, ...],
    prompts: PromptSet,
    bench: Bench,
    contrasts: tuple[AblatedContrast, ...] | None,
) -> AblateComponentsOutput:
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
        contrasts=contrasts,
    )


def _check_plain(request: AblateComponentsInput) -> None:
    """Returns if prompts without counterparts can be ablated so."""
    if request.prompts.kind == "repeated-tokens" and request.positions == "last":
        raise Refusal(
            "positions-not-all",
            what="repeated tokens were to be ablated at the last position only",
            why="every token of the later blocks is scored, not the last alone",
            instead="set positions to all",
        )
    wrong = {
        f"replace_by {request.replace_by}": request.replace_by not in ("mean", "zero"),
        "positions by name or number": not isinstance(request.positions, str),
    }
    for what, asked in wrong.items():
        if asked:
            raise Refusal(
                "contrast-pairs-only",
                what=f"{request.prompts.kind} prompts were to be ablated with {what}",
                why="only contrast pairs have counterfactuals and tokens that correspond",
                instead="replace by mean or zero, at last or all positions, or use contrast pairs",
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
