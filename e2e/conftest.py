"""What all tests share: one chain per run, funded accounts of their own, and a compiled contract."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from chain import Chain

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Contract:
    """A compiled contract, and the file that holds it for Node."""

    abi: list[dict[str, Any]]
    bytecode: str
    path: Path


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The chain under test: the binary that `TANDEM_BIN` names."""
    running = Chain.start(os.environ["TANDEM_BIN"], tmp_path_factory.mktemp("home"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def next_account(chain: Chain) -> Callable[[], LocalAccount]:
    """Hands out funded accounts, each once, so that no client sees what another did."""
    accounts = itertools.chain(chain.accounts)

    def take() -> LocalAccount:
        account = next(accounts, None)
        assert account is not None, f"the chain printed only {len(chain.accounts)} funded accounts"
        return account

    return take


@pytest.fixture(scope="session")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """`contracts/Tally.sol`, compiled."""
    compiled = subprocess.run(
        ["node", HERE / "contracts/compile.mjs", HERE / "contracts/Tally.sol"],
        check=True, stdout=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("contracts") / "Tally.json"
    path.write_text(compiled.stdout)
    parsed = json.loads(compiled.stdout)
    return Contract(parsed["abi"], parsed["bytecode"], path)
