"""The loops that papers and libraries run, in plain PyTorch: one whole forward for each head."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from recircuit_worker.benchmarks.contenders import Contender, hooked, projection, set_head
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.models.adapter import matrix


class PublishedLoop(Contender):
    """The published procedure (Todd et al. 2024; ericwtodd/function_vectors fb9eac7, src/compute_indirect_effect.py).

    Batch 1, logits at all positions of which the last are used, and a hook on the projection's output that edits its
    input and computes the projection a second time. The published code does not run on Gemma-2 (it takes the width of a
    head to be d_model / heads) and forgets projection biases; the adapter's parts are used instead.
    """

    key, about = "R1", "published per-head loop: batch 1, logits at all positions"
    by_head = True

    @torch.inference_mode()
    def sweep(self, cells: list[int], told: Told) -> None:
        for row in range(len(self.work.ids)):
            ids = self.work.ids[row : row + 1]
            for cell in cells:
                layer, head = self.work.split(cell)

                def recompute(module: nn.Module, args: tuple, output: Tensor, layer: int = layer, head: int = head):
                    return functional.linear(set_head(self.work, args[0], layer, head), matrix(module).T, module.bias)

                with hooked(projection(self.work, layer).register_forward_hook(recompute)):
                    logits = self.work.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, -1]
                told.put(slice(row, row + 1), [cell], logits[:, None])

    @torch.inference_mode()
    def clean(self, told: Told) -> None:
        for row in range(len(self.work.ids)):
            ids = self.work.ids[row : row + 1]
            told.put_clean(slice(row, row + 1), self.work.model(input_ids=ids).logits[:, -1])


class BatchedLoop(Contender):
    """What TransformerLens' helpers do, in plain PyTorch: all prompts in one forward, one head per forward."""

    key, about = "R2", "all prompts per forward, one head per forward, logits at all positions"
    by_head = True

    @torch.inference_mode()
    def sweep(self, cells: list[int], told: Told) -> None:
        ids = self.work.ids
        for cell in cells:
            layer, head = self.work.split(cell)

            def edit(module: nn.Module, args: tuple, layer: int = layer, head: int = head) -> tuple:
                return (set_head(self.work, args[0], layer, head), *args[1:])

            with hooked(projection(self.work, layer).register_forward_pre_hook(edit)):
                logits = self.work.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, -1]
            told.put(slice(None), [cell], logits[:, None])
