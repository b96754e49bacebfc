"""Tables of reports: as columns for the terminal and as Markdown for the committed page."""

from collections.abc import Sequence

Cell = str | float | int | None
"""None: not measured"""


def text_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Returns rows in columns; words are set to the left, the rest to the right."""
    shown = [list(header), *([show(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    left = [_is_words([row[column] for row in rows]) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = (t.ljust(w) if words else t.rjust(w) for t, w, words in zip(row, widths, left, strict=True))
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in shown)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Returns the same as Markdown."""
    rule = ["---" if _is_words([row[column] for row in rows]) else "---:" for column in range(len(header))]
    shown = [list(header), rule, *([show(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in shown)


def show(cell: Cell) -> str:
    """Returns a cell as text: numbers with three significant digits, without an exponent where that is readable."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    if cell and abs(cell) < 1e-3:
        return f"{cell:.1e}"
    return f"{cell:.3g}"


def _is_words(column: Sequence[Cell]) -> bool:
    return any(isinstance(cell, str) and " " in cell.strip() and not cell[0].isdigit() for cell in column)
