"""How fast a server may be asked, how long to wait, and when to stop asking.

Everything here is arithmetic on times that are passed in (seconds of a monotonic clock), so that it can be
tested without waiting.
"""

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bluepencil.errors import RunError

# Seconds of its rate that an idle client may catch up on at once.
BURST_S = 1.0
# The window is halved at most once in this many seconds: one overload is reported by many answers.
HALVE_EVERY_S = 1.0


class ServerUnusableError(RunError):
    """The server cannot be used: not there, failing every request, or refusing the key or the model."""


class Rate:
    """A limit per minute, kept smooth (the generic cell rate algorithm): no burst beyond a second's worth."""

    def __init__(self, per_minute: float | None) -> None:
        """Take the limit; None is no limit."""
        self._per_s = per_minute / 60 if per_minute else None
        self._due = float("-inf")

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may start."""
        return 0.0 if self._per_s is None else max(0.0, self._due - now)

    def take(self, amount: float, now: float, share: float = 1.0) -> None:
        """Use up `amount` of the limit, of which this process has a share."""
        if self._per_s is not None:
            self._due = max(self._due, now - BURST_S) + amount / (self._per_s * share)

    def correct(self, difference: float, share: float = 1.0) -> None:
        """Add what a request turned out to cost more (or, negative, less) than was taken for it."""
        if self._per_s is not None:
            self._due += difference / (self._per_s * share)


class Window:
    """How many requests may be under way: halved when the server is overloaded, regained one by one."""

    def __init__(self, most: int) -> None:
        """Start with the whole window."""
        self._most = most
        self._size = float(most)
        self._halved = float("-inf")

    def size(self, share: float = 1.0) -> int:
        """Return the requests this process may have under way, with its share of the window."""
        return max(1, int(min(self._size, self._most * share)))

    def overload(self, now: float) -> None:
        """Note an answer that says the server has too much to do."""
        if now - self._halved >= HALVE_EVERY_S:
            self._halved = now
            self._size = max(1.0, self._size / 2)

    def success(self) -> None:
        """Note an answer: about one more place per round of answers."""
        if self._size < self._most:
            self._size = min(float(self._most), self._size + 1 / self._size)


class Backoff:
    """Pauses that double from `first_s` to `most_s`, each shortened by chance by up to half."""

    def __init__(self, first_s: float, most_s: float) -> None:
        """Take the first and the longest pause."""
        self._first_s = first_s
        self._most_s = most_s

    def pause(self, tries: int) -> float:
        """Return the pause after so many failed tries (from 1), in seconds."""
        longest = min(self._most_s, self._first_s * 2.0 ** min(tries - 1, 30))
        return longest * random.uniform(0.5, 1.0)


class Health:
    """What the answers so far say about the server, as against about single records."""

    def __init__(self, patience_s: float, connect_patience_s: float, failures_in_a_row: int) -> None:
        """Take the limits; see `ClientOptions`."""
        self._patience_s = patience_s
        self._connect_patience_s = connect_patience_s
        self._failures_in_a_row = failures_in_a_row
        self._trouble_since: float | None = None
        self._reached = False
        self._given_up = 0
        self._last_success = float("-inf")
        self.succeeded = False

    def begin(self) -> None:
        """Forget old trouble: somebody asks anew."""
        self._trouble_since = None
        self._given_up = 0

    def success(self, now: float) -> None:
        """Note a usable reply."""
        self.succeeded = self._reached = True
        self._trouble_since = None
        self._given_up = 0
        self._last_success = now

    def fault(self, started: float, *, reached: bool) -> None:
        """Note a failed request, when it was sent, and whether the server was there at all."""
        self._reached = self._reached or reached
        if self._trouble_since is None:
            self._trouble_since = started

    def succeeded_since(self, moment: float) -> bool:
        """Say whether any request succeeded after a moment: then the server is not to blame."""
        return self._last_success > moment

    def patience_left(self, now: float) -> float:
        """Return the seconds that the server still has before the run ends; negative when they are over."""
        if self._trouble_since is None:
            return self._patience_s
        patience = self._patience_s if self._reached else min(self._patience_s, self._connect_patience_s)
        return self._trouble_since + patience - now

    def give_up_record(self) -> bool:
        """Note a record that is given up; say whether it is one too many in a row."""
        self._given_up += 1
        return self._given_up >= self._failures_in_a_row


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a Retry-After header asks for; None without one.

    It holds seconds or an HTTP date; one that holds neither counts as none. OpenAI's
    retry-after-ms is more exact and comes first.
    """
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("Retry-After", "").strip()
        if not value:
            return None
        if value.replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
