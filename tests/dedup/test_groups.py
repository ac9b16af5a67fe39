from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.dedup.groups import duplicates, first_equal, near_duplicates
from bluepencil.dedup.options import FOUND_AT_THRESHOLD, DedupOptions
from bluepencil.dedup.signatures import digest, normalised, shingles
from bluepencil.errors import OptionError


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_the_first_of_equal_digests_is_found(pairs: list[tuple[int, int]]) -> None:
    digests = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    assert first_equal(digests).tolist() == [pairs.index(pair) for pair in pairs]


SIGNATURES = st.lists(st.lists(st.integers(0, 2), min_size=8, max_size=8), min_size=0, max_size=14).map(
    lambda rows: np.array(rows, dtype=np.uint32).reshape(-1, 8)
)


@given(SIGNATURES, st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_what_is_kept_is_unlike_and_what_goes_is_like_something_kept(
    signatures: np.ndarray, threshold: float
) -> None:
    # One number per band: every pair that agrees anywhere is compared, so the oracle is exact.
    options = DedupOptions(threshold=threshold, permutations=8)
    rows = np.arange(len(signatures))

    def similarity(one: int, other: int) -> float:
        return float((signatures[one] == signatures[other]).mean())

    _, width = options.bands
    found = near_duplicates(signatures, rows, options)
    kept = [row for row in range(len(signatures)) if row not in found]
    for row, (of, similar) in found.items():
        assert of in kept
        assert of < row
        assert similar == similarity(row, of) >= threshold
    if width == 1:
        assert all(similarity(*pair) < threshold for pair in combinations(kept, 2))


def test_a_copy_of_a_near_duplicate_is_one_of_what_is_kept() -> None:
    digests = np.array([[1, 1], [2, 2], [2, 2], [1, 1], [3, 3]], dtype=np.uint64)
    signatures = np.array([[1] * 8, [1] * 7 + [2], [1] * 7 + [2], [1] * 8, [9] * 8], dtype=np.uint32)
    options = DedupOptions(threshold=0.8, permutations=8)
    found = duplicates(digests, signatures, np.ones(5, dtype=bool), options)
    assert found == {1: (0, 0.875, False), 2: (0, 0.875, False), 3: (0, 1.0, True)}
    # Texts without shingles are only compared by their digests.
    assert duplicates(digests, signatures * 0, np.zeros(5, dtype=bool), options) == {
        2: (1, 1.0, True),
        3: (0, 1.0, True),
    }


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.85, 0.95, 1.0])
@pytest.mark.parametrize("permutations", [16, 128, 256])
def test_bands_find_pairs_at_the_threshold(threshold: float, permutations: int) -> None:
    bands, width = DedupOptions(threshold=threshold, permutations=permutations).bands
    assert bands * width <= permutations
    assert 1 - (1 - threshold**width) ** bands >= FOUND_AT_THRESHOLD


def test_shingles() -> None:
    assert shingles("a = b+1", DedupOptions(size=3)) == {"a\0=\0b", "=\0b\0+", "b\0+\x001"}
    assert shingles("a = b+1", DedupOptions(unit="words", size=3)) == {"a\0b\x001"}
    assert shingles("abcd", DedupOptions(unit="characters", size=3)) == {"abc", "bcd"}
    assert shingles("ab", DedupOptions(unit="characters", size=3)) == {"ab"}
    assert shingles("a", DedupOptions()) == {"a"}
    assert shingles("", DedupOptions()) == shingles("", DedupOptions(unit="characters")) == set()
    assert shingles("+ -", DedupOptions(unit="words")) == set()


@given(st.text())
def test_white_space_and_composition_make_no_difference(text: str) -> None:
    spaced = "  ".join(text.split(" ")) + "\n"
    assert digest(normalised(text)) == digest(normalised(spaced))
    assert normalised("e\u0301") == normalised("\u00e9")


@pytest.mark.parametrize(
    "values", [{"threshold": 0}, {"threshold": 1.1}, {"unit": "lines"}, {"size": 0}, {"permutations": 1}]
)
def test_options_that_cannot_work_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        DedupOptions(**values)  # type: ignore[arg-type]
