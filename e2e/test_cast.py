"""Foundry's `cast` deploys a contract, sends to it, calls it and reads its logs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from chain import Chain
from conftest import Contract

# The program itself: npm's wrapper around it ends with status 0 whatever happened.
PINNED = Path(__file__).parent / "node_modules/@foundry-rs/cast-linux-amd64/bin/cast"
CAST = PINNED if PINNED.exists() else Path(shutil.which("cast") or PINNED)
SECONDS_MAX = 60


class Cast:
    """`cast`, pointed at a chain."""

    def __init__(self, chain: Chain, account: LocalAccount):
        self._rpc = ["--rpc-url", chain.rpc_url]
        self._signer = ["--private-key", "0x" + bytes(account.key).hex()]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs one command, whatever comes of it. The chain's address stands first: `--create` takes all the rest."""
        command, *rest = words
        line = [str(CAST), command, *self._rpc, *rest]
        return subprocess.run(line, check=False, capture_output=True, text=True, timeout=SECONDS_MAX)

    def text(self, *words: str) -> str:
        """What a command that must succeed prints."""
        done = self.run(*words)
        assert done.returncode == 0, f"cast {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def send(self, *words: str) -> dict[str, Any]:
        """Sends a transaction and waits for its receipt."""
        return json.loads(self.text("send", "--json", *self._signer, *words))


@pytest.fixture(scope="module")
def account(next_account: Callable[[], LocalAccount]) -> LocalAccount:
    return next_account()


@pytest.fixture(scope="module")
def cast(chain: Chain, account: LocalAccount) -> Cast:
    return Cast(chain, account)


def deploy(cast: Cast, tally: Contract) -> str:
    receipt = cast.send("--create", tally.bytecode)
    assert receipt["status"] == "0x1"
    return receipt["contractAddress"]


def test_chain_answers_what_wallets_ask_first(cast: Cast, account: LocalAccount) -> None:
    assert int(cast.text("chain-id")) > 0
    assert int(cast.text("gas-price")) > 0
    assert int(cast.text("block-number")) >= 0
    assert int(cast.text("balance", account.address)) > 10**18
    assert int(cast.text("nonce", account.address)) >= 0


def test_contract_is_deployed_written_and_read(cast: Cast, account: LocalAccount, tally: Contract) -> None:
    address = deploy(cast, tally)
    assert len(cast.text("code", address)) > 2
    receipt = cast.send(address, "add(uint256)", "7")
    assert receipt["status"] == "0x1"
    assert receipt["from"].lower() == account.address.lower()
    assert cast.text("call", address, "total()(uint256)") == "7"
    assert cast.text("call", address, "added(address)(uint256)", account.address) == "7"
    assert int(cast.text("storage", address, "0"), 16) == 7


def test_logs_are_found_by_event_and_sender(cast: Cast, account: LocalAccount, tally: Contract) -> None:
    address = deploy(cast, tally)
    sent = [cast.send(address, "add(uint256)", str(amount)) for amount in (3, 4)]
    event = "Added(address indexed,uint256,uint256)"
    words = ["logs", "--json", "--from-block", "0", "--address", address, event]
    logs = json.loads(cast.text(*words, account.address))
    assert [log["transactionHash"] for log in logs] == [receipt["transactionHash"] for receipt in sent]
    amounts = [[int(log["data"][2 + at : 66 + at], 16) for at in (0, 64)] for log in logs]
    assert amounts == [[3, 3], [4, 7]]
    nobody = "0x" + "11" * 20
    assert json.loads(cast.text(*words, nobody)) == []


def test_value_moves_and_the_sender_pays_the_fee(cast: Cast, account: LocalAccount) -> None:
    receiver = "0x" + "22" * 20
    before = int(cast.text("balance", account.address))
    nonce = int(cast.text("nonce", account.address))
    receipt = cast.send(receiver, "--value", "1000000000000000000")
    fee = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert int(cast.text("balance", receiver)) == 10**18
    assert int(cast.text("balance", account.address)) == before - 10**18 - fee
    assert int(cast.text("nonce", account.address)) == nonce + 1


def test_a_revert_tells_its_typed_error(cast: Cast, tally: Contract) -> None:
    address = deploy(cast, tally)
    refused = cast.run("call", address, "add(uint256)", "1001")
    selector = subprocess.check_output([CAST, "sig", "Tally_TooMuch(uint256,uint256)"], text=True).strip()
    assert refused.returncode != 0
    assert selector in refused.stderr, refused.stderr
    assert cast.text("call", address, "total()(uint256)") == "0"


def test_a_block_holds_its_transaction(cast: Cast) -> None:
    receipt = cast.send("0x" + "33" * 20, "--value", "1")
    block = json.loads(cast.text("block", "--json", str(int(receipt["blockNumber"], 16))))
    assert block["hash"] == receipt["blockHash"]
    assert receipt["transactionHash"] in block["transactions"]
    found = json.loads(cast.text("tx", "--json", receipt["transactionHash"]))
    assert found["blockHash"] == receipt["blockHash"]
