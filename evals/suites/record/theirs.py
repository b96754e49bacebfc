"""The same content in the real inspect-ai, measured: reading a sample, its headers in one batch, and bytes of the log that it writes."""

import json
import os
import statistics
import sys
import time

from inspect_ai import __version__
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample, write_eval_log
from inspect_ai.log._file import read_eval_log_headers


def seconds(work, times):
    """Median, and every time."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return {"median": statistics.median(taken), "all": taken}


asked = json.load(sys.stdin)
found = {"version": __version__, "transcripts": {}}
for name, path in asked["transcripts"].items():
    log = read_eval_log(path)
    (sample,) = log.samples
    again = path.replace(".eval", "-again.eval")
    begun = time.perf_counter()
    write_eval_log(log, again)
    written = time.perf_counter() - begun
    compact = sum(len(event.model_dump_json(exclude_none=True)) for event in sample.events)
    found["transcripts"][name] = {
        "events": len(sample.events),
        "event_bytes": compact,
        "bytes": os.path.getsize(again),
        "write": written,
        "sample": seconds(lambda: read_eval_log_sample(again, id=sample.id, epoch=1), asked["times"]),
    }
    del log, sample
folder = asked["folder"]
logs = list_eval_logs(folder)
found["logs"] = len(logs)
found["listing"] = seconds(lambda: list_eval_logs(folder), asked["times"])
found["headers"] = seconds(lambda: read_eval_log_headers(logs), asked["times"])
print(json.dumps(found))
