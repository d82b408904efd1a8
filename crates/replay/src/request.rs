//! Requests as clients of the API write them: the action in JSON, field by field in the order that was signed.

use crate::key::RequestKey;
use std::fmt::Write as _;
use tandem_exchange::action::{
    Action, ApproveAgent, CancelByCloid, Modify, Network, Order, OrderKind, OrderRef, Signature, SpotSend,
    UpdateLeverage, UsdClassTransfer, UserSigned,
};

/// The body of a request to act; `None` for actions other than limit orders, their modification, cancels by the trader's
/// ids, leverage, transfers, and approvals of agents. The last two must have this nonce.
#[must_use]
pub fn request_body(action: &Action, nonce: u64, key: &RequestKey, network: &Network) -> Option<String> {
    const ROOM: usize = 320;
    let packed = action.encode();
    let mut out = String::with_capacity(2 * packed.len() + ROOM);
    out.push_str("{\"action\":");
    push_action(&mut out, action)?;
    write!(out, ",\"nonce\":{nonce},\"signature\":").ok()?;
    match key.sign_packed(action, &packed, nonce, network) {
        Signature::Secp256k1(signature) => {
            out.push_str("{\"r\":");
            push_hex(&mut out, &signature.r);
            out.push_str(",\"s\":");
            push_hex(&mut out, &signature.s);
            write!(out, ",\"v\":{}}}}}", signature.v()).ok()?;
        }
        Signature::Ed25519 { public_key, signature } => {
            out.push_str("{\"publicKey\":");
            push_hex(&mut out, &public_key.0);
            out.push_str(",\"sig\":");
            push_hex(&mut out, &signature.0);
            out.push_str("}}");
        }
    }
    Some(out)
}

fn push_action(out: &mut String, action: &Action) -> Option<()> {
    match action {
        Action::Order(place) if place.builder.is_none() => {
            out.push_str("{\"type\":\"order\",\"orders\":");
            push_list(out, &place.orders, push_order)?;
            out.push_str(",\"grouping\":\"na\"}");
            Some(())
        }
        Action::CancelByCloid(cancels) => {
            out.push_str("{\"type\":\"cancelByCloid\",\"cancels\":");
            push_list(out, cancels, |out, CancelByCloid { asset, cloid }| {
                write!(out, "{{\"asset\":{},\"cloid\":", asset.0).ok()?;
                push_hex(out, &cloid.0);
                out.push('}');
                Some(())
            })?;
            out.push('}');
            Some(())
        }
        Action::BatchModify(modifies) => {
            out.push_str("{\"type\":\"batchModify\",\"modifies\":");
            push_list(out, modifies, push_modify)?;
            out.push('}');
            Some(())
        }
        Action::ApproveAgent(approve) => push_approval(out, approve),
        Action::SpotSend(send) => push_transfer(out, send),
        Action::UsdClassTransfer(transfer) => push_class_transfer(out, transfer),
        Action::UpdateLeverage(UpdateLeverage { asset, is_cross, leverage }) => {
            write!(out, r#"{{"type":"updateLeverage","asset":{},"isCross":{is_cross},"#, asset.0).ok()?;
            write!(out, r#""leverage":{leverage}}}"#).ok()
        }
        _ => None,
    }
}

fn push_list<T>(out: &mut String, items: &[T], push: impl Fn(&mut String, &T) -> Option<()>) -> Option<()> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push(out, item)?;
    }
    out.push(']');
    Some(())
}

fn push_order(out: &mut String, order: &Order) -> Option<()> {
    let (OrderKind::Limit(tif), None, None) = (order.kind, order.self_trade_prevention, order.expires) else {
        return None;
    };
    let (price, size) = (order.price.to_text(), order.size.to_text());
    let (asset, is_buy, reduce_only, tif) = (order.asset.0, order.is_buy, order.reduce_only, tif.as_str());
    write!(out, r#"{{"a":{asset},"b":{is_buy},"p":"{price}","s":"{size}","r":{reduce_only},"#).ok()?;
    write!(out, r#""t":{{"limit":{{"tif":"{tif}"}}}}"#).ok()?;
    if let Some(cloid) = order.cloid {
        out.push_str(",\"c\":");
        push_hex(out, &cloid.0);
    }
    out.push('}');
    Some(())
}

fn push_modify(out: &mut String, modify: &Modify) -> Option<()> {
    match modify.target {
        OrderRef::Id(id) => write!(out, "{{\"oid\":{id}").ok()?,
        OrderRef::Cloid(cloid) => {
            out.push_str("{\"oid\":");
            push_hex(out, &cloid.0);
        }
    }
    out.push_str(",\"order\":");
    push_order(out, &modify.order)?;
    out.push('}');
    Some(())
}

/// A name with characters that JSON escapes is refused.
fn push_approval(out: &mut String, approve: &ApproveAgent) -> Option<()> {
    let ApproveAgent { agent, name, user } = approve;
    write!(out, r#"{{"type":"approveAgent","agentAddress":"{agent}","#).ok()?;
    if let Some(name) = name {
        is_plain(name).then_some(())?;
        write!(out, r#""agentName":"{name}","#).ok()?;
    }
    write!(out, r#""nonce":{},"#, user.nonce).ok()?;
    push_user(out, user)
}

/// A token's name with characters that JSON escapes is refused; amounts and addresses have none.
fn push_transfer(out: &mut String, send: &SpotSend) -> Option<()> {
    let SpotSend { destination, token, amount, user } = send;
    is_plain(token).then_some(())?;
    let (to, amount, time) = (destination.text(), amount.text(), user.nonce);
    write!(out, r#"{{"type":"spotSend","destination":"{to}","token":"{token}","#).ok()?;
    write!(out, r#""amount":"{amount}","time":{time},"#).ok()?;
    push_user(out, user)
}

fn push_class_transfer(out: &mut String, transfer: &UsdClassTransfer) -> Option<()> {
    let UsdClassTransfer { amount, to_perp, user } = transfer;
    write!(out, r#"{{"type":"usdClassTransfer","amount":"{}","toPerp":{to_perp},"#, amount.text()).ok()?;
    write!(out, r#""nonce":{},"#, user.nonce).ok()?;
    push_user(out, user)
}

/// The last fields of a user-signed action.
fn push_user(out: &mut String, user: &UserSigned) -> Option<()> {
    let (chain_id, chain) = (user.chain_id.0, user.chain.as_str());
    write!(out, r#""signatureChainId":"0x{chain_id:x}","hyperliquidChain":"{chain}"}}"#).ok()
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | '\\'))
}

/// The bytes in hex, in quotes.
fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str("\"0x");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Mix, Plan};
    use std::num::NonZeroU32;
    use tandem_api::ExchangeRequest;
    use tandem_crypto::{ed25519, secp256k1};
    use tandem_exchange::action::{
        AddressText, Amount, AssetId, HyperliquidChain, NetworkKind, ed25519_address,
    };
    use tandem_types::{Address, ChainId, Hash, OrderId};

    const NONCE: u64 = 1_700_000_000_000;

    fn network() -> Network {
        Network { kind: NetworkKind::Dev, chain_id: ChainId(1337), genesis_hash: Hash([7; 32]) }
    }

    fn keys() -> [(RequestKey, Address); 2] {
        let wallet = secp256k1::SigningKey::from_bytes(&[3; 32]).unwrap();
        let agent = ed25519::SigningKey::from_seed([4; 32]);
        let addresses = (wallet.address(), ed25519_address(&agent.public_key()));
        [(RequestKey::Secp256k1(wallet), addresses.0), (RequestKey::Ed25519(agent), addresses.1)]
    }

    fn plan(mix: Mix) -> Plan {
        let number = |number| NonZeroU32::new(number).unwrap();
        Plan { asset: AssetId(10_002), signers: number(1), batch: number(3), mix, run: 9 }
    }

    /// A request to replace an order by the first of a plan.
    fn modified(target: OrderRef) -> Action {
        let Some(Action::Order(place)) = plan(Mix::Rest).action(0) else { panic!("an order") };
        Action::BatchModify(vec![Modify { target, order: place.orders[0] }])
    }

    fn transfer(token: &str, user: UserSigned) -> SpotSend {
        let destination = AddressText::new("0x00000000000000000000000000000000000000Aa").unwrap();
        SpotSend { destination, token: token.into(), amount: Amount::new("12.50").unwrap(), user }
    }

    #[test]
    fn the_api_reads_what_was_signed() {
        let user = UserSigned { chain_id: ChainId(1337), chain: HyperliquidChain::Testnet, nonce: NONCE };
        let approve =
            |name: Option<&str>| ApproveAgent { agent: Address([5; 20]), name: name.map(Into::into), user };
        let actions = [
            plan(Mix::Rest).action(0).unwrap(),
            plan(Mix::Trade).action(1).unwrap(),
            plan(Mix::Cancel).action(2).unwrap(),
            modified(OrderRef::Id(OrderId(7))),
            modified(OrderRef::Cloid(tandem_types::Cloid([8; 16]))),
            Action::SpotSend(transfer("USDC:0x00000000000000000000000000000000", user)),
            Action::UsdClassTransfer(UsdClassTransfer {
                amount: Amount::new("12.50").unwrap(),
                to_perp: true,
                user,
            }),
            Action::UpdateLeverage(UpdateLeverage { asset: AssetId(3), is_cross: false, leverage: 20 }),
            Action::ApproveAgent(approve(Some("bench"))),
            Action::ApproveAgent(approve(None)),
        ];
        for action in actions {
            for (key, address) in keys() {
                let body = request_body(&action, NONCE, &key, &network()).unwrap();
                let signed = ExchangeRequest::parse(body.as_bytes()).unwrap().signed;
                assert_eq!(signed.action, action.encode(), "{body}");
                assert_eq!(signed.check(&network()).unwrap().signer(), address);
            }
        }
    }

    #[test]
    fn what_it_cannot_write_is_refused() {
        let user = UserSigned { chain_id: ChainId(1337), chain: HyperliquidChain::Testnet, nonce: NONCE };
        let quoted = ApproveAgent { agent: Address([5; 20]), name: Some("\"".into()), user };
        let sent = transfer("A\\B:0x0", user);
        for action in [Action::Noop, Action::ApproveAgent(quoted), Action::SpotSend(sent)] {
            assert_eq!(request_body(&action, NONCE, &keys()[0].0, &network()), None);
        }
    }
}
