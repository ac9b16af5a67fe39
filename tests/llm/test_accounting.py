import pytest

from bluepencil.errors import OptionError
from bluepencil.llm import Budget, BudgetReachedError, Price, Request, approximate_tokens, estimate
from bluepencil.llm.accounting import Accounts, most_tokens_out, prompt_tokens
from bluepencil.llm.peers import Spent


def test_a_price_is_per_million_tokens() -> None:
    assert Price(0.5, 2.0).of(2_000_000, 500_000) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("word", 1),
        ("words", 2),
        ("ж" * 10, 5),
        ("文字化け", 4),
        ("ab文" * 4, 6),
        ("한국어", 3),
        ("2026", 4),
        ("a, b.", 2),
    ],
)
def test_the_rule_of_thumb_for_tokens(text: str, tokens: int) -> None:
    assert approximate_tokens(text) == tokens


@pytest.mark.parametrize(
    "make", [lambda: Price(-1, 0), Budget, lambda: Budget(money=0), lambda: Budget(tokens=-5)]
)
def test_impossible_prices_and_budgets_are_refused(make: object) -> None:
    with pytest.raises(OptionError):
        make()  # type: ignore[operator]


def test_an_answer_may_get_as_long_as_the_request_allows() -> None:
    assert most_tokens_out(Request(prompt="x", params={"max_tokens": 30}), 5) == 30
    assert most_tokens_out(Request(prompt="x", params={"max_completion_tokens": 20}), 5) == 20
    assert most_tokens_out(Request(prompt="x"), 5) == 5


def test_an_estimate_counts_what_has_to_be_paid() -> None:
    requests = [Request(prompt="four" * n) for n in (1, 2, 3)]
    found = estimate(
        requests,
        answer_tokens=lambda request: 10,
        price=Price(1e6, 2e6),
        is_cached=lambda request: request.prompt == "four",
        tokens_per_s=5,
        requests_per_minute=10,
    )
    tokens_in = sum(prompt_tokens(request) for request in requests[1:])
    assert (found.documents, found.cached, found.tokens_in, found.tokens_out) == (3, 1, tokens_in, 20)
    assert found.money == pytest.approx(tokens_in + 40)
    assert found.seconds == pytest.approx(12)  # the rate limit: two requests at ten a minute
    assert "not counted by a tokenizer" in found.counted_by


def test_an_estimate_without_price_and_speed_leaves_them_open() -> None:
    found = estimate([Request(prompt="x")], answer_tokens=lambda request: 1, count_tokens=len)
    assert (found.money, found.seconds, found.counted_by) == (None, None, "the tokenizer that was given")
    assert found.tokens_in == 1 + prompt_tokens(Request(prompt=""))


def test_a_budget_covers_what_is_spent_under_way_and_elsewhere() -> None:
    others = [Spent()]
    accounts = Accounts(None, Budget(tokens=100), lambda: others[0])
    assert accounts.affords(60, 40)
    assert not accounts.affords(60, 41)
    accounts.reserve(20, 20)
    assert accounts.affords(30, 30)
    assert not accounts.affords(30, 31)
    accounts.reserve(-20, -20)
    accounts.add(tokens_in=10, tokens_out=10)
    others[0] = Spent(20, 20)
    assert accounts.affords(40, 0)
    assert not accounts.affords(41, 0)
    error = accounts.reached()
    assert isinstance(error, BudgetReachedError)
    assert "budget of 100 tokens" in str(error)
    assert "30 tokens in and 30 out are spent" in str(error)


def test_a_budget_in_money() -> None:
    accounts = Accounts(Price(1e6, 10e6), Budget(money=50), Spent)
    accounts.add(tokens_in=10, tokens_out=2)
    assert accounts.usage.money == pytest.approx(30)
    assert accounts.affords(10, 1)
    assert not accounts.affords(10, 2)
    assert "50.0000 in money" in str(accounts.reached())


def test_a_budget_in_money_counts_what_others_paid_at_their_own_price() -> None:
    others = [Spent()]
    accounts = Accounts(Price(1e6, 10e6), Budget(money=50), lambda: others[0])
    # Five without a price, which count at the price of this one, and a thousand that cost twenty.
    others[0] = Spent(1005, 0, 20.0, unpriced_in=5)
    accounts.add(tokens_in=5)
    assert accounts.affords(20, 0)
    assert not accounts.affords(21, 0)
    assert "1,010 tokens in and 0 out are spent, 30.0000 in money" in str(accounts.reached())
