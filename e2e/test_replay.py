"""`tandem replay`: recorded order flow through the API of a running chain, whose blocks then prove what happened.

The flow is made up, in the format of the recorded one; where the recorded hour is at hand (`TANDEM_SHARED`, or `shared`
beside the checkout), its beginning is replayed as well.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hyperliquid.info import Info

from chain import Chain, free_port

MESSAGES = 400
ACCOUNTS = 16
SECONDS_MAX = 300
RECORDED = "data/lobster_aapl_2012-06-21_0930-1030_messages.csv.gz"
BINARY = os.environ["TANDEM_BIN"]


def tandem(*arguments: object, status: int = 0) -> str:
    """What a command prints, which must end with `status`."""
    command = [BINARY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def made_up() -> Iterator[str]:
    """Orders around 585 dollars, of which some are reduced, executed and deleted; some lines are about none of them."""
    choices = random.Random(1)
    resting: dict[int, tuple[int, int, int]] = {}
    for at in range(MESSAGES):
        time = f"{34200 + at / 50:.3f}"
        kind = choices.choice([1, 1, 1, 2, 3, 4, 5])
        if kind == 1 or not resting:
            side = choices.choice([1, -1])
            price, size = 5_850_000 - side * choices.randrange(-2, 30) * 100, choices.randrange(1, 200)
            resting[at] = (size, price, side)
            yield f"{time},1,{at},{size},{price},{side}"
            continue
        order = choices.choice(list(resting))
        size, price, side = resting[order]
        part = size if kind == 3 else choices.randrange(1, size + 1)
        yield f"{time},{kind},{order if choices.random() < 0.95 else 10**6},{part},{price},{side}"
        if kind != 5 and part < size:
            resting[order] = (size - part, price, side)
        elif kind != 5:
            del resting[order]


def flows(folder: Path) -> Iterator[Path]:
    """The files to replay."""
    path = folder / "made-up.csv"
    path.write_text("\n".join(made_up()) + "\n")
    yield path
    shared = os.environ.get("TANDEM_SHARED", Path(__file__).parent.parent.parent / "shared")
    if (recorded := Path(shared) / RECORDED).exists():
        yield recorded


@dataclass
class Row:
    """The last row of a report's first table."""

    sent: int
    accepted: int
    filled: int
    resting: int
    rejected: int
    unanswered: int

    @classmethod
    def of(cls, report: str) -> Row:
        found = re.search(r"^\| all \|(.*)\|$", report, re.MULTILINE)
        assert found, report
        return cls(*(int(cell) for cell in found[1].split("|")))


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A chain of this test's own."""
    running = Chain.start(BINARY, tmp_path / "home")
    yield running
    running.stop()


def test_a_replay_is_reported_and_its_blocks_exported_give_its_roots(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    chain = Chain.start(BINARY, home)
    for flow in flows(tmp_path):
        arguments = ["--url", chain.api_url, "--accounts", ACCOUNTS, "--messages", MESSAGES]
        report = tandem("replay", flow, *arguments)
        assert f"Replayed   {MESSAGES} of {MESSAGES} messages" in report
        row = Row.of(report)
        assert row.sent == row.accepted + row.rejected and row.unanswered == 0, report
        assert row.filled > 0 and row.resting > MESSAGES / 4, report
        assert row.rejected < row.sent / 4, report
        check_book(report, chain)
    chain.stop()

    blocks = elsewhere / "blocks"
    elsewhere.mkdir()
    assert str(blocks) in tandem("export", "--home", home, "--out", blocks)
    shutil.copy(home / "genesis.toml", elsewhere / "genesis.toml")
    stored = tandem("verify", "--home", home)
    shutil.rmtree(home)
    exported = tandem("verify", "--blocks", blocks, "--genesis", elsewhere / "genesis.toml")
    assert exported.replace("as exported", "as stored") == stored
    check_that_changes_are_named(blocks, elsewhere / "genesis.toml")


def check_book(report: str, chain: Chain) -> None:
    """The report's book is the chain's."""
    bids, asks = Info(chain.api_url, skip_ws=True).l2_snapshot("AAPL/USDC")["levels"]
    shown = re.findall(r"^  (bid|ask) +(\S+) +(\S+) +(\d+)$", report, re.MULTILINE)
    levels = [("ask", level) for level in reversed(asks[:5])] + [("bid", level) for level in bids[:5]]
    assert shown == [(side, level["px"], level["sz"], str(level["n"])) for side, level in levels]


def check_that_changes_are_named(blocks: Path, genesis: Path) -> None:
    """A changed byte, a missing end and another chain's genesis are each said."""
    good, changed = blocks.read_bytes(), blocks.with_name("changed")
    for at in (len(good) // 3, len(good) // 2):
        changed.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        said = tandem("verify", "--blocks", changed, "--genesis", genesis, status=1)
        assert re.search(r"block [0-9]+", said), said
    changed.write_bytes(good[:-1])
    said = tandem("verify", "--blocks", changed, "--genesis", genesis, status=1)
    assert "breaks off" in said
    other = genesis.with_name("other.toml")
    other.write_text(re.sub(r"time_ms = \d+", "time_ms = 1", genesis.read_text()))
    assert "is of the chain with genesis" in tandem("verify", "--blocks", blocks, "--genesis", other, status=1)


def test_a_production_chain_takes_the_orders_from_agents(tmp_path: Path) -> None:
    home, key = tmp_path / "home", tmp_path / "key"
    made = tandem("keys", "new")
    key.write_text(re.search(r"0x[0-9a-f]{64}", made)[0])
    payer = re.search(r"0x[0-9a-f]{40}$", made, re.MULTILINE)[0]
    tandem("init", "--home", home, "--chain-id", "4242")
    make_production(home, payer)
    flow = next(flows(tmp_path))
    process = subprocess.Popen([BINARY, "start", "--home", home], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = next(line for line in process.stdout if line.startswith("Exchange")).split()[1]
        assert any(line.startswith("ready") for line in process.stdout)
        arguments = ["--url", url, "--market", "XYZ/USDC", "--accounts", 4]
        assert "--key FILE" in tandem("replay", flow, *arguments, status=1)
        report = tandem("replay", flow, *arguments, "--key", key)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS_MAX) == 0
    assert "production chain 4242" in report
    row = Row.of(report)
    assert row.filled > 0 and row.rejected < row.sent / 4 and row.unanswered == 0, report


def make_production(home: Path, payer: str) -> None:
    """Makes a new home one of a production network with a market, whose payer has funds, on free ports."""
    genesis, config = home / "genesis.toml", home / "config.toml"
    text = genesis.read_text().replace('network = "dev"', 'network = "production"')
    text = text.replace("markets = []", 'markets = ["XYZ"]').replace("accounts = []\n", "")
    holdings = '{ token = "USDC", amount = "900000000" }, { token = "XYZ", amount = "90000000" }'
    text += '\n[[tokens]]\nname = "XYZ"\nwei_decimals = 5\nsize_decimals = 2\n'
    text += f'\n[[accounts]]\naddress = "{payer}"\ntokens = [{holdings}]\n'
    genesis.write_text(text)
    # Such a network takes no simulated prices.
    settings = config.read_text().split("\n[prices]")[0] + '\n[prices]\nsource = "none"\n'
    config.write_text(re.sub(r"(_port = |/tcp/)\d+", r"\g<1>0", settings))


def test_a_replay_on_a_perpetual_market_follows_the_file(tmp_path: Path) -> None:
    flow = next(flows(tmp_path))
    arguments = ["--lockstep", 20, "--market", "AAPL", "--leverage", 3, "--accounts", ACCOUNTS]
    report = tandem("replay", flow, *arguments)
    oracle, mark = map(float, re.search(r"oracle (\S+), mark (\S+),", report).groups())
    assert 570 < oracle < 600 and abs(mark / oracle - 1) < 0.01, report
    assert int(re.search(r"Positions  (\d+) shares held", report)[1]) > 0
    assert int(re.search(r"rejected   (\d+)", report)[1]) < MESSAGES / 4
    root = report.splitlines()[-1]
    assert root.startswith("Core root") and tandem("replay", flow, *arguments).splitlines()[-1] == root
    spot = tandem("replay", flow, "--lockstep", 20, "--accounts", ACCOUNTS)
    filled = re.compile(r"filled .*")
    assert filled.search(spot)[0] == filled.search(report)[0], "the same book"
    assert "a developers' chain has" in tandem("replay", flow, "--lockstep", 20, "--market", "X", status=1)


def test_an_interrupt_ends_a_replay_with_its_report(tmp_path: Path, chain: Chain) -> None:
    flow = tmp_path / "slow.csv"
    flow.write_text("34200.0,1,1,10,5850000,1\n34200.1,1,2,10,5860000,-1\n37000.0,3,1,10,5850000,1\n")
    command = [BINARY, "replay", flow, "--url", chain.api_url, "--accounts", "2", "--speed", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    report = ""
    for line in iter(process.stdout.readline, ""):
        report += line
        if line.startswith("Sending"):
            process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS_MAX) == 0, report
    row = Row.of(report)
    assert row.sent < 3 and row.unanswered == 0, report
    assert "of 3 messages" in report and "Book" in report


def test_what_cannot_be_replayed_says_what_to_do(tmp_path: Path, chain: Chain) -> None:
    flow, table, odd = tmp_path / "flow.csv", tmp_path / "table.csv", tmp_path / "odd.csv"
    flow.write_text("\n".join(made_up()))
    table.write_text("time,type,order,size,price,direction\n")
    odd.write_text("34200.0,1,1,10,5853333,1\n")
    here, nowhere = ["--url", chain.api_url], ["--url", f"http://127.0.0.1:{free_port()}"]
    rows: list[tuple[list[object], str]] = [
        ([tmp_path / "none.csv", *here], "none.csv"),
        ([table, *here], "line 1: time is not a decimal number of seconds"),
        ([flow, *nowhere], "start one with `tandem dev`"),
        ([flow, "--url", chain.rpc_url], "no Tandem node"),
        ([flow, "--url", "localhost"], "http://HOST:PORT"),
        ([flow, *here, "--market", "MSFT/USDC"], "the chain has TNDM/USDC, ETH/USDC, AAPL/USDC"),
        ([odd, *here], "585.3333: prices have at most 8 decimals there and five significant figures"),
        ([flow, *here, "--key", flow], "no private key"),
    ]
    for arguments, expected in rows:
        said = tandem("replay", *arguments, status=1)
        assert expected in said and "panicked" not in said, said
    in_use = tandem("export", "--home", tmp_path / "home", "--out", tmp_path / "blocks", status=1)
    assert "in use by another process" in in_use
    assert "is not a node's home" in tandem("export", "--home", tmp_path, "--out", tmp_path / "blocks", status=1)


def test_a_replay_through_the_api_trades_on_a_perpetual_market(tmp_path: Path, chain: Chain) -> None:
    info, flow = Info(chain.api_url, skip_ws=True), next(flows(tmp_path))
    market = [entry["name"] for entry in info.meta()["universe"]].index("AAPL")

    def context() -> dict[str, str]:
        return info.meta_and_asset_ctxs()[1][market]

    while context()["phase"] != "open":
        time.sleep(0.1)
    arguments = ["--url", chain.api_url, "--market", "AAPL", "--accounts", ACCOUNTS]
    given = []
    # The second time the accounts have most of their collateral.
    for _ in range(2):
        report = tandem("replay", flow, *arguments)
        row = Row.of(report)
        assert row.filled > 0 and row.rejected < row.sent / 4 and row.unanswered == 0, report
        given.append(int(re.search(r"given (\d+) USDC by", report)[1]))
    assert given[1] < given[0]
    assert float(context()["openInterest"]) > 0
    assert "leverage is out of range" in tandem("replay", flow, *arguments, "--leverage", 50, status=1)
