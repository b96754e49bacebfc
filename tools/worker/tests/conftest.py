"""One thread: the tests' models are tiny, and tests of several processes share the machine."""

import os

os.environ.setdefault("RECIRCUIT_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
