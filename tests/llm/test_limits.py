import time
from email.utils import formatdate

import pytest

from bluepencil.llm.limits import Backoff, Health, Rate, Window, retry_after


def test_a_rate_is_kept_to_the_request() -> None:
    rate, now, sent = Rate(120), 1000.0, 0
    end = now + 60
    while now < end:
        delay = rate.delay(now)
        assert delay >= 0
        now += delay
        rate.take(1, now)
        sent += 1
    assert 120 <= sent <= 123  # a second's worth at the start


def test_processes_that_share_a_rate_get_their_parts() -> None:
    whole, third = Rate(60), Rate(60)
    for _ in range(10):
        whole.take(1, 0.0)
        third.take(1, 0.0, share=1 / 3)
    assert third.delay(0.0) == pytest.approx(3 * (whole.delay(0.0) + 1) - 1)


def test_a_rate_is_corrected_by_what_a_request_really_took() -> None:
    rate = Rate(6000)
    rate.take(1000, 0.0)
    before = rate.delay(0.0)
    rate.correct(-500)
    assert rate.delay(0.0) == pytest.approx(before - 5)


def test_no_rate_means_no_waiting() -> None:
    rate = Rate(None)
    rate.take(1e9, 0.0)
    assert rate.delay(0.0) == 0


def test_the_window_shrinks_once_per_overload_and_grows_back() -> None:
    window = Window(64)
    for now in (0.0, 0.1, 0.2, 0.9):
        window.overload(now)
    assert window.size() == 32
    window.overload(5.0)
    assert window.size() == 16
    for _ in range(20):
        window.success()
    assert 16 < window.size() < 20
    for _ in range(5000):
        window.success()
    assert window.size() == 64
    for now in range(10, 40):
        window.overload(float(now))
    assert window.size() == 1


def test_the_window_is_shared_but_never_closed() -> None:
    assert [Window(64).size(share) for share in (1, 1 / 2, 1 / 5, 1 / 100)] == [64, 32, 12, 1]


def test_pauses_double_within_bounds() -> None:
    backoff = Backoff(0.5, 30)
    for tries, longest in ((1, 0.5), (2, 1), (3, 2), (7, 30), (1000, 30)):
        pauses = [backoff.pause(tries) for _ in range(50)]
        assert longest / 2 <= min(pauses)
        assert max(pauses) <= longest
        assert len(set(pauses)) > 1


def test_patience_ends_only_without_any_success() -> None:
    health = Health(900, 60, 20)
    health.fault(100.0, reached=True)
    assert health.patience_left(500) == 500
    health.success(600)
    assert health.patience_left(5000) == 900
    health.fault(5000, reached=True)
    assert health.patience_left(5901) == -1
    assert health.succeeded_since(599)
    assert not health.succeeded_since(600)


def test_a_server_that_was_never_reached_gets_less_patience() -> None:
    health = Health(900, 60, 20)
    health.fault(0.0, reached=False)
    assert health.patience_left(0) == 60
    health.fault(1.0, reached=True)
    assert health.patience_left(0) == 900


def test_records_given_up_in_a_row_are_counted() -> None:
    health = Health(900, 60, 3)
    assert [health.give_up_record(), health.give_up_record()] == [False, False]
    health.success(1.0)
    assert [health.give_up_record() for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 0.5 "}, 0.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0),
        ({"Retry-After": "9", "retry-after-ms": "1500"}, 1.5),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    date = formatdate(time.time() + 100, usegmt=True)
    assert retry_after({"Retry-After": date}) == pytest.approx(100, abs=2)
