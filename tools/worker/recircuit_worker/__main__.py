"""`python -m recircuit_worker` serves on stdin and stdout; `--batch requests.jsonl` answers a file of requests,
`--nursery socket` forks workers (see nursery.py).

Settings of libraries that they read at import stand here, before any of them is imported.
"""

import os
import sys

# Nothing is downloaded by itself: a library that wants the network fails at once and says so.
if os.environ.get("RECIRCUIT_ALLOW_DOWNLOAD") != "1":
    os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from recircuit_worker.log import capture_library_logs
from recircuit_worker.nursery import launch

if len(sys.argv) == 1:
    launch()

from recircuit_worker.serve import main

capture_library_logs()
sys.exit(main(sys.argv[1:]))
