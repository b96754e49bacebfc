"""What each method does, and the promise that every request gets one reply of one of four kinds.

It imports no torch: `hello` answers at once, a bad folder is refused at once, and only `open`, the builds and
`permute_heads` pay for the libraries. Pipes belong in `channel.py`.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import recircuit_worker.tools
from recircuit_worker import contract, wire
from recircuit_worker.canonical import hash_of
from recircuit_worker.errors import Refusal
from recircuit_worker.starting import collecting_nothing
from recircuit_worker.versions import contract_sha256, likely_device, versions

Progress = Callable[[float, float, str, str], None]
"""(done, total, unit, note)"""
Check = Callable[[], None]
"""Raises Cancelled once the caller has asked to stop."""


class Server:
    """Holds what is open. `shut` is true after `shutdown`."""

    def __init__(self) -> None:
        self.shut = False
        self._bench: Any = None
        self._tools = tool_names()
        self._methods: dict[str, Callable[[dict[str, Any], Progress, Check], dict[str, Any]]] = {
            "hello": self._hello,
            "open": self._open,
            "build_organism": self._build_organism,
            "build_curriculum": self._build_curriculum,
            "build_planted": self._build_planted,
            "permute_heads": self._permute_heads,
            "shutdown": self._shutdown,
        }

    def answer(self, request: wire.Request, progress: Progress, check_cancelled: Check) -> bytes:
        """Returns the one reply of a request, as a line. Contract: never raises an Exception."""
        try:
            check_cancelled()
            return wire.result_reply(request.id, self._run(request, progress, check_cancelled))
        except Exception as error:
            return wire.error_reply(request.id, error)

    def _run(self, request: wire.Request, progress: Progress, check_cancelled: Check) -> dict[str, Any]:
        method = self._methods.get(request.method)
        if method is not None:
            return method(request.params, progress, check_cancelled)
        if request.method in self._tools:
            return self._call_tool(request.method, request.params, progress, check_cancelled)
        raise _unknown_method(request.method, [*self._methods, *self._tools])

    def _hello(self, params: dict[str, Any], _progress: Progress, _check: Check) -> dict[str, Any]:
        _no_params("hello", params)
        found = versions()
        return {
            "wire": wire.WIRE_VERSION,
            "contract_sha256": contract_sha256(),
            "python": found.python,
            "torch": found.torch,
            "transformers": found.transformers,
            "worker": found.worker,
            "device": likely_device(),
            "tools": self._tools,
        }

    def _open(self, params: dict[str, Any], progress: Progress, check_cancelled: Check) -> dict[str, Any]:
        from recircuit_worker import decode, files

        if self._bench is not None:
            raise Refusal(
                "already-open",
                what="a second model was to be opened",
                why="a worker holds one model and one half of a behaviour, so that nothing leaks between them",
                instead="start another worker",
            )
        request: contract.OpenRequest = decode.decode("OpenRequest", params)
        # The loader checks again; here it costs milliseconds, and a bad folder is refused before torch is imported.
        files.locate(request.folder, request.repository, request.revision)

        with collecting_nothing():
            from recircuit_worker.artifacts import ArtifactWriter
            from recircuit_worker.bench import Bench
            from recircuit_worker.models.load import open_model

            artifacts = ArtifactWriter(Path(request.artifacts))
            model = open_model(request, progress, check_cancelled)
            self._bench = Bench(model, request, artifacts)
        return decode.encode_checked("OpenResult", contract.OpenResult(facts=model.facts))

    def _build_organism(self, params: dict[str, Any], progress: Progress, check_cancelled: Check) -> dict[str, Any]:
        from recircuit_worker import decode

        request: contract.BuildRequest = decode.decode("BuildRequest", params)

        from recircuit_worker.organisms.build import build_organism

        def report(step: int, steps: int, note: str) -> None:
            check_cancelled()
            progress(step, steps, "steps", note)

        return decode.encode_checked("OrganismCard", build_organism(request, report))

    def _build_curriculum(self, params: dict[str, Any], progress: Progress, check_cancelled: Check) -> dict[str, Any]:
        from recircuit_worker import decode

        request: contract.CurriculumRequest = decode.decode("CurriculumRequest", params)

        from recircuit_worker.organisms.build import build_curriculum

        def report(step: int, steps: int, note: str) -> None:
            check_cancelled()
            progress(step, steps, "steps", note)

        return decode.encode_checked("CurriculumCard", build_curriculum(request, report))

    def _build_planted(self, params: dict[str, Any], progress: Progress, check_cancelled: Check) -> dict[str, Any]:
        from recircuit_worker import decode

        request: contract.PlantedRequest = decode.decode("PlantedRequest", params)

        from recircuit_worker.organisms.build import build_planted

        def report(step: int, steps: int, note: str) -> None:
            check_cancelled()
            progress(step, steps, "steps", note)

        return decode.encode_checked("PlantedCard", build_planted(request, report))

    def _permute_heads(self, params: dict[str, Any], _progress: Progress, _check: Check) -> dict[str, Any]:
        from recircuit_worker import decode

        request: contract.PermuteRequest = decode.decode("PermuteRequest", params)

        from recircuit_worker.organisms.permute import permuted_twin

        return decode.encode_checked("PermuteResult", permuted_twin(request))

    def _call_tool(self, tool: str, params: dict[str, Any], progress: Progress, check: Check) -> dict[str, Any]:
        from recircuit_worker import decode

        request = decode.decode(f"{class_stem(tool)}Input", params)
        if self._bench is None:
            raise Refusal(
                "not-open",
                what=f"the tool {tool} was called",
                why="no model is open in this worker",
                instead="send `open` first",
            )
        module = importlib.import_module(f"recircuit_worker.tools.{tool}")
        self._bench.begin(progress, check, tool, hash_of(params))
        answer = decode.encode_checked(f"{class_stem(tool)}Output", module.run(request, self._bench))
        self._bench.end()
        return answer

    def _shutdown(self, params: dict[str, Any], _progress: Progress, _check: Check) -> dict[str, Any]:
        _no_params("shutdown", params)
        self.shut = True
        return {}


def tool_names() -> list[str]:
    """Returns the modules of `recircuit_worker.tools` that the contract has an input for, without importing them."""
    names = [module.name for module in pkgutil.iter_modules(recircuit_worker.tools.__path__)]
    return sorted(name for name in names if hasattr(contract, f"{class_stem(name)}Input"))


def class_stem(tool: str) -> str:
    """`sweep_heads` -> `SweepHeads`, as the contract names the classes of a tool."""
    return "".join(word.capitalize() for word in tool.split("_"))


def _no_params(method: str, params: dict[str, Any]) -> None:
    if params:
        raise Refusal(
            "bad-request",
            what=f"{method} was sent with the parameter {min(params)!r}",
            why="it has none",
            instead="send empty `params`",
        )


def _unknown_method(method: str, known: list[str]) -> Refusal:
    near = difflib.get_close_matches(method, known, n=1, cutoff=0.6)
    return Refusal(
        "unknown-method",
        what=f"the method {method[:80]!r} was called",
        why="this worker has no such method",
        instead=f"call {near[0]}" if near else f"call one of {', '.join(known)}",
    )
