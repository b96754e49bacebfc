"""A report on disk and on the terminal: what was measured, on which machine, by which command."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from recircuit_worker.benchmarks.machine import find_machine
from recircuit_worker.benchmarks.table import markdown_table, show, text_table

PAGE = "patching.md"
PREFIX = "patching-"
"""of its reports: the folder may hold other benchmarks too"""


def write_report(found: dict, name: str, device: torch.device, arguments: Sequence[str], folder: Path) -> dict:
    """Writes `patching-<name>.json` and the page of all reports in the folder; returns the whole report."""
    report = {"machine": asdict(find_machine(device, arguments)), **found}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{PREFIX}{name}.json"
    file.write_text(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf8")
    (folder / PAGE).write_text(page(folder), encoding="utf8")
    return report


def print_report(report: dict) -> None:
    """Prints the tables of a report, its bars, and what it was measured on."""
    for line in heading(report):
        print(line)
    for table in report["tables"]:
        print(f"\n{table['title']}")
        print(text_table(table["header"], table["rows"]))
    print()
    for line in [*report["notes"], *bar_lines(report)]:
        print(line)
    print("the numbers agree" if report["agrees"] else "THE NUMBERS DO NOT AGREE")


def page(folder: Path) -> str:
    """Returns all reports of a folder as one Markdown page."""
    parts = ["# Benchmarks of patching\n\nMade by `npm run bench`; do not edit. How to read it: `README.md` beside it."]
    for file in sorted(folder.glob(f"{PREFIX}*.json")):
        report = json.loads(file.read_text(encoding="utf8"))
        about, *machine = heading(report)
        parts.append(f"## {about}\n\n" + "  \n".join([*machine, f"`{report['machine']['command']}`"]))
        for table in report["tables"]:
            parts.append(f"{table['title']}\n\n{markdown_table(table['header'], table['rows'])}")
        parts.append("\n".join(f"- {line}" for line in [*report["notes"], *bar_lines(report)]))
    return "\n\n".join(parts) + "\n"


def heading(report: dict) -> list[str]:
    """Returns a line on what was measured, and a line on the machine."""
    machine = report["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return [
        report["about"],
        f"{machine['gpu'] or machine['processor']}, {machine['threads']} threads on {machine['cores']} cores, "
        f"Python {machine['python']}, {packages}",
    ]


def bar_lines(report: dict) -> list[str]:
    """Returns one line for each bar."""
    return [
        f"{'holds' if bar['holds'] else 'MISSED'}: {bar['says']}; measured {show(bar['measured'])}"
        for bar in report["bars"]
    ]
