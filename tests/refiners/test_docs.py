import re
from pathlib import Path
from typing import Any

from bluepencil.documents import Document
from bluepencil.refiners.base import Refine, Refiner

DOCS = Path(__file__).parents[2] / "docs" / "refiners.md"


def test_the_refiner_of_the_docs_is_one() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    refiner = names["NoFirstLine"]()
    assert isinstance(refiner, Refiner)
    (outcome,) = Refine(refiner).run([Document("a", "first\nsecond")])
    assert outcome.text == "second"
