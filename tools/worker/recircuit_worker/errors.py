"""The two ways in which a request can fail, kept apart because different people act on them.

A refusal is the caller's to mend, a fault the operator's. A measured zero is neither: it is a result.
"""


class Refusal(Exception):
    """A "no" that the caller may act on: what was asked, why it cannot be, what to do instead."""

    def __init__(self, code: str, *, what: str, why: str, instead: str) -> None:
        super().__init__(f"{what}: {why}. Instead: {instead}.")
        self.code, self.what, self.why, self.instead = code, what, why, instead


class Fault(Exception):
    """A failure of the machinery. It ends the call and is never read as a measurement."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
