//! What is asked for, and by whom.

use std::num::NonZeroU32;
use tandem_exchange::action::{
    Action, AssetId, CancelByCloid, Decimal, Grouping, Order, OrderKind, PlaceOrders, TimeInForce,
};
use tandem_types::Cloid;

/// The price around which orders stand, in cents: in a whole market's range of five significant figures.
const MIDDLE_CENTS: u64 = 50_000;
/// Price levels on each side, one cent apart.
const LEVELS: u64 = 100;
const PRICE_DECIMALS: u8 = 2;
/// A signer places in so many of its requests, and then cancels in as many: time enough for the first to arrive.
const ROUNDS_BEFORE_CANCEL: u64 = 2;

/// What the requests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Post-only orders that stay.
    Rest,
    /// Post-only orders, each cancelled by a later request of its signer: half are orders, half cancels.
    Cancel,
    /// Orders to buy and to sell at one price: each pair trades.
    Trade,
}

/// Requests by number: the signers take turns.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The market.
    pub asset: AssetId,
    /// How many sign.
    pub signers: NonZeroU32,
    /// Orders or cancels in a request.
    pub batch: NonZeroU32,
    /// What the requests are.
    pub mix: Mix,
    /// Distinguishes the client order ids of runs on one chain.
    pub run: u64,
}

impl Plan {
    /// Who signs a request.
    #[must_use]
    pub fn signer(&self, request: u64) -> u32 {
        u32::try_from(request % u64::from(self.signers.get())).unwrap_or(0)
    }

    /// How many requests its signer has signed before it.
    #[must_use]
    pub fn round(&self, request: u64) -> u64 {
        request / u64::from(self.signers.get())
    }

    /// The action of a request; `None` if its prices are beyond what an action can say, which those here are not.
    #[must_use]
    pub fn action(&self, request: u64) -> Option<Action> {
        if self.mix == Mix::Cancel && self.round(request) % (2 * ROUNDS_BEFORE_CANCEL) >= ROUNDS_BEFORE_CANCEL
        {
            let placed = request - ROUNDS_BEFORE_CANCEL * u64::from(self.signers.get());
            let cancel = |number| CancelByCloid { asset: self.asset, cloid: self.cloid(number) };
            return Some(Action::CancelByCloid(self.items(placed).map(cancel).collect()));
        }
        let orders = self.items(request).map(|number| self.order(request, number)).collect::<Option<_>>()?;
        Some(Action::Order(PlaceOrders { orders, grouping: Grouping::Na, builder: None }))
    }

    /// The numbers of a request's orders.
    fn items(&self, request: u64) -> impl Iterator<Item = u64> + use<> {
        let batch = u64::from(self.batch.get());
        request * batch..(request + 1) * batch
    }

    fn cloid(&self, number: u64) -> Cloid {
        Cloid((u128::from(self.run) << 64 | u128::from(number)).to_be_bytes())
    }

    /// One request's orders are all on one side, so that they never meet each other.
    fn order(&self, request: u64, number: u64) -> Option<Order> {
        let is_buy = (request + self.round(request)).is_multiple_of(2);
        let distance = match self.mix {
            Mix::Trade => 0,
            Mix::Rest | Mix::Cancel => 1 + number % LEVELS,
        };
        let cents = if is_buy { MIDDLE_CENTS - distance } else { MIDDLE_CENTS + distance };
        let time_in_force = match self.mix {
            Mix::Trade => TimeInForce::Gtc,
            Mix::Rest | Mix::Cancel => TimeInForce::Alo,
        };
        Some(Order {
            asset: self.asset,
            is_buy,
            price: Decimal::new(cents, PRICE_DECIMALS)?,
            size: Decimal::new(1, 0)?,
            reduce_only: false,
            kind: OrderKind::Limit(time_in_force),
            cloid: Some(self.cloid(number)),
            self_trade_prevention: None,
            expires: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn plan(mix: Mix, signers: u32, batch: u32) -> Plan {
        let number = |number| NonZeroU32::new(number).unwrap();
        Plan { asset: AssetId(10_002), signers: number(signers), batch: number(batch), mix, run: 9 }
    }

    #[test]
    fn resting_orders_do_not_cross_and_have_ids_of_their_own() {
        let plan = plan(Mix::Rest, 10, 20);
        let (mut bids, mut asks, mut ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for request in 0..100 {
            let Some(Action::Order(place)) = plan.action(request) else { panic!("an order") };
            for order in place.orders {
                let side = if order.is_buy { &mut bids } else { &mut asks };
                side.insert(order.price.to_units(PRICE_DECIMALS).unwrap());
                assert!(ids.insert(order.cloid.unwrap().0));
            }
        }
        assert_eq!(ids.len(), 2_000);
        assert!(bids.last() < asks.first());
    }

    #[test]
    fn a_cancelled_order_is_one_that_its_signer_placed_before() {
        let plan = plan(Mix::Cancel, 3, 2);
        let mut open = BTreeSet::new();
        for request in 0..48 {
            let signer = plan.signer(request);
            match plan.action(request).unwrap() {
                Action::Order(place) => {
                    place.orders.iter().for_each(|order| {
                        assert!(open.insert((signer, order.cloid.unwrap().0)));
                    });
                }
                Action::CancelByCloid(cancels) => {
                    cancels.iter().for_each(|cancel| assert!(open.remove(&(signer, cancel.cloid.0))));
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(open.is_empty());
    }

    #[test]
    fn trading_orders_meet_at_one_price_as_many_on_either_side() {
        for signers in [1, 2, 7, 1_000] {
            let plan = plan(Mix::Trade, signers, 1);
            let mut buys = 0;
            for request in 0..14_000 {
                let Some(Action::Order(place)) = plan.action(request) else { panic!("an order") };
                assert_eq!(place.orders[0].price.to_units(PRICE_DECIMALS), Some(MIDDLE_CENTS));
                buys += u32::from(place.orders[0].is_buy);
            }
            assert!((6_000..=8_000).contains(&buys) || signers == 1, "{signers}: {buys}");
        }
    }
}
