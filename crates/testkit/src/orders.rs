//! Actions in few words.

use crate::genesis::{CHAIN_ID, asset, token_text};
use tandem_exchange::action::{
    Action, AddressText, Amount, ApproveAgent, ApproveBuilderFee, AssetId, Builder, Cancel, CancelOrders,
    ConvertToMultiSigUser, Decimal, FeeRate, Grouping, HyperliquidChain, Modify, Order, OrderKind, OrderRef,
    PlaceOrders, Signers, SignersText, SpotSend, TimeInForce, UserSigned,
};
use tandem_types::{Address, OrderId, TokenId};

/// A price from its spelling.
#[must_use]
pub fn price(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

/// A size from its spelling.
#[must_use]
pub fn size(text: &str) -> Decimal {
    price(text)
}

pub(crate) fn order(asset: AssetId, is_buy: bool, at: &str, of: &str) -> Order {
    Order {
        asset,
        is_buy,
        price: price(at),
        size: size(of),
        reduce_only: false,
        kind: OrderKind::Limit(TimeInForce::Gtc),
        cloid: None,
        self_trade_prevention: None,
        expires: None,
    }
}

/// A good-til-cancelled bid.
#[must_use]
pub fn buy(base: TokenId, at: &str, of: &str) -> Order {
    order(asset(base), true, at, of)
}

/// A good-til-cancelled ask.
#[must_use]
pub fn sell(base: TokenId, at: &str, of: &str) -> Order {
    order(asset(base), false, at, of)
}

/// Places orders in one action.
#[must_use]
pub fn place(orders: &[Order]) -> Action {
    Action::Order(PlaceOrders { orders: orders.to_vec(), grouping: Grouping::Na, builder: None })
}

/// Places orders of whose fills `builder` gets `tenths_bp` tenths of a basis point.
#[must_use]
pub fn place_built(orders: &[Order], builder: &Address, tenths_bp: u64) -> Action {
    let builder = Some(Builder { address: *builder, fee: tenths_bp });
    Action::Order(PlaceOrders { orders: orders.to_vec(), grouping: Grouping::Na, builder })
}

/// Approves a builder up to a rate such as `0.05%`. `nonce` is signed within.
///
/// # Panics
/// If the rate is none.
#[must_use]
pub fn approve_builder(builder: &Address, rate: &str, nonce: u64) -> Action {
    let max_fee_rate = FeeRate::new(rate).expect("a rate");
    Action::ApproveBuilderFee(ApproveBuilderFee { max_fee_rate, builder: *builder, user: user(nonce) })
}

/// Cancels orders in one action.
#[must_use]
pub fn cancel(base: TokenId, ids: &[OrderId]) -> Action {
    let cancels = ids.iter().map(|order| Cancel { asset: asset(base), order: *order }).collect();
    Action::Cancel(CancelOrders { cancels, fast: None })
}

/// Replaces one order.
#[must_use]
pub const fn modify(id: OrderId, order: Order) -> Action {
    Action::Modify(Modify { target: OrderRef::Id(id), order })
}

/// Approves `agent` under a name, or as the unnamed one. `nonce` is signed within.
#[must_use]
pub fn approve(agent: &Address, name: Option<&str>, nonce: u64) -> Action {
    Action::ApproveAgent(ApproveAgent { agent: *agent, name: name.map(Into::into), user: user(nonce) })
}

pub(crate) const fn user(nonce: u64) -> UserSigned {
    UserSigned { chain_id: CHAIN_ID, chain: HyperliquidChain::Testnet, nonce }
}

/// Gives an account to several keys, or with none back to its own. `nonce` is signed within.
///
/// # Panics
/// If there are too many.
#[must_use]
pub fn convert(users: &[Address], threshold: u8, nonce: u64) -> Action {
    let signers = if users.is_empty() {
        SignersText::new("null").ok()
    } else {
        SignersText::of(&Signers { users: users.to_vec(), threshold })
    };
    let signers = signers.expect("signers");
    Action::ConvertToMultiSigUser(ConvertToMultiSigUser { signers, user: user(nonce) })
}

/// Sends tokens. `nonce` is signed within.
#[must_use]
pub fn send(to: &Address, token: TokenId, amount: &str, nonce: u64) -> Action {
    Action::SpotSend(SpotSend {
        destination: AddressText::new(&to.to_string()).expect("an address"),
        token: token_text(token).into(),
        amount: Amount::new(amount).expect("an amount"),
        user: user(nonce),
    })
}
