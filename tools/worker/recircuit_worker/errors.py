"""The ways in which a request can end without a result, kept apart because different people act on them.

A refusal is the caller's to mend, a fault the operator's, a cancellation nobody's. A measured zero is none of them: it
is a result. Turning foreign exceptions into these belongs in `failures.py`.
"""


class Refusal(Exception):
    """A "no" that the caller may act on: what was asked, why it cannot be, what to do instead."""

    def __init__(self, code: str, *, what: str, why: str, instead: str) -> None:
        super().__init__(f"{what}: {why}. Instead: {instead}.")
        self.code, self.what, self.why, self.instead = code, what, why, instead


class Fault(Exception):
    """A failure of the machinery. It ends the call and is never read as a measurement."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        why: str = "the worker could not go on",
        instead: str = "read the worker's log, mend the cause and run again",
    ) -> None:
        super().__init__(message)
        self.code, self.what, self.why, self.instead = code, message, why, instead


class Cancelled(Exception):
    """The caller asked to stop this request; raised by `check_cancelled` at a safe point."""
