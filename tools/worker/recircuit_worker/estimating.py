"""What all first-order estimates share: how many gradients they take, and that one arrived. The engine has the rest."""

from torch import Tensor

from recircuit_worker.errors import Fault, Refusal

STEPS = 5
"""as Hanna et al. 2024 recommend"""


def steps_of(method: str, steps: int | None) -> int | None:
    """Returns the steps between the two runs; None for one gradient at the unedited prompt.

    Raises:
        Refusal: `steps-without-path`.
    """
    if method == "integrated":
        return steps or STEPS
    if steps is not None:
        raise Refusal(
            "steps-without-path",
            what=f"{steps} steps of attribution patching were asked for",
            why="it takes the gradient at one point, the unedited prompt",
            instead="set method to integrated, or leave steps out",
        )
    return None


def check_reached(estimates: Tensor, count: int, what: str, where: str) -> None:
    """Returns if any estimate differs from zero; `count` of `what` were made, and gradients must get to `where`.

    Raises:
        Fault: `all-estimates-zero`.
    """
    if not bool(estimates.any()):
        raise Fault(
            "all-estimates-zero",
            f"the gradient at every one of {count} {what}, times its change, is zero",
            why=f"a real model never shows that, so the gradient did not reach the {where}",
            instead="do not use the result; report the model and the request",
        )
