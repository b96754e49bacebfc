"""Facts of the open model, as found and proven at load."""

from recircuit_worker.bench import Bench
from recircuit_worker.contract import DescribeModelInput, DescribeModelOutput


def run(request: DescribeModelInput, bench: Bench) -> DescribeModelOutput:
    """Returns the facts; nothing is measured again."""
    return DescribeModelOutput(facts=bench.facts)
