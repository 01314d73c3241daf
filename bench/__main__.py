"""`make bench`: every row measured in this run.

`make bench ONLY="desk nearness"` measures some of the tables. LARGE=0 leaves out the column of a million comments.
COLUMNS=folder keeps the columns there for the next run, because building them takes minutes.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from . import desk, nearness, readers, wordpress
from .building import Column
from .measuring import Missing, postgresql

TABLES = ("readers", "wordpress", "nearness", "nearness-postgresql", "desk", "desk-postgresql")
FEW, MANY = (100, 10_000, 1_000), (10_000, 1_000_000, 100_000)
"""(letters, decided comments, pending comments)."""


def main(chosen: list[str]) -> int:
    """Print the table; the exit status says whether every bar holds."""
    if unknown := [name for name in chosen if name not in TABLES]:
        print(f"There is no table {unknown[0]}; there are: {', '.join(TABLES)}.")
        return 2
    failed = 0
    print(f"{'what':<104} {'measured':<62} {'bar':<16} holds")
    with ExitStack() as stack:
        folder = os.environ.get("COLUMNS") or stack.enter_context(tempfile.TemporaryDirectory())
        for table in chosen or TABLES:
            try:
                for what, measured, bar, holds in _rows(table, Path(folder), stack):
                    print(f"{what:<104} {measured:<62} {bar:<16} {'yes' if holds else 'NO'}", flush=True)
                    failed += not holds
            except Missing as missing:
                print(f"{table}: not measured: {missing}", flush=True)
                failed += 1
    return 1 if failed else 0


def _rows(table: str, folder: Path, stack: ExitStack) -> Iterator[tuple[str, str, str, bool]]:
    is_large = os.environ.get("LARGE", "1") != "0"
    sizes = {"few": FEW} | ({"many": MANY} if is_large else {"many": (FEW[0], FEW[1], MANY[2])})
    columns = {name: Column(folder / name, *size) for name, size in sizes.items()}
    if table == "readers":
        yield from readers.rows(columns["many"].built() if is_large else None)
    if table == "wordpress":
        yield from wordpress.rows()
    if table == "nearness":
        yield from nearness.rows()
    if table == "nearness-postgresql":
        yield from nearness.rows(stack.enter_context(postgresql(folder / "nearness"))("nearness"))
    if table == "desk":
        yield from desk.rows(columns["few"].built(), columns["many"].built())
    if table == "desk-postgresql":
        url_of = stack.enter_context(postgresql(folder / "postgresql"))
        few, many = (Column(folder / f"{name}-postgresql", *size, url_of(name)) for name, size in sizes.items())
        yield from desk.rows(few.built(), many.built())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
