"""Reading back what `mean_activations` wrote: the one source that sweeps and injections take."""

from collections.abc import Sequence

from torch import Tensor

from recircuit_worker.artifacts import Artifact
from recircuit_worker.bench import Bench
from recircuit_worker.errors import Refusal
from recircuit_worker.tools.mean_activations import KIND


def read_means(sha256: str, tasks: Sequence[str], bench: Bench) -> Tensor:
    """Returns the means of these tasks, in their order: (task, layer, head, head_dim) float32.

    Raises:
        Refusal: `unknown-artifact`, `wrong-kind`, `other-model`, `wrong-source-shape` or `task-not-in-source`.
    """
    artifact = bench.read(sha256, KIND)
    means = artifact.tensors["data"]
    facts = bench.facts
    if tuple(means.shape[1:]) != (facts.layers, facts.heads, facts.head_dim):
        raise Refusal(
            "wrong-source-shape",
            what=f"the artifact {sha256[:12]} was given as source",
            why=f"its shape is {list(means.shape)}, and this model's heads are "
            f"{facts.layers} x {facts.heads} of {facts.head_dim}",
            instead="use an artifact that mean_activations wrote for this model",
        )
    return means[_places(artifact, tasks, sha256)]


def _places(artifact: Artifact, tasks: Sequence[str], sha256: str) -> list[int]:
    known = list(artifact.manifest.labels.get("task", ()))
    missing = [task for task in tasks if task not in known]
    if missing:
        raise Refusal(
            "task-not-in-source",
            what=f"the means of {', '.join(missing)} were looked for in artifact {sha256[:12]}",
            why=f"it holds {', '.join(known)}",
            instead="run mean_activations with these tasks, or leave them out",
        )
    return [known.index(task) for task in tasks]
