"""What a run found, item by item, for people."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_ITEMS_SHOWN = 20


def summary(rows: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """Return a table of the ledger rows of a run: per benchmark, and the items that stand in most documents.

    `facts` are those of the index. The ledger describes at most five items of a document, so that further
    ones of it are in no line of the table; how many they are is said.
    """
    documents: Counter[tuple[str, str]] = Counter()
    items: dict[tuple[str, str], Counter[str]] = {}
    not_shown = 0
    for row in rows:
        notes = json.loads(row["annotations"]) if row["annotations"] else {}
        shown = notes.get("contamination", [])
        not_shown += notes.get("contaminating_items", 0) - len(shown)
        seen: set[tuple[str, str]] = set()
        for one in shown:
            matches = sorted({part["match"] for part in one["parts"].values()})
            key = f"{'+'.join(sorted(one['parts']))}: {', '.join(matches)}"
            items.setdefault((one["benchmark"], one["item"]), Counter())[key] += 1
            seen |= {(one["benchmark"], match) for match in matches}
        documents.update(seen)
    lines = ["benchmark, match: documents"]
    lines += [f"  {benchmark}, {match}: {count}" for (benchmark, match), count in sorted(documents.items())]
    if not documents:
        lines = ["no benchmark item was found"]
    for benchmark, total in facts["benchmarks"].items():
        found = sum(name == benchmark for name, _ in items)
        lines.append(f"{benchmark}: {found} of {total} items were found")
    most = sorted(items.items(), key=lambda one: (-one[1].total(), one[0]))[:_ITEMS_SHOWN]
    for (benchmark, item), counts in most:
        how = "; ".join(f"{key} ({count})" for key, count in counts.most_common(3))
        lines.append(f"  {benchmark} {item} in {counts.total()}: {how}")
    if not_shown:
        lines.append(f"{not_shown} more items stand in documents with more than five")
    return "\n".join(lines)


def warnings(facts: Mapping[str, Any]) -> list[str]:
    """Return what is to be known about the items themselves: odd records, and items too short to judge."""
    said = [f"{count} {what}" for what, count in facts["odd"].items()]
    if facts["too_short"]:
        shown = ", ".join(facts["too_short_examples"])
        more = ", ..." if facts["too_short"] > len(facts["too_short_examples"]) else ""
        said.append(f"{facts['too_short']} of {facts['items']} items are too short to judge: {shown}{more}")
    return said
