"""The table of a head sweep: one row for each contender, and one for each that is missing."""

TITLE = (
    "One head at a time, every head, last token. `R1/it`: times as fast as the published loop. `it/F`: time in units "
    "of the fast engine's. Forwards: tokens through layers, in forwards of one prompt. Peak: memory beyond the model's."
)
HEADER = ("", "what", "s", "least", "most", "R1/it", "it/F", "max Δlogit", "top 20", "forwards", "peak MB")


def sweep_table(rows: list[dict], missing: dict[str, str], cells: int) -> dict:
    """Returns the table of a report."""
    return {
        "title": TITLE,
        "header": HEADER,
        "rows": [*(_row(row, cells) for row in rows), *(_missing(*pair) for pair in missing.items())],
    }


def _row(row: dict, cells: int) -> list:
    seconds, measured = row["seconds"], row["measured_cells"]
    return [
        row["key"],
        row["about"] + ("" if measured == cells else f" ({measured} of {cells} heads, scaled)"),
        *(seconds[key] for key in ("median", "least", "most")),
        row["faster_than_r1"],
        row["over_f"],
        _difference(row),
        _order(row),
        row["forwards"],
        None if row["peak_bytes"] is None else row["peak_bytes"] / 1e6,
    ]


def _missing(key: str, why: str) -> list:
    short, _, name = key.partition(" ")
    return [short, f"{name} {why}".strip(), *[None] * (len(HEADER) - 2)]


def _difference(row: dict) -> str | None:
    if row["logits"] is None:
        return None
    return f"{row['logits']:.1e}"


def _order(row: dict) -> str | None:
    if row["same_top"] is None:
        return None
    if not row["exact"] and row["spearman"] is not None:
        return f"ρ {row['spearman']:.3f}"
    return "same" if row["same_top"] else "differs"
