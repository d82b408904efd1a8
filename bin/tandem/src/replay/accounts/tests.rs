//! Who the accounts are, and what they are given.

use super::*;
use tandem_exchange::action::NetworkKind::{Dev, Production, Test};
use tandem_types::{ChainId, Hash};

fn network(kind: NetworkKind) -> Network {
    Network { kind, chain_id: ChainId(1337), genesis_hash: Hash([7; 32]) }
}

fn market() -> Market {
    let token = |name: &str, index: u32| json!({ "name": name, "index": index, "tokenId": format!("0x{index:032x}") });
    let entry = json!({ "tokens": [3, 0], "name": "@2", "index": 2, "priceDecimals": 8 });
    let meta = json!({ "universe": [entry], "tokens": [token("USDC", 0), token("AAPL", 3)] });
    Market::find(meta, json!({ "universe": [{ "name": "AAPL", "szDecimals": 0 }] }), "AAPL/USDC").unwrap()
}

#[test]
fn accounts_follow_from_the_payers_key_and_agents_sign_where_they_must() {
    let accounts = |count| Accounts::new(None, &network(Dev), count).unwrap();
    let addresses = |kind| -> Vec<Address> {
        let signers = accounts(3).signers(&network(kind)).unwrap();
        signers.iter().map(RequestKey::address).collect()
    };
    let owners: Vec<Address> = accounts(3).owners.iter().map(RequestKey::address).collect();
    assert_eq!(owners[..2], accounts(2).owners.iter().map(RequestKey::address).collect::<Vec<_>>());
    assert_eq!((addresses(Dev), addresses(Test)), (owners.clone(), owners.clone()));
    let agents = addresses(Production);
    assert!(agents.len() == 3 && agents.iter().all(|agent| !owners.contains(agent)));
}

#[test]
fn only_developers_chains_have_a_payer_of_their_own() {
    for kind in [Test, Production] {
        let error = Accounts::new(None, &network(kind), 2).unwrap_err().to_string();
        assert!(error.contains("--key FILE"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("0x{}\n", "11".repeat(32))).unwrap();
    let named = Accounts::new(Some(&file), &network(Production), 2).unwrap();
    assert_ne!(named.payer(), Accounts::new(None, &network(Dev), 2).unwrap().payer());
    std::fs::write(&file, "a key").unwrap();
    let error = Accounts::new(Some(&file), &network(Dev), 2).unwrap_err().to_string();
    assert!(error.contains("64 hex digits") && !error.contains("a key"), "{error}");
}

#[test]
fn what_can_be_spent_is_what_is_not_held_in_whole_tokens() {
    let state = |total: &str, hold: &str| {
        let balances = json!([
            { "coin": "USDC", "token": 0, "total": total, "hold": hold },
            { "coin": "AAPL", "token": 3, "total": "7.0", "hold": "0.0" },
        ]);
        let payload = json!({ "type": "spotClearinghouseState", "data": { "balances": balances } });
        json!({ "type": "info", "payload": payload }).to_string()
    };
    let rows = [("10.0", "0.0", 10), ("10.99", "0.5", 9), ("10.0", "10.0", 0), ("3.1", "3.05", 0)];
    for (total, hold, quote) in rows {
        let funds = Funds::parse(&state(total, hold), &market()).unwrap();
        assert_eq!(funds, Funds { quote, base: 7, collateral: 0 }, "{total} less {hold}");
    }
    let nobody = r#"{"type":"info","payload":{"type":"x","data":{"balances":[]}}}"#;
    assert_eq!(Funds::parse(nobody, &market()).unwrap(), Funds::default());
}

#[test]
fn gifts_are_what_is_missing() {
    let (market, to) = (market(), Address([5; 20]));
    let amounts = |has: (u64, u64), need: (u64, u64)| -> Vec<(String, u64)> {
        let (has, need) =
            (Funds { quote: has.0, base: has.1, collateral: 0 }, Need { dollars: need.0, shares: need.1 });
        let gifts = missing(to, has, need, &market);
        gifts.iter().map(|gift| (gift.token.name.clone(), gift.amount)).collect()
    };
    assert_eq!(amounts((0, 0), (5, 6)), [("USDC".to_owned(), 5), ("AAPL".to_owned(), 6)]);
    assert_eq!(amounts((5, 2), (5, 6)), [("AAPL".to_owned(), 4)]);
    assert_eq!(amounts((9, 9), (5, 6)), []);
}

#[test]
fn a_payer_who_has_too_little_is_told_of_what() {
    let (market, accounts) = (market(), Accounts::new(None, &network(Dev), 2).unwrap());
    let gift = |token, amount| Gift { to: Address([5; 20]), token, amount };
    let gifts = [gift(&market.quote, 5), gift(market.base.as_ref().unwrap(), 6), gift(&market.quote, 7)];
    let check =
        |quote, base, fees| accounts.check_payer(Funds { quote, base, collateral: 0 }, &gifts, fees, &market);
    assert_eq!(check(12, 6, 0).unwrap(), "12 USDC and 6 AAPL");
    assert_eq!(check(14, 6, 2).unwrap(), "12 USDC and 6 AAPL");
    let rows = [(11, 6, 0, "has 11 USDC"), (13, 6, 2, "has 13 USDC"), (12, 5, 0, "has 5 AAPL")];
    for (quote, base, fees, said) in rows {
        let error = check(quote, base, fees).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("--key"), "{error}");
    }
}

#[test]
fn transfers_and_approvals_are_what_the_api_reads() {
    let (market, accounts) = (market(), Accounts::new(None, &network(Dev), 2).unwrap());
    for kind in [Dev, Production] {
        let network = network(kind);
        let gifts = [Gift { to: Address([5; 20]), token: market.base.as_ref().unwrap(), amount: 6 }; 2];
        let needs = [Need { dollars: 1, shares: 0 }, Need::default()];
        let transfers = accounts.transfers(&gifts, &network).unwrap();
        let approvals = accounts.approvals(&needs, &network).unwrap();
        assert_eq!((transfers.len(), approvals.len()), (2, 1), "who sends nothing needs no agent");
        let signer = |body: &String| {
            let request = tandem_api::ExchangeRequest::parse(body.as_bytes()).unwrap();
            request.signed.check(&network).unwrap().signer()
        };
        assert_eq!([signer(&transfers[0]), signer(&transfers[1])], [accounts.payer(); 2]);
        assert_ne!(transfers[0], transfers[1], "each has a nonce of its own");
        assert_eq!(signer(&approvals[0]), accounts.owners[0].address());
    }
}

#[test]
fn accounts_bring_what_their_margin_lacks_and_set_their_leverage() {
    let accounts = Accounts::new(None, &network(Dev), 3).unwrap();
    let need = |dollars| Need { dollars, shares: 0 };
    let funds = |quote, collateral| Funds { base: 0, quote, collateral };
    let needs = [need(100), need(0), need(50)];
    let bodies = accounts.margins(&needs, &[funds(0, 30), funds(9, 9), funds(0, 50)], (5, 4), &network(Dev));
    let actions: Vec<serde_json::Value> = bodies
        .unwrap()
        .iter()
        .map(|body| serde_json::from_str::<serde_json::Value>(body).unwrap()["action"].clone())
        .collect();
    let leverage = json!({ "type": "updateLeverage", "asset": 5, "isCross": true, "leverage": 4 });
    assert_eq!((actions.len(), &actions[1], &actions[2]), (3, &leverage, &leverage));
    assert_eq!((&actions[0]["type"], &actions[0]["amount"]), (&json!("usdClassTransfer"), &json!("70")));
}

#[test]
fn free_collateral_counts_in_whole_dollars() {
    let answer = |withdrawable: &str| {
        let payload = json!({ "type": "clearinghouseState", "data": { "withdrawable": withdrawable } });
        json!({ "type": "info", "payload": payload }).to_string()
    };
    assert_eq!(parse_collateral(&answer("12.99")).unwrap(), 12);
    assert_eq!(parse_collateral(&answer("0")).unwrap(), 0);
    assert!(parse_collateral(&answer("all")).is_err());
}
