"""What each source of edges makes of the residual stream under a counterfactual, and its product with gradients there.

Head outputs are kept small, (head, head_dim), and gradients are pulled back to them: no tensor holds every source at
the width of the stream. The gradients themselves are the business of `edges.py`.
"""

import torch
from torch import Tensor

from recircuit_worker.engine.streams import Stream, Streams


class Changes:
    """What each source of a batch makes of the stream under the counterfactual, against clean."""

    def __init__(self, streams: Streams, clean: Stream, other: Stream) -> None:
        pairs = list(zip(clean.layers, other.layers, strict=True))
        self.embedding = other.layers[0].before - clean.layers[0].before
        self.heads = [after.heads - before.heads for before, after in pairs]
        self.mlps = [after.mlp - before.mlp for before, after in pairs]
        self.scales = [layer.scale for layer in clean.layers]
        self.norms, self.parts = streams.norms()[0], streams.parts
        self.writes = [
            torch.stack([streams.writes(layer, head) for head in range(streams.parts.heads)])
            for layer in range(len(pairs))
        ]

    def along(self, slope: Tensor, layer: int, inside: bool) -> Tensor:
        """Returns (row, source) of slopes (row, token, d_model), of what is written before a layer, or by its heads."""
        slope = slope.to(self.embedding)
        width, heads = self.parts.heads + 1, self.parts.heads
        found = slope.new_zeros(len(slope), 1 + len(self.heads) * width)
        found[:, 0] = (self.embedding * slope).sum((1, 2))
        for source in range(min(len(self.heads), layer + inside)):
            back = self.norms[source].pull(slope, self.scales[source])
            start = 1 + source * width
            own = torch.einsum("rtd,hkd,rthk->rh", back, self.writes[source], self.heads[source])
            found[:, start : start + heads] = own
            if source < layer:
                found[:, start + heads] = (self.mlps[source] * slope).sum((1, 2))
        return found
