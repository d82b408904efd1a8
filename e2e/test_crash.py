"""SIGKILL under load: the chain comes back by itself, and no order that was answered is missing.

The number of kills is `TANDEM_KILLS`, 3 if it isn't set; the instants follow from `TANDEM_KILL_SEED`.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
from pathlib import Path

from eth_account.signers.local import LocalAccount
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

from chain import Chain

KILLS = int(os.environ.get("TANDEM_KILLS", "3"))
SEED = int(os.environ.get("TANDEM_KILL_SEED", "1"))
TRADERS = 4
VERIFY_SECONDS_MAX = 300


class Trader(threading.Thread):
    """Places resting orders until the chain is gone, and remembers those that were answered."""

    def __init__(self, chain: Chain, account: LocalAccount, answered: set[int]) -> None:
        super().__init__(daemon=True)
        self.exchange = Exchange(account, chain.api_url)
        self.coin = self.exchange.info.spot_meta()["universe"][0]["name"]
        self.answered = answered

    def run(self) -> None:
        """Trades until a request fails: the chain was killed."""
        try:
            while True:
                answer = self.exchange.order(self.coin, True, 10, 2, {"limit": {"tif": "Gtc"}})
                for status in answer["response"]["data"]["statuses"]:
                    self.answered.add(status["resting"]["oid"])
        except Exception:  # Whatever the client raises when its server is gone.
            return


def open_orders(chain: Chain, account: LocalAccount) -> set[int]:
    """The ids of an account's open orders."""
    info = Info(chain.api_url, skip_ws=True)
    return {order["oid"] for order in info.open_orders(account.address)}


def test_no_answered_order_is_lost_when_the_chain_is_killed(tmp_path: Path) -> None:
    """Kills the chain at random instants under load, and looks for every order that was answered."""
    instants = random.Random(SEED)
    binary = os.environ["TANDEM_BIN"]
    answered: dict[str, set[int]] = {}
    for _ in range(KILLS):
        chain = Chain.start(binary, tmp_path)
        accounts = chain.accounts[:TRADERS]
        for account in accounts:
            missing = answered.setdefault(account.address, set()) - open_orders(chain, account)
            assert not missing, f"orders {missing} of {account.address} were answered and are gone"
        traders = [Trader(chain, account, answered[account.address]) for account in accounts]
        for trader in traders:
            trader.start()
        threading.Event().wait(instants.uniform(0.3, 2.0))
        chain.process.kill()
        chain.process.wait()
        for trader in traders:
            trader.join(30)
    assert any(answered.values()), "no order was ever answered"

    chain = Chain.start(binary, tmp_path)
    for account in chain.accounts[:TRADERS]:
        assert answered[account.address] <= open_orders(chain, account)
    chain.stop()
    verify = [binary, "verify", "--home", str(tmp_path)]
    done = subprocess.run(verify, stdout=subprocess.PIPE, text=True, timeout=VERIFY_SECONDS_MAX)
    assert done.returncode == 0 and "all roots as stored" in done.stdout, done.stdout
