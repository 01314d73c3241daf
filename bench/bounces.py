"""How much of others' returned mails is understood: lasting failures found, and nothing else taken for one.

    python bench/bounces.py [folder]

The folder has mails and `expected.jsonl`: for each mail what became of each recipient, with `hardbounce`. A mail
without a line there is no bounce at all. The exit status says whether the bars hold.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.mail.reports import read  # noqa: E402

FOLDER = ROOT.parent / "shared" / "real" / "bounces"
LEAST_FOUND = 0.95


def main() -> int:
    """Print what was found and each mail that was not; 0 when the bars hold."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    lines = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    expected = {Path(line["file"]).name: line["expected"] for line in lines}
    wanted = found = soft = taken = others = mistaken = complaints = complained = soft_seen = 0
    for file in sorted(folder.glob("*.eml")):
        report = read(file.read_bytes())
        flags = [bool(failure.lasting) for failure in report.failures]
        if file.name not in expected:
            others += 1
            mistaken += report.kind != "nothing"
            if report.kind != "nothing":
                print(f"no bounce, taken for one: {file.name}: {report.failures}")
            continue
        hard = [bool(one["hardbounce"]) for one in expected[file.name]]
        if all(one["reason"] == "feedback" for one in expected[file.name]):
            complaints += 1
            complained += report.kind == "complaint"
        wanted += sum(hard)
        soft += len(hard) - sum(hard)
        soft_seen += (not any(hard)) * (report.kind == "failure")
        found += min(sum(flags), sum(hard))
        taken += max(0, sum(flags) - sum(hard))
        if sum(flags) != sum(hard):
            print(f"{'missed' if sum(flags) < sum(hard) else 'TAKEN'}: {file.name}: {expected[file.name][0]['reason']}")
            print(f"    {report.failures}")
    print(f"lasting failures found: {found} of {wanted} ({found / wanted:.1%}; bar {LEAST_FOUND:.0%})")
    print(f"others taken for lasting: {taken} of {soft} (bar 0)")
    print(f"mails with no lasting failure that count as soft ones: {soft_seen}")
    print(f"mails that are no bounce, taken for one: {mistaken} of {others} (bar 0)")
    print(f"complaints known: {complained} of {complaints}")
    return int(found / wanted < LEAST_FOUND or taken > 0 or mistaken > 0)


if __name__ == "__main__":
    sys.exit(main())
