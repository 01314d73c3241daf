"""Lines of CSV (RFC 4180) that no spreadsheet takes for formulas. Pure."""

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
MARK = "\ufeff"
"""Before the first line: it tells Excel that the file is UTF-8."""


def harmless(text: str) -> str:
    """The text as a spreadsheet takes it for text: an apostrophe before what would begin a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def as_written(cell: str) -> str:
    """What `harmless` was given: a table that was taken along comes back as it was."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def line(cells: Sequence[str]) -> str:
    """One line of the table."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue()
