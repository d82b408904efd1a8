"""viem does what a web page would do: each script in `viem/` is one test, and says by its status whether it held."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from chain import Chain
from conftest import Contract

SCRIPTS = sorted((Path(__file__).parent / "viem").glob("test_*.mjs"))
SECONDS_MAX = 90


@pytest.fixture(scope="module")
def account(next_account: Callable[[], LocalAccount]) -> LocalAccount:
    return next_account()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_viem(script: Path, chain: Chain, account: LocalAccount, tally: Contract) -> None:
    environment = {
        **os.environ,
        "RPC_URL": chain.rpc_url,
        "WS_URL": chain.ws_url,
        "KEY": "0x" + bytes(account.key).hex(),
        "CONTRACT": str(tally.path),
    }
    command = ["node", str(script)]
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX
    )
    assert done.returncode == 0, done.stdout + done.stderr
