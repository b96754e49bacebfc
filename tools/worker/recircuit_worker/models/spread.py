"""One model over several devices, layer by layer: for weights that no single GPU can hold.

The layers are split into runs of nearly equal numbers of parameters; the embedding goes with the first, the final norm
and the unembedding with the last, unless they are one tensor. A pre-hook brings each module what it is given. Replicas
need nothing here: they are workers, each with a device of its own.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from recircuit_worker.models.adapter import Parts


def spread(model: PreTrainedModel, parts: Parts, devices: Sequence[torch.device]) -> PreTrainedModel:
    """Moves the model's parts to the devices, in the order of the layers, and returns the model."""
    first, last = devices[0], devices[-1]
    model.to(first)
    _place(parts.embedding, first)
    for layer, device in zip(parts.layers, layer_devices(parts, devices), strict=True):
        _place(layer.module, device)
    if parts.final_norm is not None:
        _place(parts.final_norm, last)
    tied = parts.unembedding.weight is parts.embedding.weight
    _place(parts.unembedding, first if tied else last)
    return model


def layer_devices(parts: Parts, devices: Sequence[torch.device]) -> list[torch.device]:
    """Returns the device of each layer: consecutive runs, equal in parameters as far as whole layers allow."""
    sizes = [sum(parameter.numel() for parameter in layer.module.parameters()) for layer in parts.layers]
    total, before, found = sum(sizes), 0, []
    for size in sizes:
        # The middle of a layer decides, so that rounding favours neither end.
        share = (before + size / 2) / total
        found.append(devices[min(int(share * len(devices)), len(devices) - 1)])
        before += size
    return found


def _place(module: nn.Module, device: torch.device) -> None:
    module.to(device)
    module.register_forward_pre_hook(
        lambda _, args, kwargs: (moved(args, device), moved(kwargs, device)), with_kwargs=True
    )


def moved(value: object, device: torch.device) -> object:
    """Returns a value with every tensor in its tuples, lists and mappings on a device; a cache stays as it is."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, tuple | list):
        return type(value)(moved(item, device) for item in value)
    if isinstance(value, Mapping):
        return {key: moved(item, device) for key, item in value.items()}
    return value
