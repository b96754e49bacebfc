"""Mean head outputs at the last token: what a function vector is made of (Todd et al. 2024, section 2.3)."""

from recircuit_worker.bench import Bench
from recircuit_worker.contract import KeptPrompts, MeanActivationsInput, MeanActivationsOutput
from recircuit_worker.errors import Refusal

KIND = "head_means"


def run(request: MeanActivationsInput, bench: Bench) -> MeanActivationsOutput:
    """Returns the means, (task, layer, head, head_dim) float32, over all prompts or those answered correctly.

    Raises:
        Refusal: `no-correct-prompt`, naming the tasks; `several-answers`; those of `Bench.prompts`.
    """
    prompts = bench.prompts(request.prompts)
    if request.only_correct and any(len(item.answers) > 1 for item in prompts.items):
        raise Refusal(
            "several-answers",
            what="means over correctly answered prompts were asked for",
            why="these contrast pairs have several right answers each",
            instead="set only_correct to false",
        )
    bench.expect(len(prompts.prompts))
    found = bench.engine.head_means(prompts.prompts, prompts.group_of, len(prompts.groups), request.only_correct)
    empty = [name for name, kept in zip(prompts.names, found.kept.tolist(), strict=True) if kept == 0]
    if empty:
        raise Refusal(
            "no-correct-prompt",
            what=f"means over correctly answered prompts were asked for {', '.join(empty)}",
            why=f"the model answers none of its {request.prompts.count} prompts correctly",
            instead="leave these tasks out, or set only_correct to false",
        )
    return MeanActivationsOutput(
        means=bench.write(
            KIND,
            found.means.float(),
            axes=("task", "layer", "head", "head_dim"),
            unit="activation",
            labels={"task": prompts.names},
        ),
        kept=tuple(
            KeptPrompts(name, kept, request.prompts.count)
            for name, kept in zip(prompts.names, found.kept.tolist(), strict=True)
        ),
        receipt=bench.receipt(prompts),
    )
