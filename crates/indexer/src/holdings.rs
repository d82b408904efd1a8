//! What traders held of a spot market's base token before each of a block's trades.
//!
//! Only the end of a block is known: from there its events are gone through backwards, each undone.

use crate::block::{Before, TradeRow};
use crate::events::Subject;
use crate::markets::{Markets, entry};
use std::collections::HashMap;
use std::sync::Arc;
use tandem_book::Side;
use tandem_exchange::{Balance, BalanceKey, Event, ExchangeTables, QUOTE, TREASURY, Trade};
use tandem_node::DecidedBlock;
use tandem_state::{Delta, Prefix};
use tandem_types::{AccountId, TokenAtoms, TokenId};

pub(crate) const BALANCES: Prefix = Prefix::new(ExchangeTables::ENGINE, 9);

/// Fills in what the traders of a block's trades (`rows`, in its order) held before them. `balance` is asked for what
/// somebody holds where the block left it as it was.
pub(crate) fn fill_in(
    rows: &mut [Arc<TradeRow>],
    block: &DecidedBlock,
    balance: &dyn Fn(BalanceKey) -> TokenAtoms,
    markets: &Markets,
) {
    let mut holdings = Holdings { delta: &block.delta, balance, known: HashMap::new() };
    let actions = block.receipts.actions.iter().flat_map(|receipt| &receipt.events);
    let events: Vec<&Event> = actions.chain(&block.receipts.due).collect();
    let mut rows = rows.iter_mut().rev();
    for event in events.into_iter().rev() {
        match Subject::of(event) {
            Subject::Trade(trade) => {
                let row = rows.next().and_then(Arc::get_mut);
                if let Some((taker, maker)) = holdings.undo_trade(trade, markets)
                    && let Some(row) = row
                {
                    (row.taker_before, row.maker_before) = (Before::Spot(taker), Before::Spot(maker));
                }
            }
            Subject::Money | Subject::Builder(_) => holdings.undo_move(event),
            Subject::Order
            | Subject::Position(_)
            | Subject::Liquidation(_)
            | Subject::Settled
            | Subject::Twap
            | Subject::Aside => {}
        }
    }
}

/// What accounts held, going back through a block from its end.
struct Holdings<'a> {
    delta: &'a Delta,
    balance: &'a dyn Fn(BalanceKey) -> TokenAtoms,
    known: HashMap<BalanceKey, u64>,
}

impl Holdings<'_> {
    fn of(&mut self, account: AccountId, token: TokenId) -> &mut u64 {
        let key = BalanceKey { account, token };
        let (delta, balance) = (self.delta, self.balance);
        self.known.entry(key).or_insert_with(|| {
            let full = BALANCES.key(&key);
            let change = delta.changes_under(&full).next();
            match change {
                Some(change) => {
                    entry::<BalanceKey, Balance>(change.key, change.new).map_or(0, |(_, b)| b.total.0)
                }
                None => balance(key).0,
            }
        })
    }

    fn undo_receipt(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) {
        let held = self.of(account, token);
        *held = held.saturating_sub(amount.0);
    }

    fn undo_payment(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) {
        let held = self.of(account, token);
        *held = held.saturating_add(amount.0);
    }

    /// Undoes what moved spot balances other than by a trade.
    fn undo_move(&mut self, event: &Event) {
        match *event {
            Event::Transfer { from, to, token, amount } => {
                self.undo_receipt(to, token, amount);
                self.undo_payment(from, token, amount);
            }
            Event::RewardsClaimed { account, amount } => {
                self.undo_receipt(account, QUOTE, amount);
                self.undo_payment(TREASURY, QUOTE, amount);
            }
            Event::BuilderPaid(paid) => self.undo_receipt(paid.builder, QUOTE, paid.amount),
            Event::ClassTransfer { account, to_perp } if to_perp.is_negative() => {
                self.undo_receipt(account, QUOTE, TokenAtoms(to_perp.0.unsigned_abs()));
            }
            Event::ClassTransfer { account, to_perp } => {
                self.undo_payment(account, QUOTE, TokenAtoms(to_perp.0.unsigned_abs()));
            }
            _ => {}
        }
    }

    /// Undoes the base token's side of a trade; returns what taker and maker held of it before. Trades of perpetuals move
    /// no token that has a market.
    fn undo_trade(&mut self, trade: &Trade, markets: &Markets) -> Option<(TokenAtoms, TokenAtoms)> {
        let market = markets.spot(trade.market)?;
        let base = trade.size.base_atoms(market.atoms_per_lot).unwrap_or_default();
        let (buyer, seller, fee) = match trade.taker_side {
            Side::Bid => (trade.taker, trade.maker, trade.taker_fee),
            Side::Ask => (trade.maker, trade.taker, trade.maker_fee),
        };
        self.undo_receipt(buyer, market.base, base.minus_or_zero(fee));
        self.undo_payment(seller, market.base, base);
        if trade.taker_side == Side::Bid {
            self.undo_receipt(seller, market.base, trade.maker_rebate);
        }
        let taker = *self.of(trade.taker, market.base);
        let maker = *self.of(trade.maker, market.base);
        Some((TokenAtoms(taker), TokenAtoms(maker)))
    }
}
