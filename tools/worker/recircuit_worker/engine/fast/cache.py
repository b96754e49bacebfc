"""Clean passes kept for later calls on the same prompts: twenty control sets share one clean pass.

A worker's model never changes, so what was recorded stays right. The oldest go when the budget is full.
"""

from collections import OrderedDict
from collections.abc import Callable

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.fast.clean import Clean

Key = tuple[tuple[tuple[int, ...], bytes], ...]


class CleanCache:
    """At most `limit` bytes of clean passes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept: OrderedDict[Key, Clean] = OrderedDict()

    def get(self, batch: Batch, length: int, heads: bool, run: Callable[[], Clean]) -> Clean:
        """Returns the kept clean pass of these prompts if it has a long enough tail, and heads if wanted; else runs."""
        key = _key(batch)
        kept = self._kept.get(key)
        if kept is not None and kept.length >= length and (kept.heads is not None or not heads):
            self._kept.move_to_end(key)
            return kept
        self._kept[key] = run()
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(clean.bytes() for clean in self._kept.values()) > self.limit:
            self._kept.popitem(last=False)
        return self._kept[key]

    def clear(self) -> None:
        """Forgets all."""
        self._kept.clear()


def _key(batch: Batch) -> Key:
    parts = (batch.ids, batch.mask, batch.scored)
    return tuple((tuple(part.shape), part.cpu().numpy().tobytes()) for part in parts)
