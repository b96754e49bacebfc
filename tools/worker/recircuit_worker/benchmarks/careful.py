"""The careful user: some lines of plain transformers that share the prefix and run every head as a row.

Not shipped by any library, but the right rival: it is what somebody who knows about caches would write. It pays for
layers below the patch and for a copy of the cache per row, and takes one prompt at a time.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DynamicCache

from recircuit_worker.benchmarks.contenders import Contender, projection
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.benchmarks.work import Work
from recircuit_worker.models.adapter import matrix


class CarefulUser(Contender):
    """Prefix cache, then one forward of one token with one row for each head; the logits of the whole vocabulary.

    The cache is repeated in transformers' own way. That copies it for every row, and appending the last token's keys
    copies it again.
    """

    key, about = "R6", "careful user: prefix KV cache, one single-token forward, one row per head"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._rows = work.cells

    @torch.inference_mode()
    def sweep(self, cells: list[int], told: Told) -> None:
        for prompt in range(len(self.work.ids)):
            prefix = self._prefix(prompt)
            done = 0
            while done < len(cells):
                try:
                    here = cells[done : done + self._rows]
                    self._rows_of(prompt, here, prefix, told)
                except torch.OutOfMemoryError:
                    # On a GPU the copies of a large model's cache do not fit; a user would halve the rows, too.
                    self._rows = max(1, self._rows // 2)
                    torch.cuda.empty_cache()
                    continue
                done += len(here)

    def _prefix(self, prompt: int) -> DynamicCache:
        cache = DynamicCache()  # without a config: with one, sliding layers forget the oldest keys
        self.work.parts.base(input_ids=self.work.ids[prompt : prompt + 1, :-1], past_key_values=cache, use_cache=True)
        return cache

    def _repeated(self, prefix: DynamicCache, rows: int) -> DynamicCache:
        cache = copy.deepcopy(prefix)
        cache.batch_repeat_interleave(rows)
        return cache

    def _rows_of(self, prompt: int, cells: list[int], prefix: DynamicCache, told: Told) -> None:
        work, width = self.work, self.work.parts.head_dim
        cache = self._repeated(prefix, len(cells))

        def edit(layer: int):
            mine = [(row, cell % work.parts.heads) for row, cell in enumerate(cells) if work.split(cell)[0] == layer]

            def hook(module: nn.Module, args: tuple) -> tuple:
                heads = args[0].clone()
                for row, head in mine:
                    heads[row, -1, head * width : (head + 1) * width] = work.means[layer, head].to(heads)
                return (heads, *args[1:])

            return projection(work, layer).register_forward_pre_hook(hook)

        handles = [edit(layer) for layer in range(work.layers)]
        try:
            ids = work.ids[prompt : prompt + 1, -1:].expand(len(cells), 1)
            self._read(slice(prompt, prompt + 1), cells, ids, cache, told)
        finally:
            for handle in handles:
                handle.remove()

    def _read(self, prompt: slice, cells: list[int], ids: Tensor, cache: DynamicCache, told: Told) -> None:
        logits = self.work.model(input_ids=ids, past_key_values=cache, use_cache=True).logits
        told.put(prompt, cells, logits[:, -1][None])


class CarefulUserAnswers(CarefulUser):
    """The same where only the logits of the two answers are wanted."""

    key, about = "R6a", "careful user, answers' logits only"

    def _read(self, prompt: slice, cells: list[int], ids: Tensor, cache: DynamicCache, told: Told) -> None:
        work = self.work
        hidden = work.parts.base(input_ids=ids, past_key_values=cache, use_cache=True).last_hidden_state[:, -1]
        logits = functional.linear(hidden, matrix(work.parts.unembedding)[:, work.answers[prompt][0]].T)
        cap = getattr(work.model.config.get_text_config(), "final_logit_softcapping", None)
        told.answers[prompt, cells] = (logits if cap is None else cap * torch.tanh(logits / cap)).to(told.answers)


class ExpertUser(CarefulUser):
    """The same by somebody who reaches into the cache: rows are views of the prefix, so that it is copied only once."""

    key, about = "R6v", "the same, the cache repeated as views by hand"

    def _repeated(self, prefix: DynamicCache, rows: int) -> DynamicCache:
        return _views(prefix, rows)


class ExpertUserAnswers(CarefulUserAnswers):
    """Both."""

    key, about = "R6va", "the same, the cache repeated as views by hand, answers' logits only"

    def _repeated(self, prefix: DynamicCache, rows: int) -> DynamicCache:
        return _views(prefix, rows)


def _views(prefix: DynamicCache, rows: int) -> DynamicCache:
    cache = DynamicCache()
    for layer in prefix.layers:
        mine = copy.copy(layer)
        mine.keys, mine.values = (part.expand(rows, -1, -1, -1) for part in (layer.keys, layer.values))
        cache.layers.append(mine)
    return cache
