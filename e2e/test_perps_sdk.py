"""hyperliquid-python-sdk trades perpetuals: the SDK as it is on PyPI, with nothing but another base URL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

from chain import Chain
from test_exchange_sdk import GTC, IOC, POST_ONLY, SECONDS_MAX, Feed, status_of

COIN = "SOL"
# Sizes of the market have two decimals.
STEP = Decimal("0.01")


@dataclass(frozen=True)
class Trader:
    """An SDK's `Exchange` with its account's address."""

    exchange: Exchange
    address: str


@pytest.fixture(scope="module")
def info(chain: Chain) -> Info:
    opened = Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)
    until_open(lambda: opened.meta_and_asset_ctxs()[1])
    return opened


def until_open(contexts: Callable[[], Any]) -> None:
    """Waits for the first prices, which validators report some blocks after the start."""
    end = time.monotonic() + SECONDS_MAX
    while any(context["phase"] != "open" for context in contexts()):
        assert time.monotonic() < end, "no prices"


def funded(chain: Chain, next_account: Callable[[], LocalAccount]) -> Trader:
    account = next_account()
    exchange = Exchange(account, chain.api_url, timeout=SECONDS_MAX)
    assert exchange.usd_class_transfer(500, True) == {"status": "ok", "response": {"type": "default"}}
    return Trader(exchange, account.address)


@pytest.fixture(scope="module")
def trader(chain: Chain, next_account: Callable[[], LocalAccount]) -> Trader:
    return funded(chain, next_account)


@pytest.fixture(scope="module")
def other(chain: Chain, next_account: Callable[[], LocalAccount]) -> Trader:
    return funded(chain, next_account)


@pytest.fixture
def live(chain: Chain) -> Iterator[Info]:
    """An `Info` with a websocket."""
    opened = Info(chain.api_url, timeout=SECONDS_MAX)
    yield opened
    opened.disconnect_websocket()


@pytest.fixture(autouse=True)
def nothing_left(info: Info, trader: Trader, other: Trader) -> Iterator[None]:
    """Cancels and closes what a test has left, so that it doesn't fail the next."""
    yield
    for user in (trader, other):
        for order in info.open_orders(user.address):
            user.exchange.cancel(order["coin"], order["oid"])
    held = position(info, trader.address)
    if held:
        size = float(abs(Decimal(held["szi"])))
        is_long = Decimal(held["szi"]) > 0
        price = mark(info)
        place(other, is_long, size, price)
        place(trader, not is_long, size, price, IOC)


def mark(info: Info) -> float:
    """The mark price of the market, to three figures, which are a valid price at any."""
    _, contexts = info.meta_and_asset_ctxs()
    price = contexts[info.coin_to_asset[COIN]]["markPx"]
    return float(f"{float(price):.3g}")


def position(info: Info, address: str) -> Any:
    """What an account holds of the market; None if nothing."""
    held = [row["position"] for row in info.user_state(address)["assetPositions"]]
    return next((row for row in held if row["coin"] == COIN), None)


def place(user: Trader, is_buy: bool, size: float, price: float, kind: Any = GTC, **more: Any) -> Any:
    return status_of(user.exchange.order(COIN, is_buy, size, price, kind, **more), "order")


def trade(info: Info, buyer: Trader, seller: Trader, size: float) -> float:
    """`buyer` takes from `seller` at about the mark price; gives the price."""
    price = mark(info)
    assert "resting" in place(seller, False, size, price, POST_ONLY)
    filled = place(buyer, True, size, price, IOC)["filled"]
    assert Decimal(filled["totalSz"]) == Decimal(str(size))
    return price


def test_metadata_says_how_to_trade(info: Info) -> None:
    meta = info.meta()
    market = meta["universe"][info.coin_to_asset[COIN]]
    assert (market["name"], market["szDecimals"], market["maxLeverage"]) == (COIN, 2, 20)
    tables = dict(meta["marginTables"])
    assert [tier["maxLeverage"] for tier in tables[market["marginTableId"]]["marginTiers"]] == [20, 10]
    _, contexts = info.meta_and_asset_ctxs()
    context = contexts[info.coin_to_asset[COIN]]
    assert context["phase"] == "open"
    assert Decimal(context["markPx"]) > 0 and Decimal(context["oraclePx"]) > 0
    assert Decimal(context["funding"]) == Decimal("0.0000125")


def test_order_is_placed_modified_and_cancelled(info: Info, trader: Trader) -> None:
    price = mark(info) * 0.5
    cloid = Cloid.from_int(0xC1)
    oid = place(trader, True, 1, price, cloid=cloid)["resting"]["oid"]
    (order,) = info.frontend_open_orders(trader.address)
    assert (order["coin"], order["oid"], order["side"], order["reduceOnly"]) == (COIN, oid, "B", False)
    changed = trader.exchange.modify_order(oid, COIN, True, 2, price, GTC)
    oid = status_of(changed, "order")["resting"]["oid"]
    assert [Decimal(order["sz"]) for order in info.open_orders(trader.address)] == [2]
    assert status_of(trader.exchange.cancel(COIN, oid), "cancel") == "success"
    assert info.query_order_by_oid(trader.address, oid)["order"]["status"] == "canceled"
    assert place(trader, True, 1, price, cloid=Cloid.from_int(0xC2)).keys() == {"resting"}
    by_cloid = trader.exchange.cancel_by_cloid(COIN, Cloid.from_int(0xC2))
    assert status_of(by_cloid, "cancel") == "success"


def test_position_is_opened_shown_and_closed(info: Info, trader: Trader, other: Trader) -> None:
    price = trade(info, trader, other, 2)
    held = position(info, trader.address)
    assert (Decimal(held["szi"]), Decimal(held["entryPx"])) == (2, Decimal(str(price)))
    assert held["leverage"] == {"type": "cross", "value": 20}
    assert Decimal(position(info, other.address)["szi"]) == -2
    state = info.user_state(trader.address)
    used = Decimal(state["marginSummary"]["totalMarginUsed"])
    assert used == Decimal(held["marginUsed"]) == Decimal(held["positionValue"]) / 20
    assert Decimal(state["withdrawable"]) < Decimal(state["marginSummary"]["accountValue"])
    fill = info.user_fills(trader.address)[0]
    assert (fill["dir"], fill["crossed"], fill["feeToken"]) == ("Open Long", True, "USDC")
    assert Decimal(fill["fee"]) == Decimal(str(price)) * 2 * Decimal("0.00045")

    # The SDK closes at the market with a reduce-only order.
    place(other, True, 2, mark(info))
    closed = status_of(trader.exchange.market_close(COIN, slippage=0.5), "order")
    assert Decimal(closed["filled"]["totalSz"]) == 2
    assert position(info, trader.address) is None
    assert info.user_fills(trader.address)[0]["dir"] == "Close Long"
    assert info.user_fills(other.address)[0]["dir"] == "Close Short"


def test_stop_waits_is_shown_and_cancelled(info: Info, trader: Trader, other: Trader) -> None:
    size = 1.0
    trade(info, trader, other, size)
    price = mark(info)
    below, above = float(f"{price * 0.8:.3g}"), float(f"{price * 1.2:.3g}")
    kind = {"trigger": {"isMarket": True, "triggerPx": below, "tpsl": "sl"}}
    stop = place(trader, False, size, float(f"{price * 0.7:.3g}"), kind, reduce_only=True)
    oid = stop["resting"]["oid"]
    [waiting] = info.frontend_open_orders(trader.address)
    assert (waiting["oid"], waiting["isTrigger"], waiting["orderType"]) == (oid, True, "Stop Market")
    assert Decimal(waiting["triggerPx"]) == Decimal(str(below)) and waiting["reduceOnly"]
    assert waiting["triggerCondition"] == f"Price below {waiting['triggerPx']}"
    assert info.query_order_by_oid(trader.address, oid)["order"]["status"] == "open"
    assert status_of(trader.exchange.cancel(COIN, oid), "cancel") == "success"
    assert info.query_order_by_oid(trader.address, oid)["order"]["status"] == "canceled"
    assert info.open_orders(trader.address) == []

    # A stop that the mark has passed already is refused: it would fire at once.
    kind = {"trigger": {"isMarket": True, "triggerPx": above, "tpsl": "sl"}}
    assert "error" in place(trader, False, size, below, kind, reduce_only=True)


def test_market_open_takes_what_is_there(info: Info, trader: Trader, other: Trader) -> None:
    place(other, False, 1, mark(info))
    opened = status_of(trader.exchange.market_open(COIN, True, 1, slippage=0.5), "order")
    assert Decimal(opened["filled"]["totalSz"]) == 1
    assert Decimal(position(info, trader.address)["szi"]) == 1


def test_leverage_and_isolated_margin(info: Info, trader: Trader, other: Trader) -> None:
    assert trader.exchange.update_leverage(5, COIN, False)["status"] == "ok"
    trade(info, trader, other, 1)
    held = position(info, trader.address)
    assert (held["leverage"]["type"], held["leverage"]["value"]) == ("isolated", 5)
    raw = Decimal(held["leverage"]["rawUsd"])
    assert trader.exchange.update_isolated_margin(12.5, COIN)["status"] == "ok"
    held = position(info, trader.address)
    assert Decimal(held["leverage"]["rawUsd"]) == raw + Decimal("12.5")
    assert Decimal(held["liquidationPx"]) < Decimal(held["entryPx"])
    too_much = trader.exchange.update_leverage(21, COIN, False)
    assert too_much["status"] == "err"


def test_what_has_no_margin_is_refused(info: Info, trader: Trader) -> None:
    refused = place(trader, True, 1_000, mark(info))
    assert "margin" in refused["error"].lower()
    reduce = place(trader, False, 1, mark(info), reduce_only=True)
    assert "reduce only" in reduce["error"].lower()


def test_collateral_moves_and_is_in_the_ledger(info: Info, trader: Trader, other: Trader) -> None:
    before = Decimal(info.user_state(other.address)["marginSummary"]["accountValue"])
    assert trader.exchange.usd_transfer(7, other.address)["status"] == "ok"
    assert trader.exchange.usd_class_transfer(3, False)["status"] == "ok"
    assert Decimal(info.user_state(other.address)["marginSummary"]["accountValue"]) == before + 7
    deltas = [row["delta"] for row in info.user_non_funding_ledger_updates(trader.address, 0)]
    kinds = [(delta["type"], Decimal(delta["usdc"])) for delta in deltas]
    assert kinds[-2:] == [("internalTransfer", 7), ("accountClassTransfer", 3)]


def test_funding_can_be_asked_for(info: Info, trader: Trader) -> None:
    # The chain is younger than an hour, or has passed one; either way there are rows of this shape or none.
    for row in info.funding_history(COIN, 0):
        assert row["coin"] == COIN and Decimal(row["fundingRate"]) != 0
    for row in info.user_funding_history(trader.address, 0):
        assert row["delta"]["type"] == "funding"


def test_fees_and_limits_are_told(info: Info, trader: Trader) -> None:
    fees = info.user_fees(trader.address)
    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")
    limit = info.user_rate_limit(trader.address)
    assert limit["nRequestsUsed"] < limit["nRequestsCap"]


def test_every_subscription_of_the_sdk(info: Info, trader: Trader, other: Trader, live: Info) -> None:
    user = trader.address
    about_user = ["userEvents", "userFills", "orderUpdates", "userFundings"]
    about_user += ["userNonFundingLedgerUpdates", "webData2"]
    subscriptions: Any = [{"type": kind, "user": user} for kind in about_user]
    subscriptions += [{"type": kind, "coin": COIN} for kind in ("l2Book", "trades", "bbo", "activeAssetCtx")]
    subscriptions += [{"type": "candle", "coin": COIN, "interval": "1m"}]
    subscriptions += [{"type": "activeAssetData", "user": user, "coin": COIN}, {"type": "allMids"}]
    feeds = {subscription["type"]: Feed(live, subscription) for subscription in subscriptions}
    # The last subscription has answered, so all are under way.
    feeds["allMids"].next()
    price = trade(info, trader, other, 1)
    trader.exchange.usd_class_transfer(2, False)

    def find(kind: str, wanted: Callable[[Any], bool]) -> Any:
        while not wanted(found := feeds[kind].next()):
            pass
        return found

    is_ours = lambda trades: any(user.lower() in map(str.lower, row["users"]) for row in trades)  # noqa: E731
    assert Decimal(find("trades", is_ours)[0]["px"]) == Decimal(str(price))
    assert find("userFills", lambda data: not data.get("isSnapshot"))["fills"][0]["dir"] == "Open Long"
    assert find("userEvents", lambda data: "fills" in data)["fills"][0]["coin"] == COIN
    assert find("orderUpdates", lambda data: data[-1]["status"] == "filled")[-1]["order"]["coin"] == COIN
    assert find("l2Book", lambda data: data["coin"] == COIN)["levels"] is not None
    assert find("bbo", lambda data: data["coin"] == COIN)["time"] > 0
    assert find("candle", lambda data: data["s"] == COIN)["n"] >= 1
    assert Decimal(find("activeAssetCtx", lambda data: data["coin"] == COIN)["ctx"]["markPx"]) > 0
    assert find("activeAssetData", lambda data: data["coin"] == COIN)["user"].lower() == user.lower()
    assert find("userFundings", lambda data: data["isSnapshot"])["user"].lower() == user.lower()
    moved = find("userNonFundingLedgerUpdates", lambda data: not data.get("isSnapshot"))
    assert moved["nonFundingLedgerUpdates"][0]["delta"]["type"] == "accountClassTransfer"
    page = find("webData2", lambda data: data["clearinghouseState"]["assetPositions"])
    assert page["meta"]["universe"][info.coin_to_asset[COIN]]["name"] == COIN
