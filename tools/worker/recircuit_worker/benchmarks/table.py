"""Reports as tables: one for the terminal, the same in Markdown for the committed page."""

from collections.abc import Sequence

COLUMNS = (
    "",
    "what",
    "s per sweep",
    "least - most",
    "R1 / it",
    "it / F",
    "max Δlogit",
    "top 20",
    "forwards",
    "peak MB",
)


def sweep_cells(report: dict) -> list[list[str]]:
    """Returns the rows of a sweep's report as text."""
    found = []
    for row in report["rows"]:
        seconds, whole = row["seconds"], report["model"]["layers"] * report["model"]["heads"]
        scaled = "" if row["measured_cells"] == whole else f" (of {row['measured_cells']} heads, scaled)"
        found.append(
            [
                row["key"],
                row["about"] + scaled,
                number(seconds["median"]),
                f"{number(seconds['least'])} - {number(seconds['most'])}",
                number(row["faster_than_r1"]),
                number(row["over_f"]),
                _difference(row),
                _order(row),
                number(row["forwards"]),
                "" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 1e6:.0f}",
            ]
        )
    return [*found, *([*key.split(" ", 1), why][:1] + [why] + [""] * 8 for key, why in report["missing"].items())]


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns rows in columns; all but the first two are set to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = (t.ljust(w) if i < 2 else t.rjust(w) for i, (t, w) in enumerate(zip(row, widths, strict=True)))
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), *(line(row) for row in rows)])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns the same as Markdown."""
    rule = ["---"] * 2 + ["---:"] * (len(header) - 2)
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule[: len(header)], *rows))


def number(value: float | None) -> str:
    """Returns three significant digits without an exponent where that is readable."""
    if value is None:
        return ""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e7):
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def bar_lines(report: dict) -> list[str]:
    """Returns one line for each bar, those on time first."""
    return [
        f"{'holds ' if bar['holds'] else 'MISSED'} {bar['says']}; measured {number(bar['measured'])}"
        for bar in report["bars"]
    ]


def _difference(row: dict) -> str:
    if not row["exact"]:
        return "approximate"
    return "" if row["logits"] is None else f"{row['logits']:.1e}"


def _order(row: dict) -> str:
    if row["same_top"] is None:
        return ""
    said = "same" if row["same_top"] else "differs"
    return said if row["exact"] or row["spearman"] is None else f"rank corr. {row['spearman']:.3f}"
