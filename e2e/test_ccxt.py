"""ccxt trades perpetuals: the library as it is on PyPI, with its URLs overridden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ccxt
import pytest
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange

from chain import Chain
from test_perps_sdk import SECONDS_MAX, until_open

SYMBOL = "SOL/USDC:USDC"


def client(chain: Chain, account: LocalAccount) -> Any:
    """ccxt's client of one account, with collateral."""
    sdk = Exchange(account, chain.api_url, timeout=SECONDS_MAX)
    assert sdk.usd_class_transfer(500, True)["status"] == "ok"
    opened = ccxt.hyperliquid(
        {
            "walletAddress": account.address,
            "privateKey": account.key.hex(),
            "timeout": SECONDS_MAX * 1000,
            "enableRateLimit": False,
        }
    )
    # What signs for a test network; its addresses are then replaced.
    opened.set_sandbox_mode(True)
    opened.urls["api"] = {"public": chain.api_url, "private": chain.api_url}
    until_open(lambda: opened.public_post_info({"type": "metaAndAssetCtxs"})[1])
    return opened


@pytest.fixture(scope="module")
def trader(chain: Chain, next_account: Callable[[], LocalAccount]) -> Any:
    return client(chain, next_account())


@pytest.fixture(scope="module")
def other(chain: Chain, next_account: Callable[[], LocalAccount]) -> Any:
    return client(chain, next_account())


def mark(trader: Any) -> float:
    """The mark price to three figures."""
    return float(f"{trader.fetch_funding_rate(SYMBOL)['markPrice']:.3g}")


def test_markets_are_loaded(trader: Any) -> None:
    markets = trader.load_markets()
    market = markets[SYMBOL]
    assert market["swap"] and market["precision"]["amount"] == 0.01
    assert market["limits"]["leverage"]["max"] == 20
    spot = [market for market in markets.values() if market["spot"]]
    assert spot and spot[0]["quote"] == "USDC"
    assert trader.fetch_status()["status"] == "ok"


def test_prices_and_funding_are_told(trader: Any) -> None:
    ticker = trader.fetch_ticker(SYMBOL)
    assert ticker["symbol"] == SYMBOL
    rate = trader.fetch_funding_rate(SYMBOL)
    assert rate["fundingRate"] == pytest.approx(0.0000125) and rate["markPrice"] > 0
    assert SYMBOL in trader.fetch_funding_rates([SYMBOL])
    assert isinstance(trader.fetch_funding_rate_history(SYMBOL), list)
    assert isinstance(trader.fetch_ohlcv(SYMBOL, "1m"), list)


def test_order_is_placed_found_edited_and_cancelled(trader: Any) -> None:
    price = trader.price_to_precision(SYMBOL, mark(trader) / 2)
    order = trader.create_order(SYMBOL, "limit", "buy", 1, float(price))
    assert [row["id"] for row in trader.fetch_open_orders(SYMBOL)] == [order["id"]]
    found = trader.fetch_order(order["id"], SYMBOL)
    assert (found["status"], found["side"], found["amount"], found["symbol"]) == ("open", "buy", 1, SYMBOL)
    bids = trader.fetch_order_book(SYMBOL)["bids"]
    assert [float(price), 1.0] in [level[:2] for level in bids]
    edited = trader.edit_order(order["id"], SYMBOL, "limit", "buy", 2, float(price))
    trader.cancel_order(edited["id"], SYMBOL)
    assert trader.fetch_open_orders(SYMBOL) == []
    assert trader.fetch_order(edited["id"], SYMBOL)["status"] == "canceled"
    assert edited["id"] in [row["id"] for row in trader.fetch_orders(SYMBOL)]


def test_position_and_balance_follow_a_trade(trader: Any, other: Any) -> None:
    price = mark(trader)
    other.create_order(SYMBOL, "limit", "sell", 1, price, {"timeInForce": "Alo"})
    trader.create_order(SYMBOL, "market", "buy", 1, price, {"slippage": "0.5"})
    (position,) = trader.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 1, price)
    assert (position["marginMode"], position["leverage"]) == ("cross", 20)
    balance = trader.fetch_balance()["USDC"]
    assert balance["total"] == pytest.approx(500, abs=price / 10)
    assert balance["used"] == pytest.approx(position["initialMargin"], rel=0.05)
    fill = trader.fetch_my_trades(SYMBOL)[-1]
    assert (fill["side"], fill["takerOrMaker"], fill["amount"]) == ("buy", "taker", 1)
    other.create_order(SYMBOL, "limit", "buy", 1, price)
    trader.create_order(SYMBOL, "market", "sell", 1, price, {"slippage": "0.5", "reduceOnly": True})
    assert trader.fetch_positions([SYMBOL]) == []
    assert isinstance(trader.fetch_funding_history(SYMBOL), list)


def test_leverage_and_margin_mode_are_set(trader: Any) -> None:
    trader.set_margin_mode("isolated", SYMBOL, {"leverage": 4})
    trader.set_leverage(3, SYMBOL, {"marginMode": "cross"})


def test_errors_are_told_by_kind(trader: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        trader.create_order(SYMBOL, "limit", "buy", 1_000, mark(trader))
    with pytest.raises(ccxt.OrderNotFound):
        trader.cancel_order("1", SYMBOL)
    with pytest.raises(ccxt.InvalidOrder):
        trader.create_order(SYMBOL, "limit", "buy", 0.01, mark(trader))
