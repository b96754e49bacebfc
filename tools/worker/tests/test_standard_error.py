"""The standard error of a mean."""

import pytest
import torch

from recircuit_worker.standard_error import standard_error


def test_it_is_the_spread_over_the_root_of_how_many() -> None:
    assert standard_error(torch.tensor([1.0, 2.0, 3.0, 6.0])) == pytest.approx((14 / 3) ** 0.5 / 2)
    assert standard_error(torch.tensor([5.0])) is None
