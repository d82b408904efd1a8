"""hyperliquid-python-sdk trades spot: the SDK as it is on PyPI, with nothing but another base URL."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import ClientError
from hyperliquid.utils.types import Cloid

from chain import Chain

SECONDS_MAX = 20
GTC: Any = {"limit": {"tif": "Gtc"}}
IOC: Any = {"limit": {"tif": "Ioc"}}
POST_ONLY: Any = {"limit": {"tif": "Alo"}}


@dataclass(frozen=True)
class Market:
    """The first spot market of the chain."""

    name: str
    """What a user types, such as TEST/USDC."""
    coin: str
    """What the API calls it, such as @0."""
    base: dict[str, Any]
    quote: dict[str, Any]


@pytest.fixture(scope="module")
def info(chain: Chain) -> Info:
    return Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def market(info: Info) -> Market:
    meta = info.spot_meta()
    first = meta["universe"][0]
    tokens = {token["index"]: token for token in meta["tokens"]}
    base, quote = (tokens[index] for index in first["tokens"])
    return Market(f"{base['name']}/{quote['name']}", first["name"], base, quote)


class Recording(Exchange):
    """An `Exchange` that remembers the last request, as a listener on the wire would."""

    last: tuple[str, Any]

    def post(self, url_path: str, payload: Any = None) -> Any:
        self.last = (url_path, payload)
        return super().post(url_path, payload)


@pytest.fixture(scope="module")
def trader(chain: Chain, next_account: Callable[[], LocalAccount]) -> Recording:
    return Recording(next_account(), chain.api_url, timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def other(chain: Chain, next_account: Callable[[], LocalAccount]) -> Recording:
    return Recording(next_account(), chain.api_url, timeout=SECONDS_MAX)


@pytest.fixture(autouse=True)
def nothing_left_open(info: Info, market: Market, trader: Recording, other: Recording) -> Iterator[None]:
    """Cancels what a failed test has left, so that it doesn't fail the next."""
    yield
    for user in (trader, other):
        left: Any = [{"coin": market.name, "oid": oid} for oid in open_orders(info, user)]
        if left:
            user.bulk_cancel(left)


@pytest.fixture
def live(chain: Chain) -> Iterator[Info]:
    """An `Info` with a websocket."""
    opened = Info(chain.api_url, timeout=SECONDS_MAX)
    yield opened
    opened.disconnect_websocket()


class Feed:
    """Messages of one subscription, in order of arrival."""

    def __init__(self, live: Info, subscription: Any):
        self._messages: queue.Queue[Any] = queue.Queue()
        live.subscribe(subscription, self._messages.put)

    def next(self) -> Any:
        """The data of the next message; a test fails that waits too long."""
        return self._messages.get(timeout=SECONDS_MAX)["data"]


def status_of(response: Any, kind: str) -> Any:
    """The only status of an accepted action's response."""
    assert response["status"] == "ok", response
    assert response["response"]["type"] == kind, response
    statuses = response["response"]["data"]["statuses"]
    assert len(statuses) == 1, response
    return statuses[0]


def place(
    trader: Exchange, market: Market, is_buy: bool, size: float, price: float, kind: Any = GTC, **more: Any
) -> Any:
    return status_of(trader.order(market.name, is_buy, size, price, kind, **more), "order")


def open_orders(info: Info, trader: Exchange) -> dict[int, tuple[str, Decimal, Decimal]]:
    orders = info.open_orders(trader.wallet.address)
    return {
        order["oid"]: (order["side"], Decimal(order["limitPx"]), Decimal(order["sz"])) for order in orders
    }


def balance(info: Info, address: str, token: dict[str, Any]) -> Decimal:
    """What an account has of a token, with what is on hold."""
    balances = info.spot_user_state(address)["balances"]
    return sum((Decimal(row["total"]) for row in balances if row["coin"] == token["name"]), Decimal(0))


def refusal(action: Callable[[], Any]) -> str:
    """The text with which an action is refused as a whole: `status: err`, or a status of 400 and more."""
    try:
        response = action()
    except ClientError as error:
        return str(error.error_message)
    assert response["status"] == "err", response
    return str(response["response"])


def test_order_is_placed_modified_and_cancelled(info: Info, market: Market, trader: Exchange) -> None:
    oid = place(trader, market, True, 1, 20)["resting"]["oid"]
    assert open_orders(info, trader) == {oid: ("B", Decimal(20), Decimal(1))}

    changed = status_of(trader.modify_order(oid, market.name, True, 2, 21, GTC), "order")["resting"]["oid"]
    assert open_orders(info, trader) == {changed: ("B", Decimal(21), Decimal(2))}

    assert status_of(trader.cancel(market.name, changed), "cancel") == "success"
    assert open_orders(info, trader) == {}
    assert "error" in status_of(trader.cancel(market.name, changed), "cancel")


def test_resting_order_shows_in_the_book_and_on_hold(info: Info, market: Market, trader: Exchange) -> None:
    oid = place(trader, market, True, 3, 11)["resting"]["oid"]
    book = info.l2_snapshot(market.name)
    assert book["coin"] == market.coin
    bids = {Decimal(level["px"]): (Decimal(level["sz"]), level["n"]) for level in book["levels"][0]}
    assert bids[Decimal(11)] == (Decimal(3), 1)
    balances = info.spot_user_state(trader.wallet.address)["balances"]
    held = [Decimal(row["hold"]) for row in balances if row["coin"] == market.quote["name"]]
    assert held and held[0] >= 33
    assert status_of(trader.cancel(market.name, oid), "cancel") == "success"


def test_client_order_id_finds_and_cancels(info: Info, market: Market, trader: Exchange) -> None:
    cloid = Cloid.from_int(0xA1)
    oid = place(trader, market, True, 1, 12, cloid=cloid)["resting"]["oid"]
    found = info.query_order_by_cloid(trader.wallet.address, cloid)
    assert found["status"] == "order"
    assert (found["order"]["order"]["oid"], found["order"]["status"]) == (oid, "open")
    assert status_of(trader.cancel_by_cloid(market.name, cloid), "cancel") == "success"
    assert info.query_order_by_oid(trader.wallet.address, oid)["order"]["status"] == "canceled"


def test_fills_of_both_sides_arrive_over_the_websocket(
    info: Info, market: Market, trader: Exchange, other: Exchange, live: Info
) -> None:
    maker, taker = trader.wallet.address, other.wallet.address
    feeds = {user: Feed(live, {"type": "userFills", "user": user}) for user in (maker, taker)}
    for feed in feeds.values():
        assert feed.next()["isSnapshot"] is True
    before = {user: balance(info, user, market.base) for user in (maker, taker)}

    resting = place(trader, market, False, 2, 30, POST_ONLY)["resting"]["oid"]
    filled = place(other, market, True, 2, 31, IOC)["filled"]
    assert (Decimal(filled["totalSz"]), Decimal(filled["avgPx"])) == (2, 30)

    fills = {}
    for user, oid, side, crossed in ((maker, resting, "A", False), (taker, filled["oid"], "B", True)):
        message = feeds[user].next()
        assert message["user"].lower() == user.lower()
        assert not message.get("isSnapshot")
        (fill,) = message["fills"]
        assert (fill["coin"], fill["oid"], fill["side"], fill["crossed"]) == (market.coin, oid, side, crossed)
        assert (Decimal(fill["px"]), Decimal(fill["sz"])) == (30, 2)
        assert info.user_fills(user)[0]["tid"] == fill["tid"]
        fills[user] = fill
    assert fills[maker]["tid"] == fills[taker]["tid"]

    paid = fills[taker]
    fee_in_base = Decimal(paid["fee"]) if paid["feeToken"] == market.base["name"] else Decimal(0)
    assert balance(info, taker, market.base) == before[taker] + 2 - fee_in_base
    assert balance(info, maker, market.base) == before[maker] - 2


def test_order_updates_arrive_over_the_websocket(market: Market, trader: Exchange, live: Info) -> None:
    feed = Feed(live, {"type": "orderUpdates", "user": trader.wallet.address})
    # The subscription is under way when a later one on the same connection has answered.
    Feed(live, {"type": "userFills", "user": trader.wallet.address}).next()
    oid = place(trader, market, True, 1, 13)["resting"]["oid"]
    trader.cancel(market.name, oid)
    seen = []
    while "canceled" not in seen:
        seen += [update["status"] for update in feed.next() if update["order"]["oid"] == oid]
    assert seen == ["open", "canceled"]


def test_post_only_that_would_cross_is_refused(market: Market, trader: Exchange, other: Exchange) -> None:
    ask = place(trader, market, False, 1, 40, POST_ONLY)["resting"]["oid"]
    refused = place(other, market, True, 1, 41, POST_ONLY)
    assert "post only" in refused["error"].lower()
    assert status_of(trader.cancel(market.name, ask), "cancel") == "success"


def test_batch_has_a_status_per_order(info: Info, market: Market, trader: Exchange) -> None:
    sizes = (1, 10**9, 1)
    orders: Any = [
        {
            "coin": market.name,
            "is_buy": True,
            "sz": size,
            "limit_px": 14,
            "order_type": GTC,
            "reduce_only": False,
        }
        for size in sizes
    ]
    response = trader.bulk_orders(orders)
    assert response["status"] == "ok", response
    kinds = [next(iter(status)) for status in response["response"]["data"]["statuses"]]
    assert kinds == ["resting", "error", "resting"]
    assert len(open_orders(info, trader)) == 2
    cancels: Any = [{"coin": market.name, "oid": oid} for oid in open_orders(info, trader)]
    assert trader.bulk_cancel(cancels)["response"]["data"]["statuses"] == ["success", "success"]


def test_agent_trades_for_the_account_that_approved_it(
    chain: Chain, info: Info, market: Market, trader: Exchange
) -> None:
    approved, key = trader.approve_agent("e2e")
    assert approved["status"] == "ok", approved
    owner = trader.wallet.address
    agent = Exchange(Account.from_key(key), chain.api_url, account_address=owner, timeout=SECONDS_MAX)
    oid = place(agent, market, True, 1, 15)["resting"]["oid"]
    assert list(open_orders(info, trader)) == [oid]
    assert status_of(agent.cancel(market.name, oid), "cancel") == "success"


def test_agent_is_not_turned_away_by_tokens_sent_to_it(
    chain: Chain, info: Info, market: Market, trader: Exchange
) -> None:
    approved, key = trader.approve_agent("dusted")
    assert approved["status"] == "ok", approved
    owner, wallet = trader.wallet.address, Account.from_key(key)
    agent = Exchange(wallet, chain.api_url, account_address=owner, timeout=SECONDS_MAX)
    oid = place(agent, market, True, 1, 15)["resting"]["oid"]
    token = f"{market.quote['name']}:{market.quote['tokenId']}"
    assert trader.spot_transfer(40, wallet.address, token)["status"] == "ok"
    assert status_of(agent.cancel(market.name, oid), "cancel") == "success"

    # It says so if it means its own account.
    own = Exchange(wallet, chain.api_url, vault_address=wallet.address, timeout=SECONDS_MAX)
    oid = place(own, market, True, 1, 15)["resting"]["oid"]
    assert list(open_orders(info, own)) == [oid]
    assert status_of(own.cancel(market.name, oid), "cancel") == "success"
    assert "dusted" in {row["name"] for row in info.extra_agents(owner)}


def test_refused_order_is_found_with_its_reason(info: Info, market: Market, trader: Exchange) -> None:
    address, cloid = trader.wallet.address, Cloid.from_int(0xB2)
    assert "error" in place(trader, market, True, 1, 1, POST_ONLY, cloid=cloid)
    found = info.query_order_by_cloid(address, cloid)
    assert (found["status"], found["order"]["status"]) == ("order", "minTradeNtlRejected")
    assert found["order"]["order"]["tif"] == "Alo"
    assert info.historical_orders(address)[0]["order"]["oid"] == found["order"]["order"]["oid"]


def test_spot_send_moves_tokens_and_a_new_account_costs_the_sender(
    info: Info, market: Market, trader: Exchange
) -> None:
    sender, receiver = trader.wallet.address, Account.create().address
    token = f"{market.quote['name']}:{market.quote['tokenId']}"
    check = info.post("/info", {"type": "preTransferCheck", "user": receiver, "source": sender})
    assert (check["userExists"], Decimal(check["fee"])) == (False, 1)
    before = balance(info, sender, market.quote)
    assert trader.spot_transfer(12.5, receiver, token)["status"] == "ok"
    assert balance(info, receiver, market.quote) == Decimal("12.5")
    assert balance(info, sender, market.quote) == before - Decimal("13.5")
    assert trader.spot_transfer(1, receiver, token)["status"] == "ok"
    assert balance(info, sender, market.quote) == before - Decimal("14.5")


def test_repeated_request_is_refused_and_changes_nothing(
    info: Info, market: Market, trader: Recording
) -> None:
    oid = place(trader, market, True, 1, 16)["resting"]["oid"]
    heard = trader.last
    assert "nonce" in refusal(lambda: trader.post(*heard)).lower()
    assert list(open_orders(info, trader)) == [oid]
    assert status_of(trader.cancel(market.name, oid), "cancel") == "success"


def test_unknown_signer_is_told_who_the_signature_belongs_to(chain: Chain, market: Market) -> None:
    stranger = Exchange(Account.create(), chain.api_url, timeout=SECONDS_MAX)
    text = refusal(lambda: stranger.order(market.name, True, 1, 20, GTC))
    assert stranger.wallet.address.lower() in text.lower()
