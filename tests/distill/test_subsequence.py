from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.distill.subsequence import (
    common_prefix,
    common_suffix,
    is_subsequence,
    longest_rise,
    matched_pairs,
)


def lcs_length(first, second):
    row = [0] * (len(second) + 1)
    for one in first:
        above = row
        row = [0]
        for place, other in enumerate(second):
            row.append(above[place] + 1 if one == other else max(above[place + 1], row[-1]))
    return row[-1]


lists = st.lists(st.sampled_from("abcd"), max_size=30)
strings = st.text("ab", max_size=40)


@settings(max_examples=800, deadline=None)
@given(lists, lists, st.sampled_from([0, 9, 10**6]))
def test_matched_pairs_are_a_common_subsequence_and_with_enough_memory_a_longest(first, second, bits):
    pairs, longest = matched_pairs(first, second, bits)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
    assert all(first[here] == second[there] for here, there in pairs)
    if longest:
        assert len(pairs) == lcs_length(first, second)
    assert longest or bits < 900


def test_beyond_its_memory_unique_elements_are_still_matched():
    first = [*map(str, range(3000)), "x"]
    second = ["y", *map(str, range(0, 3000, 2))]
    pairs, longest = matched_pairs(first, second, 1000)
    assert not longest
    assert len(pairs) == 1500


@settings(max_examples=500)
@given(strings, strings)
def test_prefix_and_suffix(first, second):
    prefix = common_prefix(first, second)
    assert first[:prefix] == second[:prefix]
    assert first[prefix : prefix + 1] != second[prefix : prefix + 1] or prefix in (len(first), len(second))
    assert common_suffix(first, second) == common_prefix(first[::-1], second[::-1])


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 48, 1000])
def test_prefix_at_the_borders_of_its_steps(size):
    assert common_prefix("a" * size + "b", "a" * size + "c") == size
    assert common_prefix("a" * size, "a" * size) == size


@settings(max_examples=1000)
@given(strings, strings)
def test_subsequences(small, large):
    characters = iter(large)
    assert is_subsequence(small, large) == all(character in characters for character in small)


@given(st.text("abc", max_size=60), st.data())
def test_what_deletion_leaves_is_a_subsequence(large, data):
    kept = data.draw(st.lists(st.booleans(), min_size=len(large), max_size=len(large)))
    assert is_subsequence("".join(c for c, flag in zip(large, kept, strict=True) if flag), large)


@given(st.lists(st.integers(0, 9), max_size=12), st.booleans())
def test_longest_rise(values, strict):
    chain = [values[place] for place in longest_rise(values, strict=strict)]
    assert all(one < two or (one == two and not strict) for one, two in pairwise(chain))
    best = [1] * len(values)
    for place, value in enumerate(values):
        for before in range(place):
            if values[before] < value or (values[before] == value and not strict):
                best[place] = max(best[place], best[before] + 1)
    assert len(chain) == max(best, default=0)
