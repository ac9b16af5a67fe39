"""What asking costs: tokens, money, budgets, and an estimate before anything is sent."""

import math
import string
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bluepencil.errors import OptionError, RunError
from bluepencil.llm.messages import Request
from bluepencil.llm.peers import Spent

# Rules of thumb for counting without a tokenizer: English text in the vocabularies of today's models has
# about four characters per token, signs and digits cost more (many tokenizers take digits one by one), and so
# do letters beyond ASCII; ideographs, kana and hangul about one token each. Compared with a byte-level BPE of
# 32,000 tokens trained on web pages, code and word problems: 0.90 to 1.03 of its count on each of these.
ASCII_PER_TOKEN = 4.0
SIGNS_PER_TOKEN = 2.0
DIGITS_PER_TOKEN = 1.0
OTHER_PER_TOKEN = 2.0
WIDE_PER_TOKEN = 1.0
FIRST_WIDE = 0x2E80
# What a chat template puts around each message.
TOKENS_PER_MESSAGE = 8
APPROXIMATION = (
    "4 ASCII letters, 2 signs, 1 digit, 2 other letters or 1 ideograph per token; not counted by a tokenizer"
)


class BudgetReachedError(RunError):
    """The next request could go over the budget; everything answered so far is kept."""


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens, in whatever currency the budget is in."""

    input_per_million: float
    output_per_million: float

    def __post_init__(self) -> None:
        """Refuse a negative price."""
        if self.input_per_million < 0 or self.output_per_million < 0:
            raise OptionError("a price cannot be negative")

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """Return what so many tokens cost."""
        return (tokens_in * self.input_per_million + tokens_out * self.output_per_million) / 1e6


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a run may spend, over all its processes and restarts: money, tokens in and out, or both."""

    money: float | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that limits nothing or lets nothing through."""
        limits = [limit for limit in (self.money, self.tokens) if limit is not None]
        if not limits or min(limits) <= 0:
            raise OptionError("a budget needs money or tokens, more than 0")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a client has done since it was made.

    sent: HTTP requests, tries again included; answered: paid answers; cached: answers that cost nothing
    (`tokens_saved` says how much they had cost); failed: records without a usable answer.
    money: 0 without a price.
    """

    sent: int = 0
    answered: int = 0
    cached: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_saved: int = 0
    money: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would ask for. `seconds` and `money` are None where there is nothing to tell them from.

    `not_sent` counts documents that are not asked about, by reason; they are not part of `documents`.
    """

    documents: int
    cached: int
    tokens_in: int
    tokens_out: int
    money: float | None
    seconds: float | None
    counted_by: str
    not_sent: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: "Estimate") -> "Estimate":
        """Return both together, one after the other; a sum of which a part is not known is not known."""
        return Estimate(
            self.documents + other.documents,
            self.cached + other.cached,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            _sum(self.money, other.money),
            _sum(self.seconds, other.seconds),
            self.counted_by,
            dict(Counter(self.not_sent) + Counter(other.not_sent)),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def approximate_tokens(text: str) -> int:
    """Count the tokens of a text by rule of thumb, without a tokenizer; see `APPROXIMATION`."""
    plain, wide = len(text), 0
    if not text.isascii():
        plain = sum(map(str.isascii, text))
        wide = sum(1 for character in text if ord(character) >= FIRST_WIDE)
    digits = sum(map(text.count, string.digits))
    signs = sum(map(text.count, string.punctuation))
    return math.ceil(
        (plain - digits - signs) / ASCII_PER_TOKEN
        + signs / SIGNS_PER_TOKEN
        + digits / DIGITS_PER_TOKEN
        + (len(text) - plain - wide) / OTHER_PER_TOKEN
        + wide / WIDE_PER_TOKEN
    )


def prompt_tokens(request: Request, count: Callable[[str], int] = approximate_tokens) -> int:
    """Count the tokens of a prompt, with what the chat template adds."""
    return count(request.characters) + TOKENS_PER_MESSAGE * max(1, len(request.messages))


def most_tokens_out(request: Request, tokens_in: int) -> int:
    """Return how long the answer may get: what the request allows, else as long as the prompt."""
    for name in ("max_completion_tokens", "max_tokens"):
        limit = request.params.get(name)
        if isinstance(limit, int) and limit > 0:
            return limit
    return tokens_in


def estimate(
    requests: Iterable[Request],
    *,
    answer_tokens: Callable[[Request], int],
    price: Price | None = None,
    count_tokens: Callable[[str], int] | None = None,
    is_cached: Callable[[Request], bool] = lambda request: False,
    tokens_per_s: float | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
) -> Estimate:
    """Say what asking would cost, sending nothing.

    `answer_tokens` guesses the length of an answer; `tokens_per_s` is what the server generates over all
    requests together. The time is the longest of what the server and the rate limits allow.
    """
    documents = cached = tokens_in = tokens_out = 0
    for request in requests:
        documents += 1
        if is_cached(request):
            cached += 1
            continue
        tokens_in += prompt_tokens(request, count_tokens or approximate_tokens)
        tokens_out += answer_tokens(request)
    times = [
        amount / rate
        for amount, rate in (
            (tokens_out, tokens_per_s),
            (60.0 * (documents - cached), requests_per_minute),
            (60.0 * (tokens_in + tokens_out), tokens_per_minute),
        )
        if rate is not None
    ]
    money = price.of(tokens_in, tokens_out) if price is not None else None
    counted_by = APPROXIMATION if count_tokens is None else "the tokenizer that was given"
    return Estimate(documents, cached, tokens_in, tokens_out, money, max(times, default=None), counted_by)


class Accounts:
    """Adds up what one client spends, and says whether the next request is within the budget.

    `others` returns what the other clients of the run, and earlier ones, have spent, each at its own price;
    tokens for which none of them knew a price are counted at the price of this one.
    """

    def __init__(self, price: Price | None, budget: Budget | None, others: Callable[[], Spent]) -> None:
        """Start at nothing spent."""
        self._price = price
        self._budget = budget
        self._others = others
        self._reserved_in = 0
        self._reserved_out = 0
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """What was done so far."""
        with self._lock:
            counts = dict(self._counts)
        money = (
            self._price.of(counts.get("tokens_in", 0), counts.get("tokens_out", 0)) if self._price else 0.0
        )
        return Usage(**counts, money=money)

    def affords(self, tokens_in: int, tokens_out: int) -> bool:
        """Say whether a request of at most so many tokens fits beside what is spent and under way."""
        if self._budget is None:
            return True
        spent = self._spent()
        reserved_in, reserved_out = self._reserved_in + tokens_in, self._reserved_out + tokens_out
        most = self._budget.tokens
        if most is not None and spent.tokens_in + spent.tokens_out + reserved_in + reserved_out > most:
            return False
        if self._budget.money is None or self._price is None:
            return True
        return spent.money + self._price.of(reserved_in, reserved_out) <= self._budget.money

    def reserve(self, tokens_in: int, tokens_out: int) -> None:
        """Set aside what a request may cost, when it is sent; negative amounts give it back."""
        self._reserved_in += tokens_in
        self._reserved_out += tokens_out

    def add(self, **counts: int) -> None:
        """Add to the fields of `Usage` that are named, money excepted."""
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count

    def reached(self) -> BudgetReachedError:
        """Return the error that says what was spent and what the limit is."""
        spent = self._spent()
        said = f"{spent.tokens_in:,} tokens in and {spent.tokens_out:,} out are spent"
        limits = []
        if self._budget is not None and self._budget.tokens is not None:
            limits.append(f"{self._budget.tokens:,} tokens")
        if self._budget is not None and self._budget.money is not None and self._price is not None:
            said += f", {spent.money:.4f} in money"
            limits.append(f"{self._budget.money:.4f} in money")
        return BudgetReachedError(
            f"the budget of {' and '.join(limits)} does not cover the next request: {said}; "
            "every answer is kept, and the same command with a larger budget goes on from here"
        )

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what so many tokens cost; None where no price is known."""
        return self._price.of(tokens_in, tokens_out) if self._price is not None else None

    def _spent(self) -> Spent:
        """Return what the run has spent so far, this client included, as far as a price is known in money."""
        others = self._others()
        with self._lock:
            tokens_in, tokens_out = self._counts["tokens_in"], self._counts["tokens_out"]
        own = self.cost(tokens_in + others.unpriced_in, tokens_out + others.unpriced_out)
        money = others.money + (own or 0.0)
        return Spent(others.tokens_in + tokens_in, others.tokens_out + tokens_out, money)
