"""A development chain under test: one `tandem dev` process on ports of its own.

The process is asked with an interrupt to end, as a user would with Ctrl-C, and must then end by itself with status 0.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

# Each test that trades takes accounts of its own.
ACCOUNTS = 16
READY_SECONDS_MAX = 60
SHUTDOWN_SECONDS_MAX = 30

# A funded account is printed as its address and, on the same line, its private key.
ACCOUNT_LINE = re.compile(r"(0x[0-9a-fA-F]{40})\b.*?\b(0x[0-9a-fA-F]{64})\b")
READY_LINE = re.compile(r"^ready\b")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Chain:
    """A running chain, where to reach it and who has funds on it."""

    process: subprocess.Popen[str]
    api_url: str
    rpc_url: str
    lines: list[str] = field(default_factory=list)
    accounts: list[LocalAccount] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, binary: str, home: Path, before: Callable[[], None] | None = None) -> Chain:
        """Starts a chain and returns when its servers answer; `before` runs in its process, before it."""
        api_port, rpc_port = free_port(), free_port()
        command = [binary, "dev", "--home", str(home), "--seed-accounts", "--accounts", str(ACCOUNTS)]
        command += ["--api-port", str(api_port), "--rpc-port", str(rpc_port)]
        out, err = subprocess.PIPE, subprocess.STDOUT
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True, preexec_fn=before)
        chain = cls(process, f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{rpc_port}")
        threading.Thread(target=chain._read_output, daemon=True).start()
        chain.ready.wait(READY_SECONDS_MAX)
        if process.poll() is not None or not chain.is_ready():
            process.kill()
            raise RuntimeError("the chain did not become ready; it printed:\n" + "".join(chain.lines))
        return chain

    @property
    def ws_url(self) -> str:
        """Where JSON-RPC subscriptions are served: the port of JSON-RPC itself."""
        return "ws" + self.rpc_url.removeprefix("http")

    def is_ready(self) -> bool:
        """Whether the line that says so was printed."""
        return any(READY_LINE.match(line) for line in self.lines)

    def stop(self) -> None:
        """Ends the process, by its id, and checks that it ends well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(SHUTDOWN_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert status == 0, f"ended with status {status}:\n" + "".join(self.lines[-50:])

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._note_account(line)
            if READY_LINE.match(line):
                self.ready.set()
        self.ready.set()

    def _note_account(self, line: str) -> None:
        if self.ready.is_set() or not (found := ACCOUNT_LINE.search(line)):
            return
        address, key = found.groups()
        account = Account.from_key(key)
        if account.address.lower() == address.lower():
            self.accounts.append(account)
