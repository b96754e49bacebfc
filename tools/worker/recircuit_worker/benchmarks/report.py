"""A report on disk and on the terminal: what was measured, on which machine, by which command."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from recircuit_worker.benchmarks.machine import find_machine
from recircuit_worker.benchmarks.table import COLUMNS, bar_lines, sweep_cells, text_table


def write_report(
    found: dict, what: str, shape: str, device: torch.device, arguments: Sequence[str], folder: Path
) -> dict:
    """Writes `<what>-<shape>-<device>.json` and returns the whole report."""
    report = {"what": what, "machine": asdict(find_machine(device, arguments)), **found}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{what}-{shape}-{device.type}.json"
    file.write_text(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf8")
    return report


def print_report(report: dict) -> None:
    """Prints the tables of a report, its bars, and what it was measured on."""
    print(heading(report))
    print(text_table(COLUMNS, sweep_cells(report)))
    print()
    for line in bar_lines(report):
        print(line)
    print("the numbers agree" if report["agrees"] else "THE NUMBERS DO NOT AGREE")


def heading(report: dict) -> str:
    """Returns one line on model and machine."""
    model, machine = report["model"], report["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{model['about']}: {model['layers']} layers of {model['heads']} heads, {model['prompts']} prompts of "
        f"{model['tokens']} tokens, {model['dtype']}\n"
        f"{machine['gpu'] or machine['processor']}, {machine['threads']} threads on {machine['cores']} cores, "
        f"Python {machine['python']}, {packages}"
    )
