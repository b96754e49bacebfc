"""What tokens are to a planted organism, and what its MLPs do with it: what a recipe of any kind is turned into.

Which tokens these are belongs in `words.py`, `functions.py` and `years.py`, packing in `weights.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.space import Planes

LOGIT = 14.0
"""logit of a token that is predicted with length 1"""
HIDDEN = 8
"""least width of the MLPs, which hold nothing but noise where nothing is planted in them"""


@dataclass(frozen=True)
class Neurons:
    """Neurons of one MLP, each of which passes on what it reads where that is positive, and else next to nothing."""

    read: Tensor
    """(plane number, neuron)"""
    write: Tensor
    """(neuron, plane number)"""


@dataclass(frozen=True)
class Lexicon:
    """The planes of an organism, its tokens in them, and its neurons."""

    planes: Planes
    embedding: Tensor
    """(token, plane number)"""
    unembedding: Tensor
    """(token, plane number), of the last stream"""
    neurons: Mapping[int, Neurons]
    """by layer"""

    @property
    def hidden(self) -> int:
        """The width of its MLPs."""
        return max([HIDDEN, *(len(neurons.write) for neurons in self.neurons.values())])


def check_said_in(layer: int, layers: int) -> None:
    """Returns if an organism has the layer whose MLP is to say something.

    Raises:
        Refusal: `no-such-layer`.
    """
    if layer >= layers:
        raise Refusal(
            "no-such-layer",
            what=f"the MLP of layer {layer} was to say what the heads tell",
            why=f"the organism has layers 0 to {layers - 1}",
            instead="name the last layer, or another behind the heads that tell it",
        )
