"""What every contender can do, and who they are. How each works is in its own file."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recircuit_worker.benchmarks.told import Told
from recircuit_worker.benchmarks.work import Work


class Contender(ABC):
    """One way to make a head sweep."""

    key: str
    """short name in tables"""
    about: str
    by_head = False
    """whether it takes heads one at a time, so that a sample of them can be timed"""
    exact = True
    compared_with: str | None = "R1"
    """who has the same source, so that numbers can be compared"""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.parts = work.parts
        """of the model that it runs: tokens are counted there"""

    @abstractmethod
    def sweep(self, cells: list[int], told: Told) -> None:
        """Measures these cells in all prompts. One that does not go by head is always given all cells."""

    @torch.inference_mode()
    def clean(self, told: Told) -> None:
        """Measures the unedited prompts for contenders whose sweep does not; never timed."""
        told.put_clean(slice(None), self.work.model(input_ids=self.work.ids, use_cache=False).logits[:, -1])


@contextmanager
def hooked(handle: torch.utils.hooks.RemovableHandle) -> Iterator[None]:
    """Takes a hook off again."""
    try:
        yield
    finally:
        handle.remove()


def set_head(work: Work, projection_input: Tensor, layer: int, head: int) -> Tensor:
    """Returns the input of an output projection with one head's output at the last token replaced by its mean."""
    width = work.parts.head_dim
    edited = projection_input.clone()
    edited[:, -1, head * width : (head + 1) * width] = work.means[layer, head].to(edited)
    return edited


def projection(work: Work, layer: int) -> nn.Module:
    """Returns the attention output projection of a layer."""
    return work.parts.layers[layer].projection
