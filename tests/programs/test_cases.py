"""Cases in JSON: a text, the text of a program, and all that must come of them."""

import json
from pathlib import Path

import pytest

from bluepencil.programs import Cost, Policy, execute, parse, render

CASES = json.loads((Path(__file__).parents[1] / "cases" / "programs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case):
    cost = Cost(case.get("cost", "call"))
    parsed = parse(case["program"], cost=cost)
    execution = execute(parsed.program, case["text"], Policy(**case.get("policy", {})), cost)
    assert {
        "parsed": render(parsed.program),
        "faults": [[fault.code.value, fault.line, fault.column, fault.call] for fault in parsed.faults],
        "notes": [[note.text, note.line, note.column] for note in parsed.notes],
        "text_faults": [[fault.code.value, fault.call] for fault in execution.faults],
        "refusal": execution.refusal,
        "result": execution.text,
    } == {
        "parsed": case["parsed"],
        "faults": case.get("faults", []),
        "notes": case.get("notes", []),
        "text_faults": case.get("text_faults", []),
        "refusal": case.get("refusal"),
        "result": case["result"],
    }


def test_names_are_unique():
    assert len({case["name"] for case in CASES}) == len(CASES)
