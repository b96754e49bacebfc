"""How sure a mean is: the one formula behind every `sem` that a tool tells."""

from torch import Tensor


def standard_error(values: Tensor) -> float | None:
    """Returns the standard error of the mean of values (n,), in their unit; None for a single one."""
    return float(values.std(correction=1)) / len(values) ** 0.5 if len(values) > 1 else None
