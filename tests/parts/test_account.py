"""The balance: asked while something is done, told to who listens, and no trouble of it is anybody's."""

from collections import Counter
from decimal import Decimal

from daemon.atlas.wire import Balance
from daemon.clock import Clock
from daemon.errors import Blocked
from daemon.events import BalanceKnown, Event, Events
from daemon.service.account import Account
from daemon.states import State


class Bank:
    """Answers, or refuses to; `moved` stands for work that was done."""

    def __init__(self) -> None:
        self.asked = 0
        self.refuses = False
        self.currency = "usd"
        self.counts: Counter[tuple[str, State]] = Counter()
        self.heard: list[Event] = []
        events = Events()
        events.subscribe(self.heard.append)
        self.account = Account(self.balance, lambda: self.counts, events, Clock())

    def balance(self) -> Balance:
        self.asked += 1
        if self.refuses:
            raise Blocked("The key is refused.", code="key")
        return Balance(Decimal("12.5"), self.currency)

    def moved(self) -> None:
        self.counts["cats", State.DONE] += 1


def test_it_is_asked_while_something_is_done_and_not_while_all_is_still() -> None:
    bank = Bank()
    assert bank.account.fields() is None
    for _ in range(3):
        bank.account.look()
    assert bank.asked == 1
    bank.moved()
    bank.account.look()
    assert bank.asked == 2
    assert bank.heard == [BalanceKnown(12.5)] * 2
    known = bank.account.fields()
    assert known is not None
    assert known["usd"] == 12.5


def test_what_can_not_be_had_is_asked_again_and_disturbs_nobody() -> None:
    bank = Bank()
    bank.refuses = True
    bank.account.look()
    assert bank.account.fields() is None
    bank.refuses = False
    bank.account.look()
    assert bank.heard == [BalanceKnown(12.5)]


def test_another_currency_is_no_amount_in_dollars() -> None:
    bank = Bank()
    bank.currency = "eur"
    bank.account.look()
    assert bank.heard == []
    assert bank.account.fields() is None
