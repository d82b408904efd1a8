"""hyperliquid-python-sdk keeps sub-accounts and agents: made, funded, traded for by their master; scopes; fees."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.signing import get_timestamp_ms, sign_user_signed_action

from chain import Chain
from test_exchange_sdk import GTC, SECONDS_MAX, refusal, status_of
from test_perps_sdk import COIN, mark, until_open

DONE = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture(scope="module")
def info(chain: Chain) -> Info:
    opened = Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)
    until_open(lambda: opened.meta_and_asset_ctxs()[1])
    return opened


@pytest.fixture(scope="module")
def master(chain: Chain, next_account: Callable[[], LocalAccount]) -> Exchange:
    exchange = Exchange(next_account(), chain.api_url, timeout=SECONDS_MAX)
    assert exchange.usd_class_transfer(500, True) == DONE
    return exchange


def made(info: Info, master: Exchange, name: str) -> str:
    """A new sub-account's address, which the answer and the list agree about."""
    answer = master.create_sub_account(name)
    assert (answer["status"], answer["response"]["type"]) == ("ok", "createSubAccount"), answer
    listed = {row["name"]: row for row in info.query_sub_accounts(master.wallet.address)}
    assert listed[name]["subAccountUser"] == answer["response"]["data"]
    assert listed[name]["master"] == master.wallet.address.lower()
    return str(answer["response"]["data"])


def withdrawable(info: Info, address: str) -> Decimal:
    return Decimal(info.user_state(address)["withdrawable"])


def test_sub_account_is_made_funded_and_emptied(info: Info, master: Exchange) -> None:
    address = made(info, master, "desk")
    assert info.user_role(address) == {
        "role": "subAccount",
        "data": {"master": master.wallet.address.lower()},
    }
    before = withdrawable(info, master.wallet.address)
    assert master.sub_account_transfer(address, True, 25_500_000) == DONE
    assert withdrawable(info, address) == Decimal("25.5")
    assert withdrawable(info, master.wallet.address) == before - Decimal("25.5")
    assert "margin" in refusal(lambda: master.sub_account_transfer(address, False, 25_500_001))
    assert master.sub_account_transfer(address, False, 25_500_000) == DONE
    assert withdrawable(info, master.wallet.address) == before

    quote = info.spot_meta()["tokens"][0]
    token = f"{quote['name']}:{quote['tokenId']}"
    assert master.sub_account_spot_transfer(address, True, token, 12.5) == DONE
    (held,) = info.spot_user_state(address)["balances"]
    assert (held["coin"], Decimal(held["total"])) == (quote["name"], Decimal("12.5"))
    assert master.sub_account_spot_transfer(address, False, token, 12.5) == DONE

    updates = info.user_non_funding_ledger_updates(address, 0)
    kinds = [row["delta"]["type"] for row in updates]
    assert kinds == ["subAccountTransfer", "subAccountTransfer", "spotTransfer", "spotTransfer"]


def test_master_and_its_agent_trade_for_a_sub_account(chain: Chain, info: Info, master: Exchange) -> None:
    address = made(info, master, "traded")
    assert master.sub_account_transfer(address, True, 100_000_000) == DONE
    approved, key = master.approve_agent("accounts")
    assert approved["status"] == "ok", approved
    price = float(f"{mark(info) * 0.5:.3g}")
    for wallet in (master.wallet, Account.from_key(key)):
        trader = Exchange(wallet, chain.api_url, vault_address=address, timeout=SECONDS_MAX)
        oid = status_of(trader.order(COIN, True, 1, price, GTC), "order")["resting"]["oid"]
        assert [order["oid"] for order in info.open_orders(address)] == [oid]
        assert info.open_orders(master.wallet.address) == []
        assert status_of(trader.cancel(COIN, oid), "cancel") == "success"


def test_stranger_is_refused(chain: Chain, info: Info, master: Exchange) -> None:
    address = made(info, master, "kept")
    stranger = Exchange(Account.create(), chain.api_url, vault_address=address, timeout=SECONDS_MAX)
    text = refusal(lambda: stranger.order(COIN, True, 1, 1, GTC))
    assert stranger.wallet.address.lower() in text.lower()
    # Somebody with an account of its own.
    quote = info.spot_meta()["tokens"][0]
    sent: Any = master.spot_transfer(20, stranger.wallet.address, f"{quote['name']}:{quote['tokenId']}")
    assert sent["status"] == "ok", sent
    assert "vaultAddress" in refusal(lambda: stranger.order(COIN, True, 1, 1, GTC))
    own = Exchange(stranger.wallet, chain.api_url, timeout=SECONDS_MAX)
    assert "subAccountUser" in refusal(lambda: own.sub_account_transfer(address, False, 1))


SCOPE_TYPES = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "agentAddress", "type": "address"},
    {"name": "agentName", "type": "string"},
    {"name": "assets", "type": "string"},
    {"name": "orderUsd", "type": "string"},
    {"name": "totalUsd", "type": "string"},
    {"name": "nonce", "type": "uint64"},
]


def approve_scoped(master: Exchange, agent: str, assets: str, order_usd: str, total_usd: str) -> Any:
    nonce = get_timestamp_ms()
    action = {
        "type": "approveScopedAgent",
        "agentAddress": agent,
        "agentName": "scoped",
        "assets": assets,
        "orderUsd": order_usd,
        "totalUsd": total_usd,
        "nonce": nonce,
    }
    primary = "TandemTransaction:ApproveScopedAgent"
    signature = sign_user_signed_action(master.wallet, action, SCOPE_TYPES, primary, False)
    return master._post_action(action, signature, nonce)


def test_scoped_agent_stays_within_its_scope(chain: Chain, info: Info, master: Exchange) -> None:
    wallet, asset = Account.create(), info.coin_to_asset[COIN]
    assert approve_scoped(master, wallet.address.lower(), str(asset), "100", "") == DONE
    owner = master.wallet.address
    agent = Exchange(wallet, chain.api_url, account_address=owner, timeout=SECONDS_MAX)
    price = float(f"{mark(info) * 0.5:.3g}")
    size = round(50 / price, 2)
    oid = status_of(agent.order(COIN, True, size, price, GTC), "order")["resting"]["oid"]
    assert status_of(agent.cancel(COIN, oid), "cancel") == "success"
    assert "scope" in refusal(lambda: agent.order(COIN, True, size * 4, price, GTC))
    assert "scope" in refusal(lambda: agent.order("BTC", True, 0.001, 20_000, GTC))
    assert "scope" in refusal(lambda: agent.create_sub_account("no"))
    (row,) = [row for row in info.extra_agents(owner) if row["name"] == "scoped"]
    assert (row["scope"]["assets"], row["scope"]["orderUsd"]) == ([asset], "100")
    assert 40 < Decimal(row["scope"]["usedUsd"]) < 60


def test_fees_are_those_of_the_schedule(info: Info, master: Exchange) -> None:
    fees = info.user_fees(master.wallet.address)
    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")
    tiers = fees["feeSchedule"]["tiers"]
    assert (tiers["vip"][0]["ntlCutoff"], tiers["vip"][0]["cross"]) == ("5000000", "0.0004")
    assert tiers["mm"][0] == {"makerFractionCutoff": "0.005", "add": "-0.00001"}
    assert len(fees["dailyUserVlm"]) == 15
