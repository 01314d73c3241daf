"""`make bench`: every row measured in this run. LARGE=0 leaves out the column of a million comments."""

import os
import sys
from itertools import chain

from . import desk, nearness, readers
from .measuring import Missing


def main() -> int:
    """Print the table; the exit status says whether every bar holds."""
    failed = 0
    large = os.environ.get("LARGE", "1") != "0"
    print(f"{'what':<78} {'measured':<62} {'bar':<16} holds")
    try:
        for what, measured, bar, holds in chain(readers.rows(large), nearness.rows(), desk.rows(large)):
            print(f"{what:<78} {measured:<62} {bar:<16} {'yes' if holds else 'NO'}", flush=True)
            failed += not holds
    except Missing as missing:
        print(f"not measured: {missing}")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
