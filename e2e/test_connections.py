"""Thousands of connections that say nothing: the chain serves everybody else, and gives back what they took.

`TANDEM_CONNECTIONS` is how many are opened to each of the two servers, 2,000 if it isn't set; fewer where the system
allows fewer open files. What a connection costs is printed.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hyperliquid.exchange import Exchange

from chain import Chain

FILES_MAX = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
CONNECTIONS = min(int(os.environ.get("TANDEM_CONNECTIONS", "2000")), FILES_MAX // 4)
# Memory of a connection that waits, with room for that of the allocator. Measured in a debug build: see the log.
IDLE_BYTES_MAX = 40_000
ANSWER_SECONDS_MAX = 10
# Any address of 127.0.0.0/8 is this machine. No address of the crowd's has more than its share of the places.
ADDRESSES = [f"127.0.0.{last}" for last in range(10, 20)]
# Another client than the crowd.
ELSEWHERE = ("127.0.0.2", 0)


def port(url: str) -> int:
    """The port of an address."""
    return int(url.rsplit(":", 1)[1])


def rss_bytes(process: subprocess.Popen[str]) -> int:
    """Memory that a process has resident."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def open_files(process: subprocess.Popen[str]) -> int:
    """Files that a process has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))


@contextmanager
def crowd(to: int, count: int, says: bytes = b"", addresses: list[str] = ADDRESSES) -> Iterator[None]:
    """Connections to a port of this machine, each of which says something and nothing more."""
    members = []
    try:
        for number in range(count):
            source = (addresses[number % len(addresses)], 0)
            member = socket.create_connection(("127.0.0.1", to), ANSWER_SECONDS_MAX, source)
            member.sendall(says)
            members.append(member)
        yield
    finally:
        for member in members:
            member.close()


def ask(to: int, path: str, body: bytes | None) -> dict:
    """Asks from another address than the crowd's."""
    method = "GET" if body is None else "POST"
    content = body or b""
    head = f"{method} {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", to), ANSWER_SECONDS_MAX, ELSEWHERE) as client:
        client.sendall(head.encode() + f"content-length: {len(content)}\r\n\r\n".encode() + content)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def serves_everybody_else(chain: Chain) -> None:
    """An order is answered, and so is a question to JSON-RPC; blocks go on."""
    start = time.monotonic()
    exchange = Exchange(chain.accounts[3], chain.api_url)
    coin = exchange.info.spot_meta()["universe"][0]["name"]
    answer = exchange.order(coin, True, 10, 2, {"limit": {"tif": "Gtc"}})
    assert "resting" in answer["response"]["data"]["statuses"][0], answer
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).encode()
    assert int(ask(port(chain.rpc_url), "/", call)["result"], 16) >= 0
    assert ask(port(chain.api_url), "/health", None)["status"] == "ok"
    assert time.monotonic() - start < ANSWER_SECONDS_MAX


def until_given_back(chain: Chain, files: int) -> None:
    """Waits until the chain has closed what the crowd has left."""
    deadline = time.monotonic() + 30
    while open_files(chain.process) > files + 50:
        assert time.monotonic() < deadline, f"{open_files(chain.process)} files are open, {files} were before"
        with urllib.request.urlopen(f"{chain.api_url}/health") as health:
            health.read()


def test_thousands_of_idle_connections_cost_little_and_keep_nobody_out(tmp_path: Path) -> None:
    """Opens connections that say nothing, say half of a request, or wait after an answer."""
    chain = Chain.start(os.environ["TANDEM_BIN"], tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, FILES_MAX))
    serves_everybody_else(chain)
    files, before = open_files(chain.process), rss_bytes(chain.process)
    answered = b"GET /health HTTP/1.1\r\nhost: t\r\n\r\n"
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    websocket = b"GET /ws HTTP/1.1\r\nhost: t\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + upgrade + b"\r\n"
    for url, says in itertools.product([chain.api_url, chain.rpc_url], [b"", answered, websocket]):
        with crowd(port(url), CONNECTIONS, says):
            serves_everybody_else(chain)
            taken = rss_bytes(chain.process) - before
            print(f"{CONNECTIONS} connections to {url}, {len(says)} bytes each: {taken // CONNECTIONS} bytes of memory each")
            assert taken < CONNECTIONS * IDLE_BYTES_MAX + 32_000_000
        until_given_back(chain, files)
    with crowd(port(chain.api_url), CONNECTIONS), crowd(port(chain.rpc_url), CONNECTIONS, b"POST / HTT"):
        serves_everybody_else(chain)
    until_given_back(chain, files)
    chain.stop()


def test_few_files_bound_the_connections_and_never_the_chain(tmp_path: Path) -> None:
    """With a low limit of open files the chain takes what it may, shares it out, and keeps enough for itself."""

    def with_few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 600))

    chain = Chain.start(os.environ["TANDEM_BIN"], tmp_path, with_few_files)
    limits = Path(f"/proc/{chain.process.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    assert line.split()[3:5] == ["600", "600"], line
    api, rpc = port(chain.api_url), port(chain.rpc_url)
    one = ADDRESSES[:1]
    with crowd(api, 700, addresses=one), crowd(rpc, 700, addresses=one):
        for _ in range(3):
            assert ask(api, "/health", None)["status"] == "ok"
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode()
        assert ask(rpc, "/", call)["result"] == "0x539"
        assert open_files(chain.process) < 500
    serves_everybody_else(chain)
    chain.stop()
