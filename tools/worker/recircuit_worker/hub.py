"""Where the Hugging Face cache of this machine keeps a model, at one pinned revision.

Nothing is downloaded unless the person at the keyboard allowed it (RECIRCUIT_ALLOW_DOWNLOAD=1), and then only
safetensors, JSON and vocabularies.
"""

import os
import re
from pathlib import Path

from recircuit_worker.errors import Fault, Refusal

ALLOW = "RECIRCUIT_ALLOW_DOWNLOAD"
PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.model"]
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}")


def hub_snapshot(repository: str, revision: str | None) -> Path:
    """Returns the folder of a repository at a revision.

    Raises:
        Refusal: `bad-repository`, `not-pinned`, `not-in-cache` or `no-such-repository`.
        Fault: `download-failed`.
    """
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise _refused("bad-repository", repository, "its name is not `owner/name`", "copy the name from the hub")
    if revision is None or not _REVISION.fullmatch(revision):
        raise _refused(
            "not-pinned",
            repository,
            f"the revision {revision!r} is not a commit of 40 hex digits, and a branch can change its meaning",
            "give the commit's full hash as the revision",
        )
    snapshot = cache_folder() / f"models--{repository.replace('/', '--')}" / "snapshots" / revision
    if os.environ.get(ALLOW) == "1":
        return _download(repository, revision)
    if snapshot.is_dir():
        return snapshot
    raise _refused(
        "not-in-cache",
        repository,
        f"the cache of this machine does not hold revision {revision[:12]}, and nothing is downloaded by itself",
        f"download it first, or set {ALLOW}=1 to allow it",
    )


def cache_folder() -> Path:
    """Returns the cache as huggingface_hub finds it: HF_HUB_CACHE, else HF_HOME/hub, else the user's cache."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(os.path.expandvars(named)).expanduser()
    user_cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("HF_HOME") or f"{user_cache}/huggingface"
    return Path(os.path.expandvars(home)).expanduser() / "hub"


def _download(repository: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download  # slow to import, and seldom needed
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=PATTERNS, cache_dir=cache_folder()))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:  # gated repositories among them
        raise _refused(
            "no-such-repository",
            repository,
            f"the hub does not give it out at revision {revision[:12]}: it does not exist or is gated",
            "check the name and the revision, and accept its licence and run `hf auth login` if it is gated",
        ) from error
    except Exception as error:
        raise Fault(
            "download-failed",
            f"{repository} could not be downloaded ({type(error).__name__})",
            why=" ".join(str(error).split())[:300] or "the hub could not be reached",
            instead="check the network and run again; what arrived is kept",
        ) from error


def _refused(code: str, repository: str, why: str, instead: str) -> Refusal:
    return Refusal(code, what=f"the hub model {repository[:120]} was asked for", why=why, instead=instead)
