"""hyperliquid-python-sdk with others' money and keys: builders, vaults, trade groups, accounts of several keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils import signing

from chain import Chain
from test_exchange_sdk import GTC, IOC, SECONDS_MAX, refusal, status_of

DONE = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture(scope="module")
def info(chain: Chain) -> Info:
    return Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def rich(chain: Chain, next_account: Callable[[], LocalAccount]) -> Exchange:
    return Exchange(next_account(), chain.api_url, timeout=SECONDS_MAX)


@pytest.fixture
def somebody(chain: Chain, info: Info, rich: Exchange) -> Callable[[], Exchange]:
    """Hands out new accounts with 300 USD of collateral and 50 of spot USD."""
    usd = info.spot_meta()["tokens"][0]

    def make() -> Exchange:
        account = Account.create()
        sent = rich.spot_transfer(350, account.address, f"{usd['name']}:{usd['tokenId']}")
        assert sent == DONE, sent
        exchange = Exchange(account, chain.api_url, timeout=SECONDS_MAX)
        assert exchange.usd_class_transfer(300, True) == DONE
        return exchange

    return make


def address(exchange: Exchange) -> str:
    return str(exchange.wallet.address).lower()


def spot_usd(info: Info, user: str) -> Decimal:
    balances = info.spot_user_state(user)["balances"]
    return sum((Decimal(row["total"]) for row in balances if row["token"] == 0), Decimal(0))


def collateral(info: Info, user: str) -> Decimal:
    return Decimal(info.user_state(user)["marginSummary"]["accountValue"])


def ask(info: Info, question: str, **fields: Any) -> Any:
    return info.post("/info", {"type": question, **fields})


def l1(exchange: Exchange, action: Any) -> Any:
    """An action that the SDK has no method for, signed and sent as it does."""
    nonce = signing.get_timestamp_ms()
    signature = signing.sign_l1_action(exchange.wallet, action, None, nonce, exchange.expires_after, False)
    return exchange._post_action(action, signature, nonce)


def test_builder_is_approved_and_paid(info: Info, somebody: Callable[[], Exchange]) -> None:
    trader, builder = somebody(), somebody()
    market = info.spot_meta()["universe"][0]["name"]
    bid: Any = {"coin": market, "is_buy": True, "sz": 1, "limit_px": 11, "order_type": GTC, "reduce_only": False}
    fee: Any = {"b": address(builder), "f": 100}
    refused = trader.bulk_orders([bid], builder=dict(fee))
    assert (refused["status"], refused["response"]) == ("err", "Builder fee has not been approved.")
    assert trader.approve_builder_fee(address(builder), "0.1%") == DONE
    assert ask(info, "maxBuilderFee", user=address(trader), builder=address(builder)) == 100

    # The trader buys what it then sells to itself's counterparty: only the sale pays a builder.
    before = spot_usd(info, address(builder))
    placed = trader.bulk_orders([bid], builder=dict(fee))
    oid = status_of(placed, "order")["resting"]["oid"]
    assert status_of(trader.cancel(market, oid), "cancel") == "success"
    assert spot_usd(info, address(builder)) == before
    assert trader.approve_builder_fee(address(builder), "0%") == DONE
    assert ask(info, "maxBuilderFee", user=address(trader), builder=address(builder)) == 0


def test_fill_says_what_the_builder_got(info: Info, rich: Exchange, somebody: Callable[[], Exchange]) -> None:
    buyer, builder = somebody(), somebody()
    market = info.spot_meta()["universe"][0]["name"]
    assert rich.approve_builder_fee(address(builder), "0.1%") == DONE
    before = spot_usd(info, address(builder))
    oid = status_of(buyer.order(market, True, 1, 12, GTC), "order")["resting"]["oid"]
    assert oid > 0
    ask_for: Any = {"coin": market, "is_buy": False, "sz": 1, "limit_px": 12, "order_type": IOC, "reduce_only": False}
    sold = rich.bulk_orders([ask_for], builder={"b": address(builder), "f": 50})
    assert "filled" in status_of(sold, "order")
    # 5 basis points of 12 USD.
    assert spot_usd(info, address(builder)) == before + Decimal("0.006")
    fill = info.user_fills(address(rich))[0]
    assert Decimal(fill["builderFee"]) == Decimal("0.006")
    assert Decimal(fill["fee"]) > Decimal(fill["builderFee"])
    assert "builderFee" not in info.user_fills(address(buyer))[0]


def test_vault_is_made_funded_and_ended(info: Info, somebody: Callable[[], Exchange]) -> None:
    leader, holder = somebody(), somebody()
    made = l1(leader, {
        "type": "createVault", "name": "a vault", "description": "of a test", "initialUsd": 150_000_000,
        "nonce": signing.get_timestamp_ms(),
    })  # fmt: skip
    assert made["status"] == "ok" and made["response"]["type"] == "createVault", made
    (leading,) = ask(info, "leadingVaults", user=address(leader))
    assert leading["name"] == "a vault"
    vault = leading["address"]
    assert made["response"]["data"] == vault
    assert vault in [row["vaultAddress"] for row in ask(info, "vaultSummaries")]

    assert holder.vault_usd_transfer(vault, True, 50_000_000) == DONE
    (equity,) = info.user_vault_equities(address(holder))
    assert (equity["vaultAddress"], Decimal(equity["equity"])) == (vault, 50)
    assert equity["lockedUntilTimestamp"] > time.time() * 1000
    details = ask(info, "vaultDetails", vaultAddress=vault, user=address(holder))
    assert (details["leader"], Decimal(details["leaderFraction"])) == (address(leader), Decimal("0.75"))
    assert Decimal(details["followerState"]["vaultEquity"]) == 50
    assert collateral(info, vault) == 200

    locked = refusal(lambda: holder.vault_usd_transfer(vault, False, 10_000_000))
    assert locked == "Cannot withdraw during lockup period after depositing."
    modify = {"type": "vaultModify", "vaultAddress": vault, "allowDeposits": False, "alwaysCloseOnWithdraw": None}
    assert l1(leader, modify) == DONE
    assert "closed" in refusal(lambda: holder.vault_usd_transfer(vault, True, 10_000_000))
    assert l1(leader, {"type": "vaultDistribute", "vaultAddress": vault, "usd": 0}) == DONE
    assert info.user_vault_equities(address(holder)) == []
    assert (collateral(info, address(holder)), collateral(info, address(leader))) == (300, 300)
    assert ask(info, "vaultDetails", vaultAddress=vault)["isClosed"] is True
    updates = info.user_non_funding_ledger_updates(address(holder), 0)
    kinds = [row["delta"]["type"] for row in updates]
    assert kinds[-2:] == ["vaultDeposit", "vaultDistribution"]


def test_trade_group_keeps_friends_apart(info: Info, rich: Exchange, somebody: Callable[[], Exchange]) -> None:
    leader, member = somebody(), rich
    market = info.spot_meta()["universe"][0]["name"]
    join = {"type": "setTradeGroup", "leader": address(leader)}
    assert "not invited" in refusal(lambda: l1(member, join))
    assert l1(leader, {"type": "tradeGroupInvite", "user": address(member), "isInvited": True}) == DONE
    assert ask(info, "tradeGroup", user=address(member)) is None
    assert l1(member, join) == DONE
    group = {"leader": address(leader), "members": [{"user": address(member), "hasJoined": True}]}
    assert [ask(info, "tradeGroup", user=address(who)) for who in (leader, member)] == [group, group]

    bid = status_of(leader.order(market, True, 1, 13, GTC), "order")["resting"]["oid"]
    ask_at = status_of(member.order(market, False, 1, 13, GTC), "order")["resting"]["oid"]
    assert info.query_order_by_oid(address(leader), bid)["order"]["status"] == "selfTradeCanceled"
    assert status_of(member.cancel(market, ask_at), "cancel") == "success"
    assert l1(member, {"type": "setTradeGroup", "leader": None}) == DONE
    assert ask(info, "tradeGroup", user=address(leader)) is None


def test_account_of_several_keys(info: Info, rich: Exchange, somebody: Callable[[], Exchange]) -> None:
    shared, first, second = somebody(), somebody(), somebody()
    user = address(shared)
    assert info.query_user_to_multi_sig_signers(user) is None
    assert shared.convert_to_multi_sig_user([address(first), address(second)], 2) == DONE
    keys = info.query_user_to_multi_sig_signers(user)
    assert keys["threshold"] == 2
    assert set(keys["authorizedUsers"]) == {address(first), address(second)}
    assert "multi-sig" in refusal(lambda: shared.usd_class_transfer(1, False))

    def send(co_signers: list[Exchange], amount: str) -> Any:
        nonce = signing.get_timestamp_ms()
        action = {
            "type": "usdSend", "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet",
            "destination": address(rich), "amount": amount, "time": nonce,
        }  # fmt: skip
        signatures = [
            signing.sign_multi_sig_user_signed_action_payload(
                key.wallet, action, False, signing.USD_SEND_SIGN_TYPES, "HyperliquidTransaction:UsdSend",
                user, address(first),
            )  # fmt: skip
            for key in co_signers
        ]
        return first.multi_sig(user, action, signatures, nonce)

    assert "threshold" in refusal(lambda: send([first], "10"))
    assert "authorized" in refusal(lambda: send([first, rich], "10"))
    assert send([first, second], "10") == DONE
    assert collateral(info, user) == 290

    nonce = signing.get_timestamp_ms()
    asset = info.name_to_asset(info.spot_meta()["universe"][0]["name"])
    order: Any = {"a": asset, "b": True, "p": "11", "s": "1", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    place = {"type": "order", "orders": [order], "grouping": "na"}
    signatures = [
        signing.sign_multi_sig_l1_action_payload(key.wallet, place, False, None, nonce, None, user, address(first))
        for key in (first, second)
    ]
    placed = status_of(first.multi_sig(user, place, signatures, nonce), "order")
    assert [row["oid"] for row in info.open_orders(user)] == [placed["resting"]["oid"]]
