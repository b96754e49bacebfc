"""Whether a model can have an edit at all: checked before the first pass, so that nothing is half done."""

from collections.abc import Sequence

from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts


def check_edits(edits: Sequence[Edit], parts: Parts, prompts: int) -> None:
    """Returns nothing.

    Raises:
        Refusal: `no-such-component`, `no-mlp`, `wrong-source-shape` or `edit-without-value`.
    """
    for edit in edits:
        _check_place(edit, parts)
        width = parts.head_dim if edit.site == "head" else parts.d_model
        if (edit.value is None) != (edit.op == "zero"):
            raise Refusal(
                "edit-without-value",
                what=f"the edit {edit.op} was asked for",
                why="replace and add need a value, and zero has none",
                instead="give a value to replace and add only",
            )
        if edit.value is not None and tuple(edit.value.shape) not in {(width,), (prompts, width)}:
            raise Refusal(
                "wrong-source-shape",
                what=f"a value of shape {list(edit.value.shape)} was given for an edit at {edit.site}",
                why=f"the place is {width} wide and the call has {prompts} prompts",
                instead=f"give a value of shape [{width}] or [{prompts}, {width}]",
            )


def _check_place(edit: Edit, parts: Parts) -> None:
    layers = len(parts.layers)
    head_is_wrong = edit.site == "head" and (edit.head is None or not 0 <= edit.head < parts.heads)
    if not 0 <= edit.layer < layers or head_is_wrong:
        raise Refusal(
            "no-such-component",
            what=f"an edit at layer {edit.layer}, head {edit.head} was asked for",
            why=f"this model has {layers} layers of {parts.heads} heads, counted from 0",
            instead="name a layer and a head that the model has",
        )
    if edit.site == "mlp" and parts.layers[edit.layer].mlp is None:
        raise no_mlp(edit.layer)


def no_mlp(layer: int) -> Refusal:
    """Returns the refusal for a model in which no one module is the MLP of a layer."""
    return Refusal(
        "no-mlp",
        what=f"the MLP of layer {layer} was asked for",
        why="no single module of this architecture's layer is its MLP",
        instead="ask for heads only",
    )
