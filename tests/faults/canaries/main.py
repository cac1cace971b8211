"""`python -m tests.faults.canaries.main`: erase a thousand people, and print the hits in each store."""

import argparse
import sys
import time

from tests import shell
from tests.faults.canaries.erasing import LEFT, erased
from tests.faults.canaries.people import PEOPLE, found
from tests.throwaway import throwaway

ROUNDS = 25  # through every route that takes something personal, each with the next of them


def main() -> int:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=PEOPLE, help="how many, at most a thousand")
    told = asked.parse_args()
    shell.forget()
    began = time.monotonic()
    with throwaway() as server:
        after = erased(server, most=told.people, rounds=max(1, ROUNDS * told.people // PEOPLE))
    hits = {what: found(text) for what, text in after.texts.items()}
    for what, kinds in hits.items():
        sys.stdout.write(f"{len(kinds):>4} hits in {what} ({len(after.texts[what]):,} bytes)\n")
    there = sum(bool(found(text)) for text in after.before.values())
    whole = sum(bool(one["is_complete"]) for one in after.certificates)
    elsewhere = sorted(after.left - LEFT)
    sys.stdout.write(
        f"{len(after.certificates)} erased, {whole} certificates complete, {sum(map(len, hits.values()))} hits"
        f" in {len(hits)} stores; before, {there} of {len(after.before)} held something of theirs;"
        f" ids in unexpected tables: {elsewhere or 'none'}; {time.monotonic() - began:.0f} s\n"
    )
    is_clean = not any(hits.values()) and whole == len(after.certificates) and not elsewhere
    return 0 if is_clean and there and len(after.certificates) >= told.people * 9 // 10 else 1


if __name__ == "__main__":
    sys.exit(main())
