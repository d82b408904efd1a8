//! Each wrong spelling is refused, by the name of its field and of its fault.

use super::value::{Bool, Int, List, Map, Raw, Text, Value};
use crate::action::{Action, Class, MAX_BATCH_ORDERS, UserSpelling, user_signed_fields};
use std::{
    format,
    string::{String, ToString},
    vec,
};

fn order() -> Value {
    Map(vec![
        ("a", Int(10_000)),
        ("b", Bool(true)),
        ("p", Text("1670.1")),
        ("s", Text("0.0147")),
        ("r", Bool(false)),
        ("t", Map(vec![("limit", Map(vec![("tif", Text("Gtc"))]))])),
        ("c", Text("0x00000000000000000000000000000abc")),
        ("stp", Text("cancelMaker")),
        ("exp", Int(1_700_000_000_000)),
    ])
}

fn trigger() -> Value {
    let trigger = Map(vec![("isMarket", Bool(true)), ("triggerPx", Text("103")), ("tpsl", Text("sl"))]);
    order().with("t", Map(vec![("trigger", trigger)]))
}

fn place() -> Value {
    Map(vec![
        ("type", Text("order")),
        ("orders", List(vec![order(), order(), trigger()])),
        ("grouping", Text("na")),
        ("builder", Map(vec![("b", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")), ("f", Int(10))])),
    ])
}

fn cancel() -> Value {
    let cancels = vec![Map(vec![("a", Int(1)), ("o", Int(7))])];
    Map(vec![("type", Text("cancel")), ("cancels", List(cancels)), ("f", Bool(true))])
}

fn spot_send() -> Value {
    Map(vec![
        ("destination", Text("0x5e9Ee1089755c3435139848E47e6635505D5a13A")),
        ("amount", Text("1.0")),
        ("token", Text("PURR:0xc4bf3f870c0e9465323c0b6ed28096c2")),
        ("time", Int(1_700_000_000_000)),
        ("type", Text("spotSend")),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

fn usd_send() -> Value {
    Map(vec![
        ("destination", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")),
        ("amount", Text("1.5")),
        ("time", Int(1_700_000_000_000)),
        ("type", Text("usdSend")),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

fn class_transfer() -> Value {
    Map(vec![
        ("type", Text("usdClassTransfer")),
        ("amount", Text("1.5")),
        ("toPerp", Bool(true)),
        ("nonce", Int(1_700_000_000_000)),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

fn scoped_agent() -> Value {
    Map(vec![
        ("type", Text("approveScopedAgent")),
        ("agentAddress", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")),
        ("agentName", Text("desk")),
        ("assets", Text("0,5,10000")),
        ("orderUsd", Text("2500.5")),
        ("totalUsd", Text("")),
        ("nonce", Int(1_700_000_000_000)),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

const SUB_ACCOUNT: &str = "0x1d9470d4b963f552e6f671a81619d395877bf409";

fn create_sub_account() -> Value {
    Map(vec![("type", Text("createSubAccount")), ("name", Text("example"))])
}

fn sub_account_transfer() -> Value {
    Map(vec![
        ("type", Text("subAccountTransfer")),
        ("subAccountUser", Text(SUB_ACCOUNT)),
        ("isDeposit", Bool(true)),
        ("usd", Int(10)),
    ])
}

fn sub_account_spot_transfer() -> Value {
    Map(vec![
        ("type", Text("subAccountSpotTransfer")),
        ("subAccountUser", Text(SUB_ACCOUNT)),
        ("isDeposit", Bool(false)),
        ("token", Text("PURR:0xc4bf3f870c0e9465323c0b6ed28096c2")),
        ("amount", Text("1.0")),
    ])
}

fn sub_account_modify() -> Value {
    Map(vec![
        ("type", Text("subAccountModify")),
        ("subAccountUser", Text(SUB_ACCOUNT)),
        ("name", Text("renamed")),
    ])
}

fn register_referrer() -> Value {
    Map(vec![("type", Text("registerReferrer")), ("code", Text("TANDEM2026"))])
}

fn set_referrer() -> Value {
    Map(vec![("type", Text("setReferrer")), ("code", Text("ABCDEFGHIJKLMNOPQRST"))])
}

fn claim_rewards() -> Value {
    Map(vec![("type", Text("claimRewards"))])
}

fn margin() -> Value {
    Map(vec![
        ("type", Text("updateIsolatedMargin")),
        ("asset", Int(1)),
        ("isBuy", Bool(true)),
        ("ntli", Raw(&[0xd1, 0xff, 0x7f])),
    ])
}

fn top_up() -> Value {
    Map(vec![("type", Text("topUpIsolatedOnlyMargin")), ("asset", Int(1)), ("leverage", Text("2.5"))])
}

fn approve_agent() -> Value {
    Map(vec![
        ("type", Text("approveAgent")),
        ("agentAddress", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")),
        ("agentName", Text("trader")),
        ("nonce", Int(1_700_000_000_000)),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

fn approve_builder_fee() -> Value {
    Map(vec![
        ("maxFeeRate", Text("0.05%")),
        ("builder", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")),
        ("nonce", Int(1_700_000_000_000)),
        ("type", Text("approveBuilderFee")),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

const ADDRESS: &str = "0x5e9ee1089755c3435139848e47e6635505d5a13a";

fn create_vault() -> Value {
    Map(vec![
        ("type", Text("createVault")),
        ("name", Text("a vault")),
        ("description", Text("")),
        ("initialUsd", Int(100_000_000)),
        ("nonce", Int(1_700_000_000_000)),
    ])
}

fn vault_transfer() -> Value {
    Map(vec![
        ("type", Text("vaultTransfer")),
        ("vaultAddress", Text(ADDRESS)),
        ("isDeposit", Bool(true)),
        ("usd", Int(5_000_000)),
    ])
}

fn vault_modify() -> Value {
    Map(vec![
        ("type", Text("vaultModify")),
        ("vaultAddress", Text(ADDRESS)),
        ("allowDeposits", Bool(false)),
        ("alwaysCloseOnWithdraw", Raw(&[0xc0])),
    ])
}

fn vault_distribute() -> Value {
    Map(vec![("type", Text("vaultDistribute")), ("vaultAddress", Text(ADDRESS)), ("usd", Int(0))])
}

fn trade_group_invite() -> Value {
    Map(vec![("type", Text("tradeGroupInvite")), ("user", Text(ADDRESS)), ("isInvited", Bool(true))])
}

fn set_trade_group() -> Value {
    Map(vec![("type", Text("setTradeGroup")), ("leader", Text(ADDRESS))])
}

fn convert() -> Value {
    Map(vec![
        ("type", Text("convertToMultiSigUser")),
        ("signers", Text("null")),
        ("nonce", Int(1_700_000_000_000)),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
    ])
}

fn multi_sig() -> Value {
    let within = Map(vec![
        ("type", Text("usdSend")),
        ("signatureChainId", Text("0x66eee")),
        ("hyperliquidChain", Text("Testnet")),
        ("destination", Text(ADDRESS)),
        ("amount", Text("1.5")),
        ("time", Int(1_700_000_000_000)),
    ]);
    let signature = Map(vec![("r", Text("0x1")), ("s", Text("0xabc")), ("v", Int(27))]);
    Map(vec![
        ("type", Text("multiSig")),
        ("signatureChainId", Text("0x66eee")),
        ("signatures", List(vec![signature])),
        (
            "payload",
            Map(vec![("multiSigUser", Text(ADDRESS)), ("outerSigner", Text(ADDRESS)), ("action", within)]),
        ),
    ])
}

fn modify() -> Value {
    Map(vec![("oid", Int(9)), ("order", trigger())])
}

fn batch_modify() -> Value {
    Map(vec![("type", Text("batchModify")), ("modifies", List(vec![modify(), modify()]))])
}

/// The refusal of `value`.
#[track_caller]
fn refused(value: &Value) -> String {
    Action::decode(&value.bytes()).expect_err("must be refused").to_string()
}

#[test]
fn the_values_that_the_rows_below_spoil_are_right() {
    for value in [
        place(),
        cancel(),
        spot_send(),
        approve_agent(),
        batch_modify(),
        usd_send(),
        class_transfer(),
        margin(),
        top_up(),
        approve_builder_fee(),
        create_vault(),
        vault_transfer(),
        vault_modify(),
        vault_modify().with("allowDeposits", Raw(&[0xc0])).with("alwaysCloseOnWithdraw", Bool(true)),
        vault_distribute(),
        trade_group_invite(),
        set_trade_group(),
        set_trade_group().with("leader", Raw(&[0xc0])),
        convert(),
        multi_sig(),
        multi_sig().with("payload.action", place()),
    ] {
        let action = Action::decode(&value.bytes()).unwrap();
        assert_eq!(action.encode(), value.bytes(), "{action:?}");
    }
}

#[test]
fn a_wrong_value_is_named_by_field_and_fault() {
    const HIGH: &[u8] = &[0xce, 0xff, 0xff, 0xff, 0xff];
    const ABOVE: &[u8] = &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0];
    assert!(Action::decode(&place().with("orders.0.a", Raw(HIGH)).bytes()).is_ok());
    #[rustfmt::skip]
    let rows: &[(&str, Value, &str)] = &[
        // Kinds.
        ("orders.1.a", Raw(&[0xca, 0, 0, 0, 0]),   "orders[1].a: must be an unsigned integer, is a float"),
        ("orders.1.p", Raw(&[0xcb, 0, 0, 0, 0, 0, 0, 0, 0]), "orders[1].p: must be a text, is a float"),
        ("orders.1.a", Raw(&[0xff]),               "orders[1].a: must be an unsigned integer, is a signed integer"),
        ("orders.1.a", Raw(&[0xd0, 1]),            "orders[1].a: must be an unsigned integer, is a signed integer"),
        ("orders.1.b", Raw(&[0xc0]),               "orders[1].b: must be a boolean, is nil"),
        ("orders.1.b", Int(1),                     "orders[1].b: must be a boolean, is an unsigned integer"),
        ("orders.1.c", Raw(&[0xc0]),               "orders[1].c: must be a text, is nil"),
        ("orders.1.c", Raw(&[0xc4, 0]),            "orders[1].c: must be a text, is binary"),
        ("orders.1.c", Raw(&[0xd4, 0, 0]),         "orders[1].c: must be a text, is an extension"),
        ("orders.1.c", Raw(&[0xc1]),               "orders[1].c: must be a text, is the unused byte c1"),
        ("orders",     Map(vec![]),                "orders: must be an array, is a map"),
        ("orders.1",   List(vec![]),               "orders[1]: must be a map, is an array"),
        ("grouping",   Int(0),                     "grouping: must be a text, is an unsigned integer"),
        // Longer forms than needed.
        ("orders.1.a", Raw(&[0xcc, 0x7f]),         "orders[1].a: is not in its shortest form"),
        ("orders.1.a", Raw(&[0xcd, 0, 0xff]),      "orders[1].a: is not in its shortest form"),
        ("orders.1.a", Raw(&[0xce, 0, 0, 0xff, 0xff]), "orders[1].a: is not in its shortest form"),
        ("orders.1.a", Raw(&[0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), "orders[1].a: is not in its shortest form"),
        ("orders.1.p", Raw(&[0xd9, 1, b'1']),      "orders[1].p: is not in its shortest form"),
        ("orders.1.p", Raw(&[0xda, 0, 1, b'1']),   "orders[1].p: is not in its shortest form"),
        ("orders.1.p", Raw(&[0xdb, 0, 0, 0, 1, b'1']), "orders[1].p: is not in its shortest form"),
        ("orders",     Raw(&[0xdc, 0, 1]),         "orders: is not in its shortest form"),
        ("orders",     Raw(&[0xdd, 0, 0, 0, 1]),   "orders: is not in its shortest form"),
        ("orders.1.t", Raw(&[0xde, 0, 1]),         "orders[1].t: is not in its shortest form"),
        ("orders.1.t", Raw(&[0xdf, 0, 0, 0, 1]),   "orders[1].t: is not in its shortest form"),
        // Sizes.
        ("orders",     List(vec![]),               "orders: must not be empty"),
        ("orders",     Raw(&[0xdc, 0, 129]),       "orders: has 129 items, at most 128 are allowed"),
        ("orders",     Raw(&[0xdd, 0xff, 0xff, 0xff, 0xff]), "orders: has 4294967295 items, at most 128 are allowed"),
        ("orders.1.a", Raw(ABOVE),                 "orders[1].a: is above 4294967295"),
        ("orders.1.p", Text("1111111111111111111111"), "orders[1].p: is longer than 21 bytes"),
        ("orders.1.p", Raw(&[0xdb, 0xff, 0xff, 0xff, 0xff]), "orders[1].p: is longer than 21 bytes"),
        ("orders.1.p", Raw(&[0xa1, 0xff]),         "orders[1].p: is not UTF-8"),
        // Contents.
        ("orders.1.p", Text("1.50"),               "orders[1].p: is not a canonical decimal: trailing zeros behind the decimal point"),
        ("orders.1.s", Text("1e3"),                "orders[1].s: is not a canonical decimal: a character other than digits and one decimal point"),
        ("orders.1.c", Text("0x00000000000000000000000000000ABC"), "orders[1].c: is not canonical 0x-prefixed hexadecimal of its length"),
        ("orders.1.c", Text("0xabc"),              "orders[1].c: is not canonical 0x-prefixed hexadecimal of its length"),
        ("orders.1.t.limit.tif", Text("gtc"),      "orders[1].t.limit.tif: can't be \"gtc\""),
        ("orders.1.stp", Text("none"),             "orders[1].stp: can't be \"none\""),
        ("orders.2.t.trigger.triggerPx", Text("0103"), "orders[2].t.trigger.triggerPx: is not a canonical decimal: leading zeros"),
        ("orders.2.t.trigger.tpsl", Text("tpsl"),  "orders[2].t.trigger.tpsl: can't be \"tpsl\""),
        ("grouping",   Text("all\n"),              "grouping: can't be \"all\\n\""),
        ("grouping",   Map(vec![]),                "grouping.p: is missing"),
        ("builder.b",  Text("0x5E9EE1089755C3435139848E47E6635505D5A13A"), "builder.b: is not canonical 0x-prefixed hexadecimal of its length"),
        ("type",       Text("withdraw3"),         "type: can't be \"withdraw3\""),
        ("type",       Int(1),                     "type: must be a text, is an unsigned integer"),
    ];
    for (path, value, expected) in rows {
        assert_eq!(&refused(&place().with(path, Raw(value.bytes().leak()))), expected);
    }
}

#[test]
fn user_signed_actions_have_one_spelling_too() {
    #[rustfmt::skip]
    let rows = [
        (spot_send().with("destination", Text("5e9ee1089755c3435139848e47e6635505d5a13a")), "destination: is not canonical 0x-prefixed hexadecimal of its length"),
        (spot_send().with("amount", Text("-1")),              "amount: is not a canonical decimal: a character other than digits and one decimal point"),
        (spot_send().with("token", Text("")),                 "token: must not be empty"),
        (spot_send().with("signatureChainId", Text("0x066eee")), "signatureChainId: is not canonical 0x-prefixed hexadecimal of its length"),
        (spot_send().with("signatureChainId", Text("0x66EEE")), "signatureChainId: is not canonical 0x-prefixed hexadecimal of its length"),
        (spot_send().with("signatureChainId", Text("0x")),    "signatureChainId: is not canonical 0x-prefixed hexadecimal of its length"),
        (spot_send().with("hyperliquidChain", Text("mainnet")), "hyperliquidChain: can't be \"mainnet\""),
        (spot_send().fields("", |fields| fields.swap(1, 2)),  "token: stands where amount must"),
        (spot_send().fields("", |fields| drop(fields.remove(4))), "type: is missing"),
        (approve_agent().with("agentAddress", Text("0x5E9ee1089755c3435139848e47e6635505d5a13a")), "agentAddress: is not canonical 0x-prefixed hexadecimal of its length"),
        (approve_agent().with("agentName", Text("")),         "agentName: must not be empty"),
        (approve_builder_fee().with("maxFeeRate", Text("0.05")), "maxFeeRate: is not a canonical decimal: a character other than digits and one decimal point"),
        (approve_builder_fee().with("maxFeeRate", Text("0.0005%")), "maxFeeRate: is not a canonical decimal: too many decimals"),
        (approve_builder_fee().with("maxFeeRate", Text("0.00000000000005%")), "maxFeeRate: is longer than 16 bytes"),
        (approve_builder_fee().with("maxFeeRate", Text("-1%")), "maxFeeRate: is not a canonical decimal: a character other than digits and one decimal point"),
        (approve_builder_fee().with("builder", Text("0x5E9ee1089755c3435139848e47e6635505d5a13a")), "builder: is not canonical 0x-prefixed hexadecimal of its length"),
        (usd_send().with("amount", Text("1e3")),              "amount: is not a canonical decimal: a character other than digits and one decimal point"),
        (class_transfer().with("amount", Text("1 subaccount:0x")), "amount: is not a canonical decimal: a character other than digits and one decimal point"),
        (class_transfer().with("toPerp", Int(1)),             "toPerp: must be a boolean, is an unsigned integer"),
        (margin().with("ntli", Raw(&[0xd0, 5])),              "ntli: is not in its shortest form"),
        (margin().with("ntli", Raw(&[0xd0, 0xe0])),           "ntli: is not in its shortest form"),
        (margin().with("ntli", Raw(&[0xd1, 0xff, 0x80])),     "ntli: is not in its shortest form"),
        (margin().with("ntli", Raw(&[0xd2, 0xff, 0xff, 0x80, 0])), "ntli: is not in its shortest form"),
        (margin().with("ntli", Raw(&[0xd3, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0])), "ntli: is not in its shortest form"),
        (margin().with("ntli", Int(1 << 63)),                 "ntli: is above 9223372036854775807"),
        (batch_modify().with("modifies.1.order.t.trigger.isMarket", Int(0)), "modifies[1].order.t.trigger.isMarket: must be a boolean, is an unsigned integer"),
        (scoped_agent().with("assets", Text("1,0")),          "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("1,1")),          "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("01")),           "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("+1")),           "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("1,")),           "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("4294967296")),   "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("assets", Text("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16")), "assets: is not a list of at most 16 ascending asset numbers with commas between"),
        (scoped_agent().with("orderUsd", Text("-1")),         "orderUsd: is not a canonical decimal: a character other than digits and one decimal point"),
        (scoped_agent().fields("", |fields| drop(fields.remove(5))), "nonce: stands where totalUsd must"),
        (create_sub_account().with("name", Text("")),         "name: must not be empty"),
        (create_sub_account().with("name", Raw(&[0xdb, 0xff, 0xff, 0xff, 0xff])), "name: is longer than 96 bytes"),
        (create_sub_account().fields("", |fields| fields.swap(0, 1)), "name: stands where type must"),
        (sub_account_transfer().with("usd", Text("10")),      "usd: must be an unsigned integer, is a text"),
        (sub_account_transfer().with("usd", Raw(&[0xff])),    "usd: must be an unsigned integer, is a signed integer"),
        (sub_account_transfer().with("isDeposit", Int(1)),    "isDeposit: must be a boolean, is an unsigned integer"),
        (sub_account_transfer().with("subAccountUser", Text("0x1D9470d4b963f552e6f671a81619d395877bf409")), "subAccountUser: is not canonical 0x-prefixed hexadecimal of its length"),
        (sub_account_transfer().fields("", |fields| fields.push(("token", Int(0)))), "action: has no field \"token\""),
        (sub_account_spot_transfer().with("amount", Text("1e-05")), "amount: is not a canonical decimal: a character other than digits and one decimal point"),
        (sub_account_spot_transfer().with("token", Text("")), "token: must not be empty"),
        (sub_account_spot_transfer().fields("", |fields| drop(fields.remove(1))), "isDeposit: stands where subAccountUser must"),
        (sub_account_modify().with("name", Int(1)),           "name: must be a text, is an unsigned integer"),
        (sub_account_modify().fields("", |fields| drop(fields.pop())), "name: is missing"),
        (top_up().with("leverage", Text("2.50")),             "leverage: is not a canonical decimal: trailing zeros behind the decimal point"),
        (top_up().with("leverage", Int(2)),                   "leverage: must be a text, is an unsigned integer"),
        (top_up().fields("", |fields| fields.swap(1, 2)),     "leverage: stands where asset must"),
        (batch_modify().with("modifies.0.oid", Bool(true)),   "modifies[0].oid: must be an unsigned integer, is a boolean"),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn actions_on_vaults_have_one_spelling() {
    #[rustfmt::skip]
    let rows = [
        (create_vault().with("name", Raw(&[0xc0])),               "name: must be a text, is nil"),
        (create_vault().with("initialUsd", Text("1")),            "initialUsd: must be an unsigned integer, is a text"),
        (create_vault().fields("", |fields| fields.swap(1, 2)),   "description: stands where name must"),
        (vault_transfer().with("vaultAddress", Text("0x5E9EE1089755C3435139848E47E6635505D5A13A")), "vaultAddress: is not canonical 0x-prefixed hexadecimal of its length"),
        (vault_transfer().with("isDeposit", Int(1)),              "isDeposit: must be a boolean, is an unsigned integer"),
        (vault_transfer().with("usd", Raw(&[0xff])),              "usd: must be an unsigned integer, is a signed integer"),
        (vault_modify().with("allowDeposits", Int(0)),            "allowDeposits: must be a boolean, is an unsigned integer"),
        (vault_modify().fields("", |fields| fields.truncate(3)),  "alwaysCloseOnWithdraw: is missing"),
        (vault_distribute().with("usd", Raw(&[0xc0])),            "usd: must be an unsigned integer, is nil"),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn actions_about_referrals_have_one_spelling() {
    #[rustfmt::skip]
    let rows = [
        (set_referrer().with("code", Text("")),                      "code: must not be empty"),
        (set_referrer().with("code", Int(1)),                        "code: must be a text, is an unsigned integer"),
        (set_referrer().with("code", Text("ABCDEFGHIJKLMNOPQRSTU")), "code: is longer than 20 bytes"),
        (set_referrer().with("code", Raw(&[0xa1, 0xff])),            "code: is not UTF-8"),
        (set_referrer().fields("", |fields| drop(fields.pop())),     "code: is missing"),
        (register_referrer().fields("", |fields| fields.swap(0, 1)), "code: stands where type must"),
        (register_referrer().fields("", |fields| fields.push(("code", Text("B")))), "code: appears twice"),
        (claim_rewards().fields("", |fields| fields.push(("code", Text("B")))), "action: has no field \"code\""),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn actions_on_trade_groups_have_one_spelling() {
    #[rustfmt::skip]
    let rows = [
        (trade_group_invite().with("user", Raw(&[0xc0])),             "user: must be a text, is nil"),
        (trade_group_invite().with("user", Text("0x5E9EE1089755C3435139848E47E6635505D5A13A")), "user: is not canonical 0x-prefixed hexadecimal of its length"),
        (trade_group_invite().with("isInvited", Int(1)),              "isInvited: must be a boolean, is an unsigned integer"),
        (trade_group_invite().fields("", |fields| fields.truncate(2)), "isInvited: is missing"),
        (trade_group_invite().fields("", |fields| fields.swap(1, 2)), "isInvited: stands where user must"),
        (set_trade_group().with("leader", Text("")),                  "leader: is not canonical 0x-prefixed hexadecimal of its length"),
        (set_trade_group().with("leader", Bool(false)),               "leader: must be a text, is a boolean"),
        (set_trade_group().fields("", |fields| fields.truncate(1)),   "leader: is missing"),
        (set_trade_group().fields("", |fields| fields.push(("user", Int(1)))), "action: has no field \"user\""),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn actions_of_several_keys_have_one_spelling() {
    let hex = "is not canonical 0x-prefixed hexadecimal of its length";
    let keys = "signers: is neither null nor authorizedUsers with a threshold";
    let several = |count: usize| List((0..count).map(|_| Raw(&[0xc0])).collect());
    #[rustfmt::skip]
    let rows = [
        (multi_sig().with("signatures.0.r", Text("0x01")),         format!("signatures[0].r: {hex}")),
        (multi_sig().with("signatures.0.r", Text("0xA")),          format!("signatures[0].r: {hex}")),
        (multi_sig().with("signatures.0.r", Text("0x")),           format!("signatures[0].r: {hex}")),
        (multi_sig().with("signatures.0.s", Text("1")),            format!("signatures[0].s: {hex}")),
        (multi_sig().with("signatures.0.v", Int(29)),              format!("signatures[0]: {hex}")),
        (multi_sig().with("signatures.0.v", Int(0)),               format!("signatures[0]: {hex}")),
        (multi_sig().with("signatures", List(vec![])),             "signatures: must not be empty".into()),
        (multi_sig().with("signatures", several(11)),              "signatures: has 11 items, at most 10 are allowed".into()),
        (multi_sig().with("payload.outerSigner", Text("0xAB")),    format!("payload.outerSigner: {hex}")),
        (multi_sig().with("payload.action.amount", Text("-1")),    "payload.action.amount: is not a canonical decimal: a character other than digits and one decimal point".into()),
        (multi_sig().with("payload.action.type", Text("multiSig")), "payload.action.type: can't be \"multiSig\"".into()),
        (multi_sig().fields("payload.action", |fields| fields.swap(0, 1)), "payload.action: comes too late".into()),
        (multi_sig().fields("payload.action", |fields| fields.swap(3, 4)), "payload.action: comes too late".into()),
        (multi_sig().with("payload.action", usd_send()),           "payload.action: comes too late".into()),
        (multi_sig().fields("payload.action", |fields| drop(fields.remove(4))), "payload.action.time: stands where amount must".into()),
        (multi_sig().with("payload.action", place().with("orders.2.t.trigger.isMarket", Int(1))), "payload.action.orders[2].t.trigger.isMarket: must be a boolean, is an unsigned integer".into()),
        (convert().with("signers", Text("")),                      keys.into()),
        (convert().with("signers", Text("nul")),                   keys.into()),
        (convert().with("signers", Text("{}")),                    keys.into()),
        (convert().with("signers", Text("{\"authorizedUsers\": [], \"threshold\": 1}")), keys.into()),
        (convert().with("signers", Text("{\"authorizedUsers\": [\"0x5e9ee1089755c3435139848e47e6635505d5a13a\"], \"threshold\": 01}")), keys.into()),
        (convert().with("signers", Text("{\"authorizedUsers\": [\"0x5e9ee1089755c3435139848e47e6635505d5a13a\"], \"threshold\": 1} ")), keys.into()),
        (convert().with("signers", Text("{\"authorizedUsers\": [\"0x5e9ee1089755c3435139848e47e6635505d5a13a\"], \"threshold\": 256}")), keys.into()),
        (convert().with("signers", Text("{\"threshold\": 1, \"authorizedUsers\": [\"0x5e9ee1089755c3435139848e47e6635505d5a13a\"]}")), keys.into()),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
    let user = "\"0x5E9ee1089755c3435139848e47e6635505d5a13a\"";
    for (count, good) in [(1, true), (10, true), (11, false)] {
        let users = vec![user; count].join(",");
        let text = format!("{{\"authorizedUsers\":[{users}],\"threshold\":10}}");
        assert_eq!(
            Action::decode(&convert().with("signers", Text(text.leak())).bytes()).is_ok(),
            good,
            "{count}"
        );
    }
}

#[test]
fn fields_stand_once_in_their_order() {
    #[rustfmt::skip]
    let rows = [
        (place().fields("orders.0", |fields| drop(fields.remove(2))),            "orders[0].s: stands where p must"),
        (place().fields("orders.0", |fields| fields.truncate(5)),                "orders[0].t: is missing"),
        (place().fields("orders.0", |fields| fields.swap(0, 1)),                 "orders[0].b: stands where a must"),
        (place().fields("orders.0", |fields| fields.swap(6, 7)),                 "orders[0].c: comes too late"),
        (place().fields("orders.0", |fields| fields.insert(1, ("a", Int(1)))),   "orders[0].a: appears twice"),
        (place().fields("orders.0", |fields| fields.push(("c", Int(1)))),        "orders[0].c: appears twice"),
        (place().fields("orders.0", |fields| fields.push(("x", Int(1)))),        "orders[0]: has no field \"x\""),
        (place().fields("orders.0", |fields| fields.insert(0, ("cloid", Int(1)))), "orders[0]: has no field \"cloid\""),
        (place().fields("orders.0.t", |fields| fields.push(("limit", Int(1)))),  "orders[0].t.limit: appears twice"),
        (place().fields("orders.0.t", |fields| fields.clear()),                  "orders[0].t.trigger: is missing"),
        (place().fields("", |fields| fields.push(("nonce", Int(1)))),            "action: has no field \"nonce\""),
        (place().fields("", |fields| fields.swap(1, 2)),                         "grouping: stands where orders must"),
        (place().fields("", |fields| fields.clear()),                            "type: is missing"),
        (place().fields("", |fields| fields.rotate_left(1)),                     "type: is missing"),
        (cancel().fields("", |fields| fields.push(("f", Bool(true)))),           "f: appears twice"),
        (cancel().fields("cancels.0", |fields| fields.push(("f", Bool(true)))),  "cancels[0]: has no field \"f\""),
    ];
    for (value, expected) in rows {
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn bytes_may_neither_end_early_nor_go_on() {
    let sub_accounts =
        [create_sub_account(), sub_account_transfer(), sub_account_spot_transfer(), sub_account_modify()];
    for value in
        [place(), cancel(), spot_send(), approve_agent(), batch_modify()].into_iter().chain(sub_accounts)
    {
        let mut bytes = value.bytes();
        for len in 0..bytes.len() {
            assert!(Action::decode(&bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
        }
        bytes.push(0xc0);
        assert_eq!(Action::decode(&bytes).unwrap_err().to_string(), "action: is followed by 1 bytes");
    }
    assert_eq!(Action::decode(&[]).unwrap_err().to_string(), "action: the bytes end inside the value");
}

#[test]
fn faults_of_one_value_come_in_a_fixed_order() {
    // Kind before form, form before size, size before contents, an earlier field before a later one.
    let kind = place().with("orders.0.a", Raw(&[0xd0])).with("orders.0.p", Text("1.0"));
    assert_eq!(refused(&kind), "orders[0].a: must be an unsigned integer, is a signed integer");
    let form = place().with("orders", Raw(&[0xdd, 0, 0, 0, 0]));
    assert_eq!(refused(&form), "orders: is not in its shortest form");
    let size = place().with("orders.0.p", Text("x111111111111111111111"));
    assert_eq!(refused(&size), "orders[0].p: is longer than 21 bytes");
}

#[test]
fn the_class_is_that_of_the_most_aggressive_item() {
    let tif = |tif| order().with("t.limit.tif", Text(tif));
    let orders = |orders| place().with("orders", List(orders));
    let one = |order| Map(vec![("type", Text("modify")), ("oid", Int(1)), ("order", order)]);
    let many = |first, second| {
        let modify = |order| Map(vec![("oid", Int(1)), ("order", order)]);
        batch_modify().with("modifies", List(vec![modify(first), modify(second)]))
    };
    let rows = [
        (orders(vec![tif("Alo"), tif("Alo")]), Class::Neutral),
        (orders(vec![tif("Alo"), tif("Gtc")]), Class::MayTake),
        (orders(vec![tif("Ioc")]), Class::MayTake),
        (orders(vec![tif("Fok")]), Class::MayTake),
        (orders(vec![tif("FrontendMarket")]), Class::MayTake),
        (orders(vec![trigger()]), Class::Neutral),
        (cancel(), Class::Cancels),
        (one(tif("Alo")), Class::Neutral),
        (one(tif("Gtc")), Class::MayTake),
        (many(tif("Alo"), tif("Alo")), Class::Neutral),
        (many(tif("Alo"), tif("Ioc")), Class::MayTake),
        (Map(vec![("type", Text("scheduleCancel")), ("time", Int(5))]), Class::Neutral),
        (Map(vec![("type", Text("noop"))]), Class::Neutral),
        (spot_send(), Class::Neutral),
        (approve_agent(), Class::Neutral),
        (usd_send(), Class::Neutral),
        (class_transfer(), Class::Neutral),
        (margin(), Class::Neutral),
        (create_sub_account(), Class::Neutral),
        (sub_account_transfer(), Class::Neutral),
        (sub_account_spot_transfer(), Class::Neutral),
        (sub_account_modify(), Class::Neutral),
        (top_up(), Class::Neutral),
        (scoped_agent(), Class::Neutral),
        (approve_builder_fee(), Class::Neutral),
        (create_vault(), Class::Neutral),
        (vault_transfer(), Class::Neutral),
        (vault_modify(), Class::Neutral),
        (vault_distribute(), Class::Neutral),
        (register_referrer(), Class::Neutral),
        (set_referrer(), Class::Neutral),
        (claim_rewards(), Class::Neutral),
        (trade_group_invite(), Class::Neutral),
        (set_trade_group(), Class::Neutral),
    ];
    for (value, class) in rows {
        let action = Action::decode(&value.bytes()).unwrap();
        assert_eq!(action.class(), class, "{action:?}");
    }
}

#[test]
fn a_full_batch_of_the_longest_modifications_fits() {
    let longest = trigger()
        .with("a", Int(u64::from(u32::MAX)))
        .with("p", Text("184467440737.09551615"))
        .with("s", Text("184467440737.09551615"))
        .with("exp", Int(u64::MAX))
        .with("t.trigger.triggerPx", Text("184467440737.09551615"));
    let modify = Map(vec![("oid", Text("0x00000000000000000000000000000abc")), ("order", longest)]);
    let bytes = modify.bytes().leak();
    let modifies = (0..MAX_BATCH_ORDERS).map(|_| Raw(bytes)).collect();
    let bytes = batch_modify().with("modifies", List(modifies)).bytes();
    assert!(Action::decode(&bytes).is_ok());
    assert!(bytes.len() <= crate::action::MAX_ACTION_BYTES as usize, "{} bytes", bytes.len());
}

#[test]
fn the_table_of_user_signed_fields_is_the_decoders_order() {
    let values = [
        ("spotSend", spot_send()),
        ("approveAgent", approve_agent()),
        ("approveScopedAgent", scoped_agent()),
        ("usdSend", usd_send()),
        ("usdClassTransfer", class_transfer()),
        ("approveBuilderFee", approve_builder_fee()),
        ("convertToMultiSigUser", convert()),
    ];
    for (name, value) in values {
        let Map(fields) = &value else { panic!("{name} is a map") };
        let table = user_signed_fields(name).unwrap();
        assert!(table.iter().map(|field| field.name).eq(fields.iter().map(|(name, _)| *name)), "{name}");
        // What the decoder takes only in lower case, or refuses if empty, is what the table says to respell.
        for field in table {
            let respelt = |spelling: &Value| {
                Action::decode(&copy(&value).with(field.name, Raw(spelling.bytes().leak())).bytes())
            };
            let (_, Text(text)) = fields.iter().find(|(name, _)| *name == field.name).unwrap() else {
                continue;
            };
            let upper = Text(format!("0x{}", text.trim_start_matches("0x").to_uppercase()).leak());
            match field.spelling {
                UserSpelling::LowerCase => assert!(respelt(&upper).is_err(), "{name}.{}", field.name),
                UserSpelling::AbsentIfEmpty => assert!(respelt(&Text("")).is_err(), "{name}.{}", field.name),
                UserSpelling::Verbatim => {}
            }
        }
    }
    assert_eq!(user_signed_fields("order"), None);
}

fn copy(value: &Value) -> Value {
    let Map(fields) = value else { panic!("only maps are copied") };
    Map(fields.iter().map(|(name, value)| (*name, Raw(value.bytes().leak()))).collect())
}
