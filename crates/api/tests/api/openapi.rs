//! The OpenAPI document against the server: every question and every path is asked, every answer fits its schema, every
//! field of every schema is seen, and nothing that is not documented is sent.

use crate::chain::Chain;
use crate::driven::Driven;
use crate::due::{refused_twap, twap};
use crate::order_action;
use crate::schema::Document;
use serde_json::{Value, json};
use tandem_exchange::action::{Action, Amount, ApproveScopedAgent, CancelByCloid};
use tandem_exchange::sub_account_address;
use tandem_testkit::{
    BTC, ETH, Harness, Signer, USD, approve, approve_builder, asset, buy, buy_perp, cancel, convert,
    create_sub_account, create_vault, invite, leverage, place, place_built, sell, sell_perp, send,
    sub_account_spot_transfer, sub_account_transfer, trade_group, usd_send, vault_deposit, vault_distribute,
};
use tandem_types::{AccountId, Address, Cloid, OrderId};

const EXCHANGE: &str = "/paths/~1exchange/post";
const INFO: &str = "/paths/~1info/post";
const CLOID: &str = "0x000000000000000000000000000000aa";

fn response(path: &str, status: u16) -> String {
    let status =
        if (400..500).contains(&status) && status != 429 { "4XX".to_owned() } else { status.to_string() };
    format!("{path}/responses/{status}/content/application~1json/schema")
}

/// Acts, and checks request and answer.
async fn act(
    chain: &Chain,
    document: &mut Document,
    signer: &Signer,
    wire: &Value,
    action: &Action,
) -> Value {
    let request = chain.request(signer, wire, action);
    post(chain, document, &request).await
}

async fn post(chain: &Chain, document: &mut Document, request: &Value) -> Value {
    let body = "/requestBody/content/application~1json/schema";
    document.check(&format!("{EXCHANGE}{body}"), request);
    let answer = chain.http().await.post("/exchange", &request.to_string()).await;
    document.check(&response(EXCHANGE, answer.status), &answer.json());
    answer.json()
}

fn oid(answer: &Value) -> OrderId {
    OrderId(answer["response"]["data"]["statuses"][0]["resting"]["oid"].as_u64().expect("it rests"))
}

/// Something of everything that answers tell of.
async fn trade(chain: &Chain, document: &mut Document) -> OrderId {
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let (wire, action) = order_action(&sell(BTC, "100", "2"));
    act(chain, document, &maker, &wire, &action).await;
    let create = create_sub_account("desk");
    act(chain, document, &maker, &json!({ "type": "createSubAccount", "name": "desk" }), &create).await;
    // Filled; rests with a part filled; rests with a client's id.
    for (price, size) in [("101", "1.5"), ("100", "1.5")] {
        let (wire, action) = order_action(&buy(BTC, price, size));
        act(chain, document, &taker, &wire, &action).await;
    }
    let mut order = buy(BTC, "90", "1");
    order.cloid = Some(cloid());
    let mut wire = order_action(&order).0;
    wire["orders"][0]["c"] = CLOID.into();
    let resting = act(chain, document, &maker, &wire, &place(&[order])).await;
    // Cancelled; refused as an item.
    let (wire, action) = order_action(&buy(BTC, "80", "1"));
    let gone = oid(&act(chain, document, &maker, &wire, &action).await);
    for _ in 0..2 {
        let wire = json!({ "type": "cancel", "cancels": [{ "a": asset(BTC).0, "o": gone.0 }] });
        act(chain, document, &maker, &wire, &cancel(BTC, &[gone])).await;
    }
    oid(&resting)
}

const fn cloid() -> Cloid {
    let mut bytes = [0; 16];
    bytes[15] = 0xaa;
    Cloid(bytes)
}

/// An agent with a name, and requests that are refused in each way there is.
async fn agree_and_refuse(chain: &Chain, document: &mut Document) {
    let (owner, key) = (Signer::wallet(1), Signer::key(9));
    let nonce = chain.nonce();
    let wire = json!({
        "type": "approveAgent", "hyperliquidChain": "Testnet", "signatureChainId": "0x539",
        "agentAddress": key.address().to_string(), "agentName": "bot", "nonce": nonce,
    });
    act(chain, document, &owner, &wire, &approve(&key.address(), Some("bot"), nonce)).await;
    approve_within_scopes(chain, document, &owner).await;
    let (wire, action) = order_action(&buy(BTC, "50", "1"));
    let by_key = chain.request(&key, &wire, &action);
    post(chain, document, &by_key).await;
    // Again: the nonce is used. Then by a stranger, with a bad signature, and with a bad action.
    post(chain, document, &by_key).await;
    act(chain, document, &Signer::wallet(99), &wire, &action).await;
    let mut request = chain.request(&owner, &wire, &action);
    request["signature"]["r"] = "0x0".into();
    post(chain, document, &request).await;
    request["action"] = json!({ "type": "dance" });
    post(chain, document, &request).await;
    let mut vault = chain.request(&owner, &wire, &action);
    vault["vaultAddress"] = format!("0x{:040x}", 1).into();
    vault["expiresAfter"] = json!(null);
    post(chain, document, &vault).await;
    // Refused as a whole by the rules: there is no order to modify.
    let cancels = vec![CancelByCloid { asset: asset(BTC), cloid: Cloid([1; 16]) }];
    let wire = json!({ "type": "cancelByCloid", "cancels": [{ "asset": asset(BTC).0, "cloid": format!("0x{}", "01".repeat(16)) }] });
    act(chain, document, &owner, &wire, &Action::CancelByCloid(cancels)).await;
    let order = buy(BTC, "70", "1");
    let wire = json!({ "type": "modify", "oid": 1_000_000, "order": order_action(&order).0["orders"][0] });
    act(chain, document, &owner, &wire, &tandem_testkit::modify(OrderId(1_000_000), order)).await;
    for body in ["{", "[]", &"x".repeat(200_000)] {
        let answer = chain.http().await.post("/exchange", body).await;
        document.check(&response(EXCHANGE, answer.status), &answer.json());
    }
}

/// An agent with every limit, and one with none.
async fn approve_within_scopes(chain: &Chain, document: &mut Document, owner: &Signer) {
    for (number, assets, limit) in [(10, vec![asset(BTC)], "100.5"), (11, Vec::new(), "")] {
        let (agent, name) = (Signer::key(number).address(), format!("scoped {number}"));
        let nonce = chain.nonce();
        let text: Vec<_> = assets.iter().map(|asset| asset.0.to_string()).collect();
        let wire = json!({
            "type": "approveScopedAgent", "hyperliquidChain": "Testnet", "signatureChainId": "0x539",
            "agentAddress": agent.to_string(), "agentName": name, "assets": text.join(","), "orderUsd": limit,
            "totalUsd": limit, "nonce": nonce,
        });
        let Action::ApproveAgent(approval) = approve(&agent, Some(&name), nonce) else { unreachable!() };
        let limit = || Amount::new(limit).ok();
        let (order_usd, total_usd) = (limit(), limit());
        let action =
            Action::ApproveScopedAgent(ApproveScopedAgent { approval, assets, order_usd, total_usd });
        let answer = act(chain, document, owner, &wire, &action).await;
        assert_eq!(answer["status"], "ok", "{answer}");
    }
}

/// What is asked of each question, so that the answers have something in them.
fn examples(name: &str, oid: OrderId) -> Vec<Value> {
    let user = |number: u8| Signer::wallet(number).address().to_string();
    let with = |mut fields: Value| {
        fields["type"] = name.into();
        fields
    };
    match name {
        "candleSnapshot" => {
            let request = json!({ "coin": "@0", "interval": "1m", "startTime": 0, "endTime": u64::MAX / 2 });
            vec![with(json!({ "req": request }))]
        }
        "l2Book" => {
            vec![
                with(json!({ "coin": "@0" })),
                with(json!({ "coin": "BTC/USDC", "nSigFigs": 5, "mantissa": 2 })),
            ]
        }
        "recentTrades" => vec![with(json!({ "coin": "@0" }))],
        "orderStatus" => [json!(oid.0), json!(CLOID), json!(77_777)]
            .map(|oid| with(json!({ "user": user(1), "oid": oid })))
            .to_vec(),
        "userFillsByTime" | "userTwapSliceFillsByTime" => {
            vec![with(json!({ "user": user(1), "startTime": 0, "endTime": u64::MAX / 2 }))]
        }
        "userRole" => {
            let agent = Signer::key(9).address().to_string();
            let sub_account = sub_account_address(&Signer::wallet(1).address(), 0).to_string();
            [user(1), user(98), agent, sub_account].map(|user| with(json!({ "user": user }))).to_vec()
        }
        // These are about perpetual markets, of which this chain has none.
        "activeAssetData" | "fundingHistory" | "marginTable" => Vec::new(),
        "allMids"
        | "allPerpMetas"
        | "exchangeStatus"
        | "ipRateLimit"
        | "maxMarketOrderNtls"
        | "meta"
        | "metaAndAssetCtxs"
        | "perpDexs"
        | "perpsAtOpenInterestCap"
        | "predictedFundings"
        | "spotMeta"
        | "vaultSummaries"
        | "spotMetaAndAssetCtxs" => vec![with(json!({}))],
        "maxBuilderFee" => vec![with(json!({ "user": user(1), "builder": user(2) }))],
        "vaultDetails" => vec![with(json!({ "vaultAddress": user(1) }))],
        _ => [1, 2, 98].map(|number| with(json!({ "user": user(number) }))).to_vec(),
    }
}

/// Something of everything that answers about perpetual markets tell of.
async fn perpetuals() -> Driven {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.act(&one, &leverage(ETH, 10, false)).await;
    driven.trade(&one, &two, "1").await;
    driven.trade(&two, &three, "2").await;
    let depth = [buy_perp(ETH, "1990", "4"), sell_perp(ETH, "2010", "4")];
    driven.act(&three, &place(&depth)).await;
    driven.chain.step_ms = 6_000;
    driven.empty().await;
    driven.pass_hour().await;
    driven.act(&two, &twap("1")).await;
    // Short, so that a sale reduces nothing.
    driven.act(&three, &refused_twap()).await;
    let nonce = driven.chain.nonce();
    driven.act(&one, &usd_send(&two.address(), "5", nonce)).await;
    let nonce = driven.chain.nonce();
    driven.act(&one, &send(&two.address(), USD, "7", nonce)).await;
    driven.act(&one, &create_sub_account("desk")).await;
    let desk = sub_account_address(&one.address(), 0);
    driven.act(&one, &sub_account_transfer(&desk, true, 5_000_000)).await;
    driven.act(&one, &sub_account_spot_transfer(&desk, true, USD, "3")).await;
    driven.refer([&one, &two, &three]).await;
    share(&mut driven, [&one, &two, &three]).await;
    driven
}

/// A vault with two holders, of whom one is paid; a builder with a fee; an account of several keys.
async fn share(driven: &mut Driven, [one, two, three]: [&Signer; 3]) {
    driven.act(one, &create_vault("a vault", 100_000_000)).await;
    let vault = vault(&driven.chain);
    driven.act(two, &vault_deposit(vault, 50_000_000)).await;
    driven.act(one, &vault_distribute(vault, 30_000_000)).await;
    let nonce = driven.chain.nonce();
    driven.act(one, &invite(two.address(), true)).await;
    driven.act(one, &invite(three.address(), true)).await;
    driven.act(two, &trade_group(Some(one))).await;
    driven.act(two, &approve_builder(&one.address(), "0.1%", nonce)).await;
    driven.act(three, &place(&[sell_perp(ETH, "2000", "0.05")])).await;
    driven.act(two, &place_built(&[buy_perp(ETH, "2000", "0.05")], &one.address(), 10)).await;
    let nonce = driven.chain.nonce();
    driven.act(three, &convert(&[one.address(), two.address()], 2, nonce)).await;
}

/// The first vault's address.
fn vault(chain: &Harness) -> Address {
    let tables = &chain.chain.tables.exchange;
    let (id, _) = tables.vaults.peek_first(&AccountId(0), &AccountId(u32::MAX)).expect("a vault");
    tables.accounts.peek(id).expect("its account").address
}

/// A market with a liquidation.
async fn liquidated() -> Driven {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.liquidate([&one, &two, &three]).await;
    driven
}

/// The questions that they are asked.
fn examples_of_perpetuals(name: &str, vault: &str) -> Vec<Value> {
    let users = [1, 2, 3].map(|number| Signer::wallet(number).address().to_string());
    let of_user = |user: &String| json!({ "type": name, "user": user, "dex": "" });
    match name {
        "activeAssetData" => {
            users.iter().map(|user| json!({ "type": name, "user": user, "coin": "ETH" })).collect()
        }
        "fundingHistory" => {
            vec![json!({ "type": name, "coin": "ETH", "startTime": 0, "endTime": u64::MAX / 2 })]
        }
        "userFunding" | "userNonFundingLedgerUpdates" => {
            let range = |user| json!({ "type": name, "user": user, "startTime": 0, "endTime": u64::MAX / 2 });
            users.iter().map(range).collect()
        }
        "marginTable" => vec![json!({ "type": name, "id": 101 })],
        "maxBuilderFee" => vec![json!({ "type": name, "user": users[1], "builder": users[0] })],
        "vaultDetails" => vec![
            json!({ "type": name, "vaultAddress": vault }),
            json!({ "type": name, "vaultAddress": vault, "user": users[1] }),
        ],
        "referral" => {
            let vault = vault.to_owned();
            users.iter().chain([&vault]).map(|user| json!({ "type": name, "user": user })).collect()
        }
        "userRole" => vec![json!({ "type": name, "user": vault })],
        "vaultSummaries" => vec![json!({ "type": name })],
        "allMids"
        | "allPerpMetas"
        | "maxMarketOrderNtls"
        | "meta"
        | "metaAndAssetCtxs"
        | "predictedFundings"
        | "perpsAtOpenInterestCap" => vec![json!({ "type": name, "dex": "" })],
        "userTwapSliceFillsByTime" => {
            users.iter().map(|user| json!({ "type": name, "user": user, "startTime": 0 })).collect()
        }
        "portfolio"
        | "twapHistory"
        | "userTwapSliceFills"
        | "clearinghouseState"
        | "frontendOpenOrders"
        | "historicalOrders"
        | "openOrders"
        | "userFees"
        | "userFills"
        | "subAccounts"
        | "subAccounts2"
        | "leadingVaults"
        | "userVaultEquities"
        | "tradeGroup"
        | "userToMultiSigSigners" => users.iter().map(of_user).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_documented_and_everything_documented_is_answered() {
    let chain = Chain::start().await;
    let mut document = Document::new(chain.http().await.get("/openapi.json").await.json());
    let oid = trade(&chain, &mut document).await;
    agree_and_refuse(&chain, &mut document).await;
    let (info, variants) = (INFO, format!("{INFO}/requestBody/content/application~1json/schema/oneOf"));
    let questions = document.root.pointer(&variants).and_then(Value::as_array).unwrap().clone();
    for (at, question) in questions.iter().enumerate() {
        for example in examples(question["title"].as_str().unwrap(), oid) {
            document.check(&format!("{variants}/{at}"), &example);
            let answer = chain.info(example.clone()).await;
            assert_eq!(answer.status, 200, "{example}");
            document.check(&format!("{variants}/{at}/x-answer"), &answer.json());
            document.check(&response(info, 200), &answer.json());
        }
    }
    let perpetuals = perpetuals().await;
    let vault = vault(&perpetuals.chain).to_string();
    for driven in [perpetuals, liquidated().await] {
        for (at, question) in questions.iter().enumerate() {
            for example in examples_of_perpetuals(question["title"].as_str().unwrap(), &vault) {
                document.check(&format!("{variants}/{at}"), &example);
                let answer = driven.info(example).await;
                document.check(&format!("{variants}/{at}/x-answer"), &answer);
                document.check(&response(info, 200), &answer);
            }
        }
        driven.stop().await;
    }
    let refused = chain.info(json!({ "type": "l2Book", "coin": "@77" })).await;
    document.check(&response(info, refused.status), &refused.json());
    let health = chain.http().await.get("/health").await;
    document.check(&response("/paths/~1health/get", health.status), &health.json());
    for part in ["/components/schemas", variants.as_str()] {
        assert_eq!(document.unseen(part), Vec::<String>::new());
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_is_served_and_every_metric_is_a_number() {
    let chain = Chain::start().await;
    let document = chain.http().await.get("/openapi.json").await.json();
    let mut http = chain.http().await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let request =
                format!("{} {path} HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n", method.to_uppercase());
            let status = http.send(&request).await.status;
            assert!(![404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    let metrics = http.get("/metrics").await.body;
    let samples = metrics.lines().filter(|line| !line.starts_with('#'));
    assert!(samples.clone().count() > 15);
    for line in samples {
        let (name, value) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<u64>().is_ok() && metrics.contains(&format!("# TYPE {name} ")), "{line}");
    }
    chain.stop().await;
}
