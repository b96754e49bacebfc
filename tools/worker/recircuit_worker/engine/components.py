"""What single components put out, read from whole passes: over all prompts together, or prompt by prompt.

Only the components asked for are kept; all heads of a model at once are `Passes.head_outputs`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal

import torch
from torch import Tensor

from recircuit_worker.address import Head, Mlp
from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.edits import check_place
from recircuit_worker.engine.hooks import reading, reading_attention
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.models.adapter import Parts

Component = Head | Mlp


class ComponentReads:
    """A part of `Passes`, which makes the passes."""

    parts: Parts
    number: torch.dtype
    _batches: Callable[[Sequence[TokenPrompt]], Iterator[Batch]]
    _forward: Callable[..., Tensor]

    def component_means(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Component], positions: Literal["last", "all"]
    ) -> list[Tensor]:
        """See `Engine`."""
        sums: dict[Component, Tensor] = {}
        total = 0
        for batch in self._batches(prompts):
            places = batch.mask.bool()
            if positions == "last":
                places = torch.zeros_like(places).scatter_(1, batch.last[:, None], True)
            total += int(places.sum())

            def take(component: Component, outputs: Tensor, places: Tensor = places) -> None:
                sums[component] = sums.get(component, 0) + outputs[places.to(outputs.device)].double().sum(0).cpu()

            with self._reading(components, take):
                self._forward(batch, positions=batch.last[:, None])
        return [(sums[component] / total).to(self.number) for component in components]

    def component_outputs(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Component], positions: Tensor
    ) -> list[Tensor]:
        """See `Engine`."""
        found = {
            component: torch.zeros(
                *positions.shape,
                self.parts.head_dim if isinstance(component, Head) else self.parts.d_model,
                dtype=self.number,
            )
            for component in components
        }
        for batch in self._batches(prompts):
            where = torch.arange(len(batch.rows))[:, None], positions[batch.rows].clamp(min=0)

            def take(
                component: Component,
                outputs: Tensor,
                rows: Tensor = batch.rows,
                where: tuple[Tensor, Tensor] = where,
            ) -> None:
                here = outputs[tuple(index.to(outputs.device) for index in where)]
                found[component][rows] = here.to("cpu", self.number)

            with self._reading(components, take):
                self._forward(batch, positions=batch.last[:, None])
        return [found[component].masked_fill_((positions < 0)[..., None], 0) for component in components]

    def head_values(self, prompts: Sequence[TokenPrompt], heads: Sequence[Head], positions: Tensor) -> list[Tensor]:
        """See `Engine`."""
        for head in heads:
            check_place("value", head.layer, head.head, self.parts)
        shape = (*positions.shape, self.parts.head_dim)
        found = {head: torch.zeros(shape, dtype=self.number) for head in heads}
        for batch in self._batches(prompts):
            where = torch.arange(len(batch.rows))[:, None], positions[batch.rows].clamp(min=0)

            def take(
                layer: int,
                reads: dict[str, Tensor],
                rows: Tensor = batch.rows,
                where: tuple[Tensor, Tensor] = where,
            ) -> None:
                values = reads["value"]
                row, token = (index.to(values.device) for index in where)
                for head in heads:
                    if head.layer == layer:
                        found[head][rows] = values[row, head.head, token].to("cpu", self.number)

            with reading_attention(self.parts, take):
                self._forward(batch, positions=batch.last[:, None])
        return [found[head].masked_fill_((positions < 0)[..., None], 0) for head in heads]

    def _reading(
        self, components: Sequence[Component], take: Callable[[Component, Tensor], None]
    ) -> AbstractContextManager[None]:
        """Returns the context that hands over the outputs (row, token, width) of these components.

        Raises:
            Refusal: as `check_place`.
        """
        for component in components:
            site, head = ("head", component.head) if isinstance(component, Head) else ("mlp", None)
            check_place(site, component.layer, head, self.parts)

        def take_heads(layer: int, outputs: Tensor) -> None:
            for component in components:
                if isinstance(component, Head) and component.layer == layer:
                    take(component, outputs[:, :, component.head])

        def take_mlp(layer: int, outputs: Tensor) -> None:
            if Mlp(layer) in components:
                take(Mlp(layer), outputs)

        return reading(self.parts, heads=take_heads, mlps=take_mlp)
