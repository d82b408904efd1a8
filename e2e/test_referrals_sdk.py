"""hyperliquid-python-sdk with referrals: a code registered and named, a discount, rewards claimed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

from chain import Chain
from test_exchange_sdk import GTC, IOC, SECONDS_MAX, refusal, status_of
from test_shared_sdk import DONE, address, ask, l1, spot_usd

CODE = "TANDEM2026"


@pytest.fixture(scope="module")
def info(chain: Chain) -> Info:
    return Info(chain.api_url, skip_ws=True, timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def traders(chain: Chain, next_account: Callable[[], LocalAccount]) -> tuple[Exchange, Exchange]:
    first, second = (Exchange(next_account(), chain.api_url, timeout=SECONDS_MAX) for _ in range(2))
    return first, second


def sell(info: Info, seller: Exchange, buyer: Exchange, size: int) -> None:
    """The seller takes the buyer's bid at 50 USD."""
    market = info.spot_meta()["universe"][0]["name"]
    assert "resting" in status_of(buyer.order(market, True, size, 50, GTC), "order")
    assert "filled" in status_of(seller.order(market, False, size, 50, IOC), "order")


def register(exchange: Exchange, code: str) -> Any:
    """The SDK has no method for it."""
    return l1(exchange, {"type": "registerReferrer", "code": code})


def test_referrer_is_registered_named_and_paid(info: Info, traders: tuple[Exchange, Exchange]) -> None:
    referrer, referee = traders
    state = info.query_referral_state(address(referrer))
    assert state["referrerState"]["stage"] == "needToTrade"
    assert Decimal(state["referrerState"]["data"]["required"]) == 10_000
    assert "traded volume" in refusal(lambda: register(referrer, CODE))
    assert "does not exist" in refusal(lambda: referee.set_referrer(CODE))

    sell(info, referrer, referee, 200)
    assert info.query_referral_state(address(referrer))["referrerState"] == {"stage": "needToCreateCode"}
    assert register(referrer, CODE) == DONE
    assert "already" in refusal(lambda: register(referrer, "OTHER"))
    assert "oneself" in refusal(lambda: referrer.set_referrer(CODE))
    assert referee.set_referrer(CODE) == DONE
    assert "already" in refusal(lambda: referee.set_referrer(CODE))
    assert "$1" in refusal(lambda: l1(referrer, {"type": "claimRewards"}))
    fees = info.user_fees(address(referee))
    assert Decimal(fees["activeReferralDiscount"]) == Decimal("0.04")
    by = info.query_referral_state(address(referee))["referredBy"]
    assert by == {"referrer": address(referrer), "code": CODE}

    # 40,000 USD at the rate of spot less 4 %, of which a tenth is the referrer's.
    sell(info, referee, referrer, 800)
    fee = 40_000 * Decimal(fees["userSpotCrossRate"]) * Decimal("0.96")
    assert Decimal(info.user_fills(address(referee))[0]["fee"]) == fee
    state = info.query_referral_state(address(referrer))
    assert Decimal(state["unclaimedRewards"]) == fee / 10
    data = state["referrerState"]["data"]
    assert (data["code"], data["nReferrals"]) == (CODE, 1)
    (row,) = data["referralStates"]
    assert row["user"] == address(referee)
    assert Decimal(row["cumRewardedFeesSinceReferred"]) == fee
    assert Decimal(row["cumFeesRewardedToReferrer"]) == fee / 10

    before = spot_usd(info, address(referrer))
    assert l1(referrer, {"type": "claimRewards"}) == DONE
    assert spot_usd(info, address(referrer)) == before + fee / 10
    state = info.query_referral_state(address(referrer))
    assert (Decimal(state["unclaimedRewards"]), Decimal(state["claimedRewards"])) == (0, fee / 10)
    claim = ask(info, "userNonFundingLedgerUpdates", user=address(referrer), startTime=0)[-1]["delta"]
    assert (claim["type"], Decimal(claim["amount"])) == ("rewardsClaim", fee / 10)
