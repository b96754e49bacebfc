"""Whether a model can have an edit at all: checked before the first pass, so that nothing is half done."""

from collections.abc import Sequence

from torch import Tensor

from recircuit_worker.engine.attention import in_registry, no_attention_inputs
from recircuit_worker.engine.interface import Edit, TokenPrompt
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

WHOLE_STREAM = ("mlp", "residual")


def check_edits(edits: Sequence[Edit], parts: Parts, prompts: Sequence[TokenPrompt]) -> None:
    """Returns nothing.

    Raises:
        Refusal: `no-such-component`, `no-mlp`, `no-attention-inputs`, `wrong-source-shape`, `edit-without-value` or
            `no-such-position`.
    """
    for positions in {id(edit.positions): edit.positions for edit in edits}.values():
        _check_positions(positions, prompts)
    for edit in edits:
        check_place(edit.site, edit.layer, edit.head, parts)
        if (edit.value is None) != (edit.op == "zero"):
            raise Refusal(
                "edit-without-value",
                what=f"the edit {edit.op} was asked for",
                why="replace and add need a value, and zero has none",
                instead="give a value to replace and add only",
            )
        _check_value(edit, parts, len(prompts))


def check_senders(senders: Sequence[Sequence[Edit]], parts: Parts, prompts: Sequence[TokenPrompt]) -> None:
    """Returns if these edits can be the start of a path.

    Raises:
        Refusal: `no-sender`, or as `check_edits`.
    """
    edits = [edit for edits in senders for edit in edits]
    wrong = next((edit.site for edit in edits if edit.site not in ("head", "mlp")), None)
    if wrong is not None:
        raise Refusal(
            "no-sender",
            what=f"a path was to start with an edit at {wrong}",
            why="while all other heads are frozen, a path starts at the output of a head or of an MLP",
            instead="edit a head or an MLP",
        )
    check_edits(edits, parts, prompts)


def check_place(site: str, layer: int, head: int | None, parts: Parts) -> None:
    """Returns if the model has this place.

    Raises:
        Refusal: `no-such-component`, `no-mlp` or `no-attention-inputs`.
    """
    layers = len(parts.layers)
    head_is_wrong = site not in WHOLE_STREAM and (head is None or not 0 <= head < parts.heads)
    if not 0 <= layer < layers or head_is_wrong:
        raise Refusal(
            "no-such-component",
            what=f"an edit at layer {layer}, head {head} was asked for",
            why=f"this model has {layers} layers of {parts.heads} heads, counted from 0",
            instead="name a layer and a head that the model has",
        )
    if site == "mlp" and parts.layers[layer].mlp is None:
        raise no_mlp(layer)
    if site in ("query", "key", "value") and not in_registry(parts):
        raise no_attention_inputs()


def no_mlp(layer: int) -> Refusal:
    """Returns the refusal for a model in which no one module is the MLP of a layer."""
    return Refusal(
        "no-mlp",
        what=f"the MLP of layer {layer} was asked for",
        why="no single module of this architecture's layer is its MLP",
        instead="ask for heads only",
    )


def _check_positions(positions: object, prompts: Sequence[TokenPrompt]) -> None:
    if not isinstance(positions, Tensor):
        return
    lengths = [len(prompt.ids) for prompt in prompts]
    shape = tuple(positions.shape)
    if len(shape) != 2 or shape[0] != len(prompts) or not shape[1]:
        raise _no_position(f"positions of shape {list(shape)}", f"the call has {len(prompts)} prompts")
    for row, length in enumerate(lengths):
        places = positions[row].tolist()
        beyond = [place for place in places if not -1 <= place < length]
        if beyond:
            raise _no_position(f"position {beyond[0]} of prompt {row}", f"it has {length} tokens, counted from 0")


def _no_position(what: str, why: str) -> Refusal:
    return Refusal(
        "no-such-position",
        what=f"{what} was to be edited",
        why=why,
        instead="name places that every prompt has, and -1 where a prompt has none",
    )


def _check_value(edit: Edit, parts: Parts, prompts: int) -> None:
    if edit.value is None:
        return
    width = parts.d_model if edit.site in WHOLE_STREAM else parts.head_dim
    allowed: list[tuple[int, ...]] = [(width,), (prompts, width)]
    if isinstance(edit.positions, Tensor):
        allowed.append((*edit.positions.shape, width))
    if tuple(edit.value.shape) not in allowed:
        raise Refusal(
            "wrong-source-shape",
            what=f"a value of shape {list(edit.value.shape)} was given for an edit at {edit.site}",
            why=f"the place is {width} wide and the call has {prompts} prompts",
            instead="give a value of shape " + " or ".join(str(list(shape)) for shape in allowed),
        )
