"""The worker's log: one JSON object a line on stderr, so that the orchestrator can file it under its own levels.

Nothing here is evidence: numbers travel in results and artifacts only.
"""

import json
import logging
import os

STDERR = 2


def log(level: str, msg: str) -> None:
    """Writes one line; a reader that is gone is no reason to stop."""
    line = json.dumps({"level": level, "msg": msg}) + "\n"
    try:
        os.write(STDERR, line.encode())
    except OSError:
        pass


class _ToLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log(record.levelname.lower().replace("warning", "warn").replace("critical", "error"), record.getMessage())


def capture_library_logs() -> None:
    """Sends what libraries log or warn about down the same way, from warnings on."""
    logging.basicConfig(level=logging.WARNING, handlers=[_ToLog()], force=True)
    logging.captureWarnings(True)
