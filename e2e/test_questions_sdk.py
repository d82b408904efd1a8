"""Everything that can be asked and heard: each of hyperliquid-python-sdk's questions, and each that the server documents."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import websocket
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action
from hyperliquid.utils.types import Cloid

from chain import Chain
from test_exchange_sdk import GTC, IOC, POST_ONLY, SECONDS_MAX, status_of
from test_perps_sdk import COIN, Trader, funded, mark, until_open

# What of `Info` asks nothing.
NO_QUESTIONS = {"set_perp_meta", "disconnect_websocket", "subscribe", "unsubscribe", "name_to_asset", "post"}


@dataclass(frozen=True)
class World:
    """A market in which something has happened, and who did it."""

    info: Info
    trader: Trader
    other: Trader
    oid: int


@pytest.fixture(scope="module")
def world(chain: Chain, next_account: Callable[[], LocalAccount]) -> Iterator[World]:
    info = Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)
    until_open(lambda: info.meta_and_asset_ctxs()[1])
    trader, other = funded(chain, next_account), funded(chain, next_account)
    price = mark(info)
    status_of(other.exchange.order(COIN, False, 1, price, POST_ONLY), "order")
    status_of(trader.exchange.order(COIN, True, 1, price, IOC), "order")
    resting = trader.exchange.order(COIN, True, 1, float(f"{price / 2:.3g}"), GTC, cloid=Cloid.from_int(0xE1))
    oid = status_of(resting, "order")["resting"]["oid"]
    yield World(info, trader, other, oid)
    trader.exchange.cancel(COIN, oid)


@pytest.fixture(autouse=True)
def nothing_left(world: World) -> Iterator[None]:
    """Cancels what a test has left in books that other tests use."""
    yield
    for order in world.info.open_orders(world.other.address):
        world.other.exchange.cancel(order["coin"], order["oid"])


def post(user: Trader, action: dict[str, Any]) -> Any:
    """Sends an action that the SDK has no method for, signed by the SDK."""
    exchange, nonce = user.exchange, get_timestamp_ms()
    signature = sign_l1_action(exchange.wallet, action, None, nonce, exchange.expires_after, False)
    return exchange._post_action(action, signature, nonce)


def test_every_question_of_the_sdk_is_answered(world: World) -> None:
    info, user, now = world.info, world.trader.address, int(time.time() * 1000)
    asked: dict[str, tuple[Any, ...]] = {
        name: ()
        for name in (
            "all_mids", "meta", "meta_and_asset_ctxs", "perp_dexs", "spot_meta", "spot_meta_and_asset_ctxs",
            "query_perp_deploy_auction_status",
        )
    }  # fmt: skip
    asked |= {
        name: (user,)
        for name in (
            "user_state", "spot_user_state", "open_orders", "frontend_open_orders", "user_fills", "user_fees",
            "user_staking_summary", "user_staking_delegations", "user_staking_rewards", "delegator_history",
            "query_referral_state", "query_sub_accounts", "query_user_to_multi_sig_signers",
            "query_user_dex_abstraction_state", "query_user_abstraction_state", "historical_orders",
            "portfolio", "user_twap_slice_fills", "user_vault_equities", "user_role", "user_rate_limit",
            "query_spot_deploy_auction_status", "extra_agents",
        )
    }  # fmt: skip
    asked |= {
        "user_fills_by_time": (user, 0),
        "funding_history": (COIN, 0),
        "user_funding_history": (user, 0),
        "user_non_funding_ledger_updates": (user, 0),
        "l2_snapshot": (COIN,),
        "candles_snapshot": (COIN, "1M", 0, now),
        "query_order_by_oid": (user, world.oid),
        "query_order_by_cloid": (user, Cloid.from_int(0xE1)),
    }
    methods = {name for name, _ in inspect.getmembers(Info, inspect.isfunction) if not name.startswith("_")}
    assert asked.keys() == methods - NO_QUESTIONS
    answers = {name: getattr(info, name)(*arguments) for name, arguments in asked.items()}
    assert answers["user_role"] == {"role": "user"}
    by_id, by_cloid = answers["query_order_by_oid"], answers["query_order_by_cloid"]
    assert by_id["order"]["order"]["oid"] == by_cloid["order"]["order"]["oid"] == world.oid
    [candle] = answers["candles_snapshot"]
    assert candle["i"] == "1M" and candle["t"] <= now <= candle["T"]
    periods = dict(answers["portfolio"])
    assert list(periods)[:4] == ["day", "week", "month", "allTime"]
    assert Decimal(periods["perpDay"]["vlm"]) > 0 and periods["day"]["accountValueHistory"]
    assert answers["user_fills"][0]["twapId"] is None


def documented(info: Info, chain: Chain) -> Any:
    return info.session.get(chain.api_url + "/openapi.json", timeout=SECONDS_MAX).json()


def parameter(name: str, world: World) -> Any:
    """A value for a question's or a channel's field."""
    return {
        "user": world.trader.address, "coin": COIN, "oid": world.oid, "startTime": 0, "id": 10,
        "builder": world.trader.address, "vaultAddress": world.trader.address,
        "interval": "1m", "req": {"coin": COIN, "interval": "1w", "startTime": 0},
    }[name]  # fmt: skip


def test_every_documented_question_is_answered(world: World, chain: Chain) -> None:
    paths = documented(world.info, chain)["paths"]
    schema = paths["/info"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = []
    for question in schema["oneOf"]:
        fields = [name for name in question["required"] if name != "type"]
        request = {name: parameter(name, world) for name in fields}
        world.info.post("/info", {"type": question["title"], **request})
        names.append(question["title"])
    assert len(names) > 50


def test_every_documented_channel_can_be_subscribed_to(world: World, chain: Chain) -> None:
    channels = documented(world.info, chain)["paths"]["/ws"]["get"]["x-channels"]
    socket = websocket.create_connection("ws" + chain.api_url.removeprefix("http") + "/ws", timeout=SECONDS_MAX)
    waiting = {channel["type"] for channel in channels}
    assert len(waiting) > 20
    for channel in channels:
        required = [name for name in channel["fields"] if not name.endswith("?")]
        subscription = {"type": channel["type"], **{name: parameter(name, world) for name in required}}
        socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))
    while waiting:
        message = json.loads(socket.recv())
        assert message["channel"] != "error", message
        if message["channel"] == "subscriptionResponse":
            waiting.remove(message["data"]["subscription"]["type"])
    socket.close()


def test_twap_order_runs_in_parts_and_is_told(world: World) -> None:
    asset, price = world.info.coin_to_asset[COIN], mark(world.info)
    status_of(world.other.exchange.order(COIN, False, 5, price, GTC), "order")
    twap = {"a": asset, "b": True, "s": "20", "r": False, "m": 5, "t": False}
    answer = post(world.trader, {"type": "twapOrder", "twap": twap})
    number = answer["response"]["data"]["status"]["running"]["twapId"]
    [fill] = [row for row in world.info.user_twap_slice_fills(world.trader.address) if row["twapId"] == number]
    assert (Decimal(fill["fill"]["sz"]), fill["fill"]["twapId"]) == (2, number)
    ended = post(world.trader, {"type": "twapCancel", "a": asset, "t": number})
    assert ended["response"]["data"]["status"] == "success"
    history = world.info.post("/info", {"type": "twapHistory", "user": world.trader.address})
    assert [row["status"]["status"] for row in history[:2]] == ["terminated", "activated"]
    assert Decimal(history[0]["state"]["executedSz"]) == 2


def test_isolated_margin_is_topped_up_to_a_leverage(world: World) -> None:
    market = "DOGE"
    contexts = world.info.meta_and_asset_ctxs()[1]
    price = float(f"{float(contexts[world.info.coin_to_asset[market]]['markPx']):.3g}")
    assert world.trader.exchange.update_leverage(5, market, False)["status"] == "ok"
    status_of(world.other.exchange.order(market, False, 200, price, GTC), "order")
    status_of(world.trader.exchange.order(market, True, 200, price, IOC), "order")
    action = {"type": "topUpIsolatedOnlyMargin", "asset": world.info.coin_to_asset[market], "leverage": "2"}
    assert post(world.trader, action)["status"] == "ok"
    held = [row["position"] for row in world.info.user_state(world.trader.address)["assetPositions"]]
    [held] = [row for row in held if row["coin"] == market]
    margin, value = Decimal(held["marginUsed"]), Decimal(held["positionValue"])
    # The mark may have moved since.
    assert abs(margin - value / 2) < value / 10
