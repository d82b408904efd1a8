"""hyperliquid-python-sdk keeps sub-accounts: made, funded, traded for by their master and its agents."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

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
