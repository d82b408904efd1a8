//! Balances: the only code that changes them.
//!
//! Invariant: `hold ≤ total` for every balance, and per token the totals change only by [`credit`] and [`debit`] in
//! equal amounts within each operation of the exchange (checked from the block's delta by `invariants`).

use crate::Rejection;
use crate::records::Balance;
use crate::tables::{BalanceKey, ExchangeTables};
use tandem_state::Table;
use tandem_state::index::Hashed;
use tandem_types::{AccountId, TokenAtoms, TokenId};

/// The quote of every spot market, and the collateral of perpetuals: USD.
pub const QUOTE: TokenId = TokenId(0);
/// The account that receives fees.
pub const TREASURY: AccountId = AccountId(0);

/// The table of balances.
pub(crate) type Balances = Table<BalanceKey, Balance, Hashed<BalanceKey, Balance>>;

/// What `account` can use of `token`.
pub(crate) fn available(balances: &mut Balances, account: AccountId, token: TokenId) -> TokenAtoms {
    balances.get(&BalanceKey { account, token }).map(Balance::available).unwrap_or_default()
}

/// Adds to the total.
pub(crate) fn credit(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    change(balances, account, token, |balance| {
        Ok(Balance { total: balance.total.plus(amount)?, hold: balance.hold })
    })
}

/// Takes from the free part.
pub(crate) fn debit(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    change(balances, account, token, |balance| {
        balance.available().minus(amount)?;
        Ok(Balance { total: balance.total.minus(amount)?, hold: balance.hold })
    })
}

/// Puts a free part behind an order.
pub(crate) fn hold(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    change(balances, account, token, |balance| {
        balance.available().minus(amount)?;
        Ok(Balance { total: balance.total, hold: balance.hold.plus(amount)? })
    })
}

/// Frees what stood behind an order.
pub(crate) fn release(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    change(balances, account, token, |balance| {
        Ok(Balance { total: balance.total, hold: balance.hold.minus(amount)? })
    })
}

/// Pays out of what stood behind an order.
pub(crate) fn spend_held(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    change(balances, account, token, |balance| {
        Ok(Balance { total: balance.total.minus(amount)?, hold: balance.hold.minus(amount)? })
    })
}

/// Moves the free part of one account to another.
pub(crate) fn transfer(
    tables: &mut ExchangeTables,
    from: AccountId,
    to: AccountId,
    token: TokenId,
    amount: TokenAtoms,
) -> Result<(), Rejection> {
    debit(&mut tables.balances, from, token, amount)?;
    credit(&mut tables.balances, to, token, amount)
}

/// Replaces a balance by what `next` makes of it; an empty one is not kept.
fn change(
    balances: &mut Balances,
    account: AccountId,
    token: TokenId,
    next: impl FnOnce(Balance) -> Result<Balance, Rejection>,
) -> Result<(), Rejection> {
    let key = BalanceKey { account, token };
    let balance = next(balances.get(&key).copied().unwrap_or_default())?;
    if balance == Balance::default() {
        balances.remove(&key);
    } else {
        balances.put(key, balance);
    }
    Ok(())
}
