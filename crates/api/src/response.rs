//! Receipts as Hyperliquid's clients read them.

use crate::error::ApiError;
use crate::format::Fixed;
use crate::info::Phase;
use crate::request::Kind;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tandem_exchange::action::{CheckError, Network, SignedAction, l1_digest};
use tandem_exchange::{Event, Inadmissible, ItemStatus, Receipt, Rejection};
use tandem_indexer::Markets;
use tandem_mempool::PoolError;
use tandem_node::SubmitError;
use tandem_types::{MarketId, OrderId};

/// After how many seconds an account that is over its budget may act again.
const OVERDRAFT_S: u32 = 10;

/// The body for an action that a block decided.
pub(crate) fn of_receipt(receipt: &Receipt, kind: Kind, markets: &Markets) -> String {
    if let Kind::Twap(word) = kind {
        return of_twap(word, receipt, markets);
    }
    let items = match &receipt.result {
        Ok(items) => items,
        Err(rejection) => return refused(*rejection),
    };
    if let (Kind::Modify | Kind::Other, [ItemStatus::Rejected(rejection)]) = (kind, items.as_slice()) {
        return refused(*rejection);
    }
    if let (Kind::Made(word), [ItemStatus::AccountMade { address }]) = (kind, items.as_slice()) {
        let response = json!({ "type": word, "data": address.to_string() });
        return json!({ "status": "ok", "response": response }).to_string();
    }
    let word = match kind {
        Kind::Orders => "order",
        Kind::Cancels => "cancel",
        Kind::Modify | Kind::Twap(_) | Kind::Made(_) | Kind::Other => "default",
    };
    let mut body = String::with_capacity(96 + 48 * items.len());
    write!(body, r#"{{"status":"ok","response":{{"type":"{word}""#).ok();
    if kind != Kind::Other {
        body.push_str(r#","data":{"statuses":["#);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            push_item(&mut body, item, receipt, markets);
        }
        body.push_str("]}");
    }
    body.push_str("}}");
    body
}

/// One status, which says also why a TWAP order was refused.
fn of_twap(word: &str, receipt: &Receipt, markets: &Markets) -> String {
    let item = match &receipt.result {
        Ok(items) => items.first().copied().unwrap_or(ItemStatus::Done),
        Err(rejection) => ItemStatus::Rejected(*rejection),
    };
    let mut body = format!(r#"{{"status":"ok","response":{{"type":"{word}","data":{{"status":"#);
    push_item(&mut body, &item, receipt, markets);
    body.push_str("}}}");
    body
}

/// An action refused as a whole.
fn refused(rejection: Rejection) -> String {
    let (text, code) = (wire_text(rejection), rejection.code());
    let mut error = json!({ "code": code });
    if let Some(phase) = Phase::behind(rejection) {
        error["phase"] = phase.word().into();
    }
    json!({ "status": "err", "response": text, "error": error }).to_string()
}

fn push_item(body: &mut String, item: &ItemStatus, receipt: &Receipt, markets: &Markets) {
    // Writing to a string does not fail.
    match item {
        ItemStatus::Done | ItemStatus::AccountMade { .. } => body.push_str(r#""success""#),
        ItemStatus::TwapRunning { id } => {
            write!(body, r#"{{"running":{{"twapId":{id}}}}}"#).ok();
        }
        ItemStatus::WaitingForFill { .. } => body.push_str(r#""waitingForFill""#),
        ItemStatus::WaitingForTrigger { .. } => body.push_str(r#""waitingForTrigger""#),
        ItemStatus::Resting { id, filled } if filled.is_zero() => {
            write!(body, r#"{{"resting":{{"oid":{id}}}}}"#).ok();
        }
        ItemStatus::Resting { id, filled } => {
            let filled = market_of(*id, receipt)
                .and_then(|id| markets.market(id))
                .map(|market| Fixed::size(*filled, market));
            let filled = filled.unwrap_or(Fixed::new(0, 0));
            write!(body, r#"{{"resting":{{"oid":{id},"filledSz":"{filled}"}}}}"#).ok();
        }
        ItemStatus::Filled { id, size, notional } => {
            let market = market_of(*id, receipt).and_then(|id| markets.market(id));
            let Some(market) = market else {
                write!(body, r#"{{"filled":{{"oid":{id}}}}}"#).ok();
                return;
            };
            let decimals = market.price_scale().decimals();
            let average = Fixed::quotient(u128::from(notional.0), u128::from(size.0), decimals);
            let total = Fixed::size(*size, market);
            write!(body, r#"{{"filled":{{"totalSz":"{total}","avgPx":"{average}","oid":{id}}}}}"#).ok();
        }
        ItemStatus::Rejected(rejection) => {
            let (text, code) = (wire_text(*rejection), rejection.code());
            write!(body, r#"{{"error":"{text}","code":{code}"#).ok();
            if let Some(phase) = Phase::behind(*rejection) {
                write!(body, r#","phase":"{}""#, phase.word()).ok();
            }
            body.push('}');
        }
    }
}

/// The market of an order that this action opened.
fn market_of(order: OrderId, receipt: &Receipt) -> Option<MarketId> {
    receipt.events.iter().find_map(|event| match event {
        Event::Opened { id, market, .. } if *id == order => Some(*market),
        _ => None,
    })
}

/// What clients match against, where Hyperliquid has a text for it; none has a character that JSON escapes.
pub(crate) const fn wire_text(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::PriceTick => "Price must be divisible by tick size.",
        Rejection::PriceZero | Rejection::PriceTooHigh => "Order has invalid price.",
        Rejection::SizeZero => "Order has zero size.",
        Rejection::SizeLot | Rejection::SizeTooLarge => "Order has invalid size.",
        Rejection::NotionalTooSmall => "Order must have minimum value of $10.",
        Rejection::InsufficientBalance => "Insufficient spot balance",
        Rejection::InsufficientMargin | Rejection::InsufficientMarginAfterFill => {
            "Insufficient margin to place order."
        }
        Rejection::ReduceOnlyWouldIncrease => "Reduce only order would increase position.",
        Rejection::PriceTooFar => "Order price cannot be more than 80% away from the reference price",
        Rejection::PostOnlyWouldCross => "Post only order would have immediately matched",
        Rejection::NoMatch => "Order could not immediately match against any resting orders.",
        Rejection::UnknownOrder => "Order was never placed, already canceled, or filled.",
        Rejection::ModifyUnknownOrder => "Cannot modify canceled or filled order",
        Rejection::UnknownAsset => "Asset is invalid or unknown.",
        Rejection::UnknownTwap => "TWAP was never placed, already canceled, or filled.",
        Rejection::BadTriggerPrice => "Invalid TP/SL price.",
        Rejection::BuilderNotApproved => "Builder fee has not been approved.",
        Rejection::UnknownBuilder => "Builder has insufficient balance to be approved.",
        Rejection::VaultLocked => "Cannot withdraw during lockup period after depositing.",
        Rejection::NoVaultHolding => "Insufficient vault equity.",
        other => other.text(),
    }
}

/// The answer for an action that no block took. What Hyperliquid answers with 200 and `err` stays so.
pub(crate) fn of_failure(error: &SubmitError, signed: &SignedAction, network: &Network) -> ApiError {
    match error {
        SubmitError::Check(error) => of_check(error, signed, network),
        SubmitError::Inadmissible { reason, signer } => {
            let text = match reason {
                Inadmissible::UnknownSigner => format!("User or API Wallet {signer} does not exist."),
                other => other.to_string(),
            };
            let error = ApiError::new(StatusCode::OK, inadmissible_word(*reason), text);
            let error = error.with("number", reason.code()).with("signer", signer.to_string());
            let wait = matches!(reason, Inadmissible::OverBudget).then_some(OVERDRAFT_S);
            ApiError { retry_after_s: wait, ..with_expected_hash(error, signed, network) }
        }
        SubmitError::Pool(error @ (PoolError::Full | PoolError::SignerFull(_))) => {
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "pool_full", error.to_string());
            ApiError { retry_after_s: Some(1), ..error }
        }
        SubmitError::Pool(error) => ApiError::new(StatusCode::OK, "not_pooled", error.to_string()),
        SubmitError::Evicted => {
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "evicted", error.to_string());
            ApiError { retry_after_s: Some(1), ..error }
        }
        SubmitError::Timeout(_) => {
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "not_decided_in_time", error.to_string())
        }
        SubmitError::Closed => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", error.to_string())
        }
        SubmitError::Evm(_) | SubmitError::InsufficientFunds => {
            ApiError::new(StatusCode::BAD_REQUEST, "not_an_action", error.to_string())
        }
    }
}

fn of_check(error: &CheckError, signed: &SignedAction, network: &Network) -> ApiError {
    let text = error.to_string();
    let bad = |code, field: &str| {
        let error = ApiError::new(StatusCode::BAD_REQUEST, code, text.clone());
        ApiError { field: Some(field.to_owned()), ..error }
    };
    match error {
        CheckError::TooLong { .. } => {
            ApiError { status: StatusCode::PAYLOAD_TOO_LARGE, ..bad("action_too_long", "action") }
        }
        CheckError::Action(inner) => {
            let path = inner.path.to_string();
            let dot = if path.is_empty() { "" } else { "." };
            ApiError {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                ..bad("invalid_action", &format!("action{dot}{path}"))
            }
        }
        CheckError::Chain { .. } => bad("wrong_network", "action.hyperliquidChain"),
        CheckError::ChainId { .. } => bad("wrong_network", "action.signatureChainId"),
        CheckError::Nonce { .. } => bad("wrong_nonce", "nonce"),
        CheckError::UnsignedVault => bad("unsigned_field", "vaultAddress"),
        CheckError::UnsignedExpiry => bad("unsigned_field", "expiresAfter"),
        CheckError::OuterSigner { .. } => bad("wrong_outer_signer", "action.payload.outerSigner"),
        CheckError::CoSignature { .. } | CheckError::CoSignedTwice(_) => {
            bad("invalid_signature", "action.signatures")
        }
        CheckError::Secp256k1(_) | CheckError::Ed25519 => {
            with_expected_hash(bad("invalid_signature", "signature"), signed, network)
        }
    }
}

/// Adds what should have been signed: the hash of the action (`connectionId` of an L1 action) and the final digest.
fn with_expected_hash(error: ApiError, signed: &SignedAction, network: &Network) -> ApiError {
    let (l1_hash, digest) = (signed.action_hash(), signed.expected_digest(network));
    let hash = if digest == l1_digest(network.source(), &l1_hash) { l1_hash } else { digest };
    error.with("expectedHash", hash.to_string()).with("expectedDigest", digest.to_string())
}

const fn inadmissible_word(reason: Inadmissible) -> &'static str {
    match reason {
        Inadmissible::UnknownSigner => "unknown_signer",
        Inadmissible::AgentExpired => "agent_expired",
        Inadmissible::AgentRequired => "agent_required",
        Inadmissible::NonceOutOfWindow => "nonce_out_of_window",
        Inadmissible::NonceUsed => "nonce_used",
        Inadmissible::NonceTooLow => "nonce_too_low",
        Inadmissible::Expired => "expired",
        Inadmissible::OverBudget => "over_budget",
        Inadmissible::MultiSigRequired => "multi_sig_required",
        Inadmissible::NotMultiSig => "not_multi_sig",
        Inadmissible::NotAuthorized => "not_authorized",
        Inadmissible::TooFewSignatures => "too_few_signatures",
    }
}

/// An error as a map, for a WebSocket's answer.
pub(crate) fn error_map(error: &ApiError) -> Map<String, Value> {
    match error.body() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{AccountId, Address, QuoteAtoms, SizeLots, TxId};

    fn receipt(result: Result<Vec<ItemStatus>, Rejection>) -> Receipt {
        Receipt { tx: TxId::default(), account: AccountId(1), result, events: Vec::new() }
    }

    #[test]
    fn who_is_over_its_budget_is_told_when_it_is_not() {
        assert_eq!(u64::from(OVERDRAFT_S) * 1_000, tandem_exchange::OVERDRAFT_INTERVAL_MS);
    }

    #[test]
    fn texts_stand_in_json_as_they_are() {
        for rejection in Rejection::ALL {
            let text = wire_text(*rejection);
            assert_eq!(serde_json::to_string(text).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn shapes_are_those_that_clients_hard_code() {
        let id = OrderId(7);
        let filled = ItemStatus::Filled { id, size: SizeLots(1), notional: QuoteAtoms(1) };
        let rested = ItemStatus::Resting { id, filled: SizeLots(0) };
        let no = ItemStatus::Rejected(Rejection::UnknownOrder);
        let rows = [
            (
                Kind::Orders,
                Ok(vec![rested, no]),
                json!({"status":"ok","response":{"type":"order","data":{"statuses":[
                {"resting":{"oid":7}}, {"error":"Order was never placed, already canceled, or filled.","code":60}]}}}),
            ),
            (
                Kind::Orders,
                Ok(vec![ItemStatus::Rejected(Rejection::LiquidationsPending)]),
                json!({"status":"ok","response":{"type":"order","data":{"statuses":[
                {"error":Rejection::LiquidationsPending.text(),"code":26,"phase":"reduceOnly"}]}}}),
            ),
            (
                Kind::Other,
                Err(Rejection::NoMarkPrice),
                json!({"status":"err","response":Rejection::NoMarkPrice.text(),"error":{"code":25,"phase":"halted"}}),
            ),
            (
                Kind::Orders,
                Ok(vec![filled]),
                json!({"status":"ok","response":{"type":"order","data":{"statuses":[{"filled":{"oid":7}}]}}}),
            ),
            (
                Kind::Cancels,
                Ok(vec![ItemStatus::Done, no]),
                json!({"status":"ok","response":{"type":"cancel","data":{"statuses":[
                "success", {"error":"Order was never placed, already canceled, or filled.","code":60}]}}}),
            ),
            (Kind::Other, Ok(vec![ItemStatus::Done]), json!({"status":"ok","response":{"type":"default"}})),
            (
                Kind::Other,
                Ok(vec![no]),
                json!({"status":"err","response":"Order was never placed, already canceled, or filled.","error":{"code":60}}),
            ),
            (
                Kind::Orders,
                Ok(vec![rested, ItemStatus::WaitingForFill { id }, ItemStatus::WaitingForTrigger { id }]),
                json!({"status":"ok","response":{"type":"order","data":{"statuses":[
                {"resting":{"oid":7}}, "waitingForFill", "waitingForTrigger"]}}}),
            ),
            (
                Kind::Twap("twapOrder"),
                Ok(vec![ItemStatus::TwapRunning { id: 3 }]),
                json!({"status":"ok","response":{"type":"twapOrder","data":{"status":{"running":{"twapId":3}}}}}),
            ),
            (
                Kind::Twap("twapCancel"),
                Ok(vec![ItemStatus::Done]),
                json!({"status":"ok","response":{"type":"twapCancel","data":{"status":"success"}}}),
            ),
            (
                Kind::Twap("twapCancel"),
                Err(Rejection::UnknownTwap),
                json!({"status":"ok","response":{"type":"twapCancel","data":{"status":{
                "error":"TWAP was never placed, already canceled, or filled.","code":62}}}}),
            ),
            (
                Kind::Made("createSubAccount"),
                Ok(vec![ItemStatus::AccountMade { address: Address([0xab; 20]) }]),
                json!({"status":"ok","response":{"type":"createSubAccount","data":format!("0x{}", "ab".repeat(20))}}),
            ),
            (
                Kind::Made("createSubAccount"),
                Err(Rejection::TooManySubAccounts),
                json!({"status":"err","response":Rejection::TooManySubAccounts.text(),"error":{"code":102}}),
            ),
            (
                Kind::Orders,
                Err(Rejection::UnknownVault),
                json!({"status":"err","response":Rejection::UnknownVault.text(),"error":{"code":10}}),
            ),
        ];
        for (kind, result, expected) in rows {
            let body = of_receipt(&receipt(result), kind, &Markets::default());
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
        }
    }
}
