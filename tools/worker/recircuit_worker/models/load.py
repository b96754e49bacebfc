"""Opens a model: from a checked folder to a proven `LoadedModel`. The only place that calls `from_pretrained`.

Weights are safetensors, code is transformers' own, the dtype is the one asked for, attention is eager (soft caps and
attention weights need it). Nothing is downloaded here.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# before CUDA starts: cuBLAS reads it once
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    logging,
)

from recircuit_worker.contract import ModelFacts, OpenRequest
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.files import CheckedFolder, locate, weights_sha256
from recircuit_worker.models.adapter import Parts, find_parts
from recircuit_worker.models.facts import check_expected, find_facts
from recircuit_worker.models.selftest import self_test
from recircuit_worker.models.spread import spread
from recircuit_worker.prompts.tokens import Reader, find_reader

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}
ATTENTION = "eager"
SMALL_MODEL_BYTES = 64_000_000
"""below it threads wait for each other more than they compute: a sweep of a 1.3 M parameter organism took 7 s on one
thread and 61 s on two while other processes kept the cores busy"""


@dataclass(frozen=True)
class LoadedModel:
    """A model whose parts are known and proven. It is never changed after this."""

    model: PreTrainedModel
    reader: Reader
    parts: Parts
    facts: ModelFacts


Progress = Callable[[float, float, str, str], None]


def open_model(request: OpenRequest, progress: Progress, check_cancelled: Callable[[], None]) -> LoadedModel:
    """Returns the model of a request.

    Raises:
        Refusal: for a folder that may not be opened (see `files`), `weights-differ`, `facts-differ`, `no-such-device`,
            `model-not-loadable`, `weights-incomplete`, `unknown-structure`, `self-test-failed`.
        Fault: `nan-from-model`.
    """
    steps = iter(range(1, 6))

    def step(note: str) -> None:
        check_cancelled()
        progress(next(steps), 5, "steps", note)

    checked = locate(request.folder, request.repository, request.revision)
    set_up_torch(sum(file.stat().st_size for file in checked.weights))
    step("hash the weights")
    sha256 = _check_weights(checked, request)
    step("load")
    devices = find_devices(request.device)
    model = load_model(checked, DTYPES[request.dtype], devices)
    reader = find_reader(_load_tokenizer(checked))
    step("look at every weight")
    _check_numbers(model)
    step("find the parts")
    parts = find_parts(model)
    if len(devices) > 1:
        spread(model, parts, devices)
    step("prove the heads")
    proof = self_test(model, parts, reader, check_cancelled)
    facts = find_facts(model, parts, request, sha256, proof)
    check_expected(facts, request.expect)
    return LoadedModel(model, reader, parts, facts)


def set_up_torch(weight_bytes: int) -> None:
    """Makes results repeatable where torch can: no TF32, deterministic kernels, and a number of threads.

    `RECIRCUIT_THREADS` or `OMP_NUM_THREADS` decides; else a small model runs on one thread.
    """
    threads = os.environ.get("RECIRCUIT_THREADS")
    if threads:
        torch.set_num_threads(int(threads))
    elif weight_bytes < SMALL_MODEL_BYTES and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def find_devices(asked: str) -> list[torch.device]:
    """Returns the devices of `auto`, `cpu`, `cuda:N`, or several of them with commas, over which layers are spread.

    Raises:
        Refusal: `no-such-device`.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return [torch.device("cuda:0" if count else "cpu")]
    known = {"cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))}
    if not set(asked.split(",")) <= known:
        raise Refusal(
            "no-such-device",
            what=f"the device {asked} was asked for",
            why=f"this worker has {', '.join(sorted(known))}",
            instead="ask for one of these, for several with commas between, or for auto",
        )
    return [torch.device(name) for name in asked.split(",")]


def _check_weights(checked: CheckedFolder, request: OpenRequest) -> str:
    sha256 = weights_sha256(checked.weights)
    if request.weights_sha256 not in (None, sha256):
        raise Refusal(
            "weights-differ",
            what=f"the model {request.model} was to be opened with weights {str(request.weights_sha256)[:12]}",
            why=f"the files there have the hash {sha256[:12]}",
            instead="fetch or build the weights again, or ask for the model that is there",
        )
    return sha256


def load_model(checked: CheckedFolder, dtype: torch.dtype, devices: list[torch.device]) -> PreTrainedModel:
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            checked.folder,
            dtype=dtype,
            attn_implementation=ATTENTION,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise _not_loadable(checked, error) from error
    for what in ("missing_keys", "mismatched_keys"):
        if report[what]:
            raise Refusal(
                "weights-incomplete",
                what=f"the weights of {checked.folder.name} were read",
                why=f"{len(report[what])} tensors are missing or of another shape and would be random, "
                f"{min(map(str, report[what]))} for one",
                instead="fetch the weights that belong to this config.json",
            )
    if model.config._attn_implementation != ATTENTION:
        raise Refusal(
            "not-eager",
            what="eager attention was asked for",
            why=f"transformers chose {model.config._attn_implementation}, which can drop soft caps",
            instead="use an architecture with an eager attention",
        )
    # A model of several devices stays where it was read until its layers are known.
    return (model.to(devices[0]) if len(devices) == 1 else model).eval().requires_grad_(False)


def _load_tokenizer(checked: CheckedFolder) -> PreTrainedTokenizerBase:
    try:
        # For some architectures, Qwen2 among them, AutoTokenizer overrules this class and cuts words by the family's
        # own rules instead of those in tokenizer.json, without a word.
        as_it_stands = _tokenizer_class(checked.folder) in {"TokenizersBackend", "PreTrainedTokenizerFast"}
        kind = PreTrainedTokenizerFast if as_it_stands else AutoTokenizer
        return kind.from_pretrained(checked.folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise _not_loadable(checked, error, "tokenizer") from error


def _tokenizer_class(folder: Path) -> str | None:
    file = folder / "tokenizer_config.json"
    if not file.exists() or not (folder / "tokenizer.json").exists():
        return None
    return json.loads(file.read_text(encoding="utf-8")).get("tokenizer_class")


def _check_numbers(model: PreTrainedModel) -> None:
    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight).all()):
            raise Fault(
                "nan-from-model",
                f"the weight {name} holds numbers that are not finite",
                why="nothing that is computed with it would mean anything",
                instead="fetch the weights again, or load them in another dtype",
            )


def _not_loadable(checked: CheckedFolder, error: Exception, what: str = "model") -> Refusal:
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    return Refusal(
        "model-not-loadable",
        what=f"the {what} of {checked.folder.name} was to be loaded",
        why=f"transformers says: {first_line}",
        instead="use a causal language model that this version of transformers knows",
    )
