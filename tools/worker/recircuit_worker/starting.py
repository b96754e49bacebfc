"""What the start of a worker costs, beside the imports themselves. What is imported, and when, is for the callers."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Importing torch and transformers makes half a million objects that stay: looking through them for garbage took
    one second of the five of a start. They are set aside for later collections too."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
