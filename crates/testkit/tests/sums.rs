//! What is kept of accounts' sums within a block is what summing anew gives.

use proptest::prelude::*;
use tandem_exchange::action::{Action, Order, OrderKind, TimeInForce};
use tandem_exchange::{Account, perp};
use tandem_state::Tables as _;
use tandem_testkit::{DOGE, ETH, Floor, buy_perp, cancel_perp, isolated_margin, leverage, place, sell_perp};
use tandem_types::{AccountId, Address, OrderId, Usd};

const FIRST: u32 = 10;
const ACCOUNTS: u32 = 5;

/// Two markets with prices, and accounts of a few thousand dollars each.
fn floor() -> Floor {
    let mut floor = Floor::default();
    for account in FIRST..FIRST + ACCOUNTS {
        floor.tables.accounts.put(AccountId(account), Account::new(Address([1; 20])));
        floor.tables.collaterals.put(AccountId(account), Usd(3_000 * 100_000_000));
    }
    floor.tables.seal();
    floor.prices(100, &[20_000_000, 100_000]);
    floor
}

fn order() -> impl Strategy<Value = Order> {
    let price = prop_oneof![Just(0usize), Just(1), Just(2), Just(3), Just(4)];
    (any::<bool>(), any::<bool>(), price, 1u32..=9, 0..4u8, any::<bool>()).prop_map(
        |(eth, buys, at, size, kind, reduces)| {
            let (market, prices, size) = if eth {
                (
                    ETH,
                    ["1990", "1995", "2000", "2005", "2010"],
                    format!("0.{}{size}", if kind == 2 { "" } else { "0" }),
                )
            } else {
                (DOGE, ["0.099", "0.0995", "0.1", "0.1005", "0.101"], format!("{}", size * 2_000))
            };
            let side = if buys { buy_perp } else { sell_perp };
            let time_in_force = if kind == 0 { TimeInForce::Ioc } else { TimeInForce::Gtc };
            let order = side(market, prices[at], &size);
            Order { kind: OrderKind::Limit(time_in_force), reduce_only: reduces && kind == 1, ..order }
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    let market = prop_oneof![Just(ETH), Just(DOGE)];
    prop_oneof![
        8 => prop::collection::vec(order(), 1..4).prop_map(|orders| place(&orders)),
        2 => (market.clone(), 0u64..60).prop_map(|(market, id)| cancel_perp(market, &[OrderId(id)])),
        1 => (market.clone(), 1u64..=10, any::<bool>())
            .prop_map(|(market, times, is_cross)| leverage(market, times, is_cross)),
        1 => (market, -200i64..200).prop_map(|(market, usd)| isolated_margin(market, usd * 1_000_000)),
    ]
}

/// Several actions in a block, and the change of both prices before it, in thousandths.
fn blocks() -> impl Strategy<Value = Vec<(u64, Vec<(u32, Action)>)>> {
    let actions = prop::collection::vec((FIRST..FIRST + ACCOUNTS, action()), 1..12);
    prop::collection::vec((970u64..=1_030, actions), 1..6)
}

fn assert_kept_as_anew(floor: &mut Floor) -> u32 {
    let mut kept = 0;
    for account in (FIRST..FIRST + ACCOUNTS).map(AccountId) {
        if let Some(sums) = floor.tables.cross_sums.get(&account).copied() {
            assert_eq!(sums, perp::sums_anew(&mut floor.tables, account).unwrap(), "{account}");
            kept += 1;
        }
    }
    kept
}

proptest! {
    #[test]
    fn sums_kept_are_sums_made_anew(blocks in blocks()) {
        let mut floor = floor();
        let mut kept = 0;
        for (thousandths, actions) in blocks {
            let events = floor.begin(3_000, &[20_000 * thousandths, 100 * thousandths]);
            let resting = place(&[buy_perp(DOGE, "0.09", "200")]);
            for (account, action) in core::iter::once((FIRST, resting)).chain(actions) {
                floor.act(AccountId(account), &action).ok();
                kept += assert_kept_as_anew(&mut floor);
            }
            floor.end(events);
            for account in FIRST..FIRST + ACCOUNTS {
                prop_assert!(floor.tables.cross_sums.get(&AccountId(account)).is_none());
            }
        }
        prop_assert!(kept > 0);
    }
}
