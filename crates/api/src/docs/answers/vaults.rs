//! Vaults and those who hold parts of them.

use crate::docs::words::{address, decimal, integer, list, null, object, one_of, text, word, yes_or_no};
use serde_json::{Value, json};

fn normal() -> Value {
    object(&[("type", word("normal"))])
}

fn vault_follower() -> Value {
    object(&[
        ("user", text()),
        ("vaultEquity", decimal()),
        ("pnl", decimal()),
        ("allTimePnl", decimal()),
        ("daysFollowing", integer()),
        ("vaultEntryTime", integer()),
        ("lockupUntil", integer()),
    ])
}

pub(super) fn vault_details() -> Value {
    object(&[
        ("name", text()),
        ("vaultAddress", address()),
        ("leader", address()),
        ("description", text()),
        ("portfolio", json!({ "const": [] })),
        ("apr", json!({ "const": 0 })),
        ("followerState", one_of(&[vault_follower(), null()])),
        ("leaderFraction", decimal()),
        ("leaderCommission", decimal()),
        ("followers", list(vault_follower())),
        ("maxDistributable", decimal()),
        ("maxWithdrawable", decimal()),
        ("isClosed", yes_or_no()),
        ("relationship", normal()),
        ("allowDeposits", yes_or_no()),
        ("alwaysCloseOnWithdraw", json!({ "const": false })),
    ])
}

pub(super) fn vault_summary() -> Value {
    object(&[
        ("name", text()),
        ("vaultAddress", address()),
        ("leader", address()),
        ("tvl", decimal()),
        ("isClosed", yes_or_no()),
        ("relationship", normal()),
        ("createTimeMillis", integer()),
    ])
}
