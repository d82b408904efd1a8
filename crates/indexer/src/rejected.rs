//! Orders that the rules refused, by id, by account and by client order id.
//!
//! A refused order leaves no trace in the state but the status in its action's receipt, and so it has no id. Clients
//! want one: here it gets a number that no order of the chain will reach, made of the block's height and its place among
//! the refused of that block, so that it is the same in every node and after every restart.
//!
//! Listed is what came to the point of being judged as an order: an item of a batch that names a market. Actions that
//! were refused whole, modifications of orders that are not open, and trigger orders, which no market takes yet, are not.

use std::collections::{HashMap, VecDeque};
use tandem_book::Side;
use tandem_codec::Decode;
use tandem_exchange::action::{Action, Decimal, Order, OrderKind, SignedAction, TimeInForce};
use tandem_exchange::{ItemStatus, Receipt, Rejection};
use tandem_types::{AccountId, BlockTime, Cloid, Height, MarketId, OrderId};

/// Refused orders kept in all. They are kept apart from ended ones, so that a flood of them pushes out none of those.
pub const REJECTED_KEPT: usize = 100_000;
/// Refused orders kept of each account.
pub const REJECTED_PER_ACCOUNT: usize = 500;
/// The first number of a refused order; the last is below 2^53, up to which JSON's readers count exactly.
pub const REJECTED_ID_FIRST: u64 = 1 << 52;

/// Bits of a number that count within a block, and so those that are left for the height.
const PLACE_BITS: u32 = 20;
const HEIGHT_BITS: u32 = 32;

/// An order that was refused, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectedOrder {
    /// A number of its own, [`REJECTED_ID_FIRST`] or above.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Its side.
    pub side: Side,
    /// Its limit price as written: it may be none that the market has.
    pub price: Decimal,
    /// Its size as written.
    pub size: Decimal,
    /// Whether it was to make a position smaller only.
    pub reduce_only: bool,
    /// How long it was to stay.
    pub time_in_force: TimeInForce,
    /// The owner's own id for it.
    pub cloid: Option<Cloid>,
    /// When.
    pub time: BlockTime,
    /// Why.
    pub why: Rejection,
}

impl RejectedOrder {
    /// Hyperliquid's word for what became of it; where it has none of its own, the general one.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        word(self.why, self.time_in_force)
    }

    fn new(order: &Order, why: Rejection) -> Option<Self> {
        let OrderKind::Limit(time_in_force) = order.kind else { return None };
        Some(Self {
            id: OrderId(0),
            account: AccountId(0),
            market: MarketId(u16::try_from(order.asset.0).ok()?),
            side: if order.is_buy { Side::Bid } else { Side::Ask },
            price: order.price,
            size: order.size,
            reduce_only: order.reduce_only,
            time_in_force,
            cloid: order.cloid,
            time: BlockTime(0),
            why,
        })
    }
}

/// Hyperliquid's word for a refusal of an order that was to stay so long.
pub(crate) const fn word(why: Rejection, time_in_force: TimeInForce) -> &'static str {
    match (why, time_in_force) {
        (Rejection::PriceTick, _) => "tickRejected",
        (Rejection::NotionalTooSmall, _) => "minTradeNtlRejected",
        (Rejection::InsufficientBalance, _) => "insufficientSpotBalanceRejected",
        (Rejection::InsufficientMargin | Rejection::InsufficientMarginAfterFill, _) => "perpMarginRejected",
        (Rejection::ReduceOnlyUnsupported | Rejection::ReduceOnlyWouldIncrease, _) => "reduceOnlyRejected",
        (Rejection::PriceTooFar, _) => "oracleRejected",
        (Rejection::OpenInterestCap, _) => "positionIncreaseAtOpenInterestCapRejected",
        (Rejection::PostOnlyWouldCross, _) => "badAloPxRejected",
        (Rejection::NoMatch, TimeInForce::FrontendMarket) => "marketOrderNoLiquidityRejected",
        (Rejection::NoMatch, _) => "iocCancelRejected",
        (_, _) => "rejected",
    }
}

/// The orders that an action was refused, in its order. `raw` is what stands in the block.
pub(crate) fn rejected(raw: &[u8], receipt: &Receipt, time: BlockTime) -> Vec<RejectedOrder> {
    let Ok(items) = &receipt.result else { return Vec::new() };
    if !items.iter().any(|item| matches!(item, ItemStatus::Rejected(_))) {
        return Vec::new();
    }
    let orders = orders_of(raw);
    let refused = orders.iter().zip(items).filter_map(|(order, item)| match item {
        ItemStatus::Rejected(Rejection::ModifyUnknownOrder | Rejection::UnknownAsset) => None,
        ItemStatus::Rejected(why) => RejectedOrder::new(order, *why),
        ItemStatus::Done
        | ItemStatus::Resting { .. }
        | ItemStatus::Filled { .. }
        | ItemStatus::WaitingForFill { .. }
        | ItemStatus::WaitingForTrigger { .. }
        | ItemStatus::TwapRunning { .. }
        | ItemStatus::AccountMade { .. } => None,
    });
    refused.map(|order| RejectedOrder { account: receipt.account, time, ..order }).collect()
}

/// The orders that an action asks for, one for each of its items; none if its items are no orders.
pub(crate) fn orders_of(raw: &[u8]) -> Vec<Order> {
    let action = SignedAction::from_bytes(raw).ok().and_then(|signed| Action::decode(&signed.action).ok());
    let within = action.map(|action| match action {
        Action::MultiSig(multi_sig) => *multi_sig.action,
        other => other,
    });
    match within {
        Some(Action::Order(request)) => request.orders,
        Some(Action::Modify(modify)) => vec![modify.order],
        Some(Action::BatchModify(modifies)) => modifies.iter().map(|modify| modify.order).collect(),
        _ => Vec::new(),
    }
}

/// The last refused orders; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Rejected {
    by_account: HashMap<AccountId, VecDeque<RejectedOrder>>,
    /// In the order of their numbers.
    all: VecDeque<(OrderId, AccountId)>,
}

impl Rejected {
    /// Keeps the refused orders of a block, numbering them.
    pub(crate) fn add(&mut self, height: Height, orders: &mut [RejectedOrder]) {
        for (place, order) in (0u64..).zip(orders) {
            if let Some(id) = number(height, place) {
                order.id = id;
                self.add_within(*order, REJECTED_KEPT);
            }
        }
    }

    fn add_within(&mut self, order: RejectedOrder, kept: usize) {
        let of_account = self.by_account.entry(order.account).or_default();
        of_account.push_back(order);
        if of_account.len() > REJECTED_PER_ACCOUNT {
            of_account.pop_front();
        }
        self.all.push_back((order.id, order.account));
        while self.all.len() > kept {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((id, account)) = self.all.pop_front() else { return };
        let Some(of_account) = self.by_account.get_mut(&account) else { return };
        if of_account.front().is_some_and(|order| order.id == id) {
            of_account.pop_front();
        }
        if of_account.is_empty() {
            self.by_account.remove(&account);
        }
    }

    /// The refused orders of an account, the last first.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &RejectedOrder> {
        self.by_account.get(&account).into_iter().flat_map(|orders| orders.iter().rev())
    }
}

/// The number of a refused order; `None` beyond what fits, in 13 years or in a block of a million.
pub(crate) fn number(height: Height, place: u64) -> Option<OrderId> {
    let fits = height.0 < 1 << HEIGHT_BITS && place < 1 << PLACE_BITS;
    fits.then(|| OrderId(REJECTED_ID_FIRST + (height.0 << PLACE_BITS) + place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_exchange::action::AssetId;

    fn refused(account: u32, why: Rejection, time_in_force: TimeInForce) -> RejectedOrder {
        let order = Order {
            asset: AssetId(10_000),
            is_buy: true,
            price: Decimal::parse("1.5").unwrap(),
            size: Decimal::parse("2").unwrap(),
            reduce_only: false,
            kind: OrderKind::Limit(time_in_force),
            cloid: None,
            self_trade_prevention: None,
            expires: None,
        };
        RejectedOrder { account: AccountId(account), ..RejectedOrder::new(&order, why).unwrap() }
    }

    #[test]
    fn each_reason_has_the_word_that_clients_know() {
        use TimeInForce::{Alo, Fok, FrontendMarket, Gtc, Ioc};
        let rows = [
            (Rejection::PriceTick, Gtc, "tickRejected"),
            (Rejection::NotionalTooSmall, Gtc, "minTradeNtlRejected"),
            (Rejection::InsufficientBalance, Gtc, "insufficientSpotBalanceRejected"),
            (Rejection::InsufficientMargin, Gtc, "perpMarginRejected"),
            (Rejection::InsufficientMarginAfterFill, Ioc, "perpMarginRejected"),
            (Rejection::ReduceOnlyUnsupported, Gtc, "reduceOnlyRejected"),
            (Rejection::ReduceOnlyWouldIncrease, Ioc, "reduceOnlyRejected"),
            (Rejection::PriceTooFar, Gtc, "oracleRejected"),
            (Rejection::OpenInterestCap, Gtc, "positionIncreaseAtOpenInterestCapRejected"),
            (Rejection::PostOnlyWouldCross, Alo, "badAloPxRejected"),
            (Rejection::NoMatch, Ioc, "iocCancelRejected"),
            (Rejection::NoMatch, FrontendMarket, "marketOrderNoLiquidityRejected"),
            (Rejection::FillOrKillUnfilled, Fok, "rejected"),
            (Rejection::TooManyOpenOrders, Gtc, "rejected"),
        ];
        for (why, time_in_force, word) in rows {
            assert_eq!(refused(1, why, time_in_force).word(), word, "{why:?}");
            assert!(crate::ORDER_STATUS_WORDS.contains(&word), "{word}");
        }
    }

    #[test]
    fn numbers_are_above_every_order_and_exact_in_json() {
        let last = number(Height((1 << HEIGHT_BITS) - 1), (1 << PLACE_BITS) - 1);
        assert_eq!(number(Height(0), 0), Some(OrderId(1 << 52)));
        assert_eq!(last, Some(OrderId((1 << 53) - 1)));
        assert_eq!(number(Height(1 << HEIGHT_BITS), 0), None);
        assert_eq!(number(Height(0), 1 << PLACE_BITS), None);
    }

    #[test]
    fn the_oldest_are_forgotten_everywhere() {
        let mut kept = Rejected::default();
        for number in 0..10 {
            let order = refused(u32::from(number >= 5), Rejection::PriceTick, TimeInForce::Gtc);
            kept.add_within(RejectedOrder { id: OrderId(number), ..order }, 3);
        }
        let ids: Vec<u64> = kept.of(AccountId(1)).map(|order| order.id.0).collect();
        assert_eq!(ids, [9, 8, 7]);
        assert_eq!((kept.of(AccountId(0)).count(), kept.by_account.len()), (0, 1));
        let mut many = Rejected::default();
        for number in 0..=REJECTED_PER_ACCOUNT as u64 {
            let order = refused(1, Rejection::PriceTick, TimeInForce::Gtc);
            many.add_within(RejectedOrder { id: OrderId(number), ..order }, REJECTED_KEPT);
        }
        assert_eq!(many.of(AccountId(1)).count(), REJECTED_PER_ACCOUNT);
        assert_eq!(many.of(AccountId(1)).last().map(|order| order.id), Some(OrderId(1)));
    }
}
