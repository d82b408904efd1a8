//! Something that happened to an account.

use super::{
    BuilderPaid, CloseReason, Deleveraged, LiquidationOrder, PositionChange, Takeover, Trade, VaultWithdrawal,
};
use crate::Rejection;
use crate::action::TimeInForce;
use crate::trigger::record::TriggerOrder;
use crate::twap::record::{Twap, TwapEnd};
use tandem_book::Side;
use tandem_oracle::Rate;
use tandem_types::{
    AccountId, Address, Cloid, MarketId, OrderId, PriceRank, PriceTicks, QuoteAtoms, SignedLots, SizeLots,
    TokenAtoms, TokenId, Usd,
};

/// Something that happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An order was accepted; what follows says what became of it.
    Opened {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// Where.
        market: MarketId,
        /// Its side.
        side: Side,
        /// Its price.
        price: PriceRank,
        /// Its size.
        size: SizeLots,
        /// The trader's own id for it.
        cloid: Option<Cloid>,
        /// How long it was to stay.
        time_in_force: TimeInForce,
    },
    /// A trade.
    Trade(Trade),
    /// An order's size was reduced in place, by its owner or by self-trade prevention.
    Reduced {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// What remains.
        remaining: SizeLots,
    },
    /// An order ended.
    Closed {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// What remained of it.
        remaining: SizeLots,
        /// Why.
        reason: CloseReason,
    },
    /// Tokens moved between accounts.
    Transfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// What.
        token: TokenId,
        /// How much.
        amount: TokenAtoms,
    },
    /// An account came to be.
    AccountCreated {
        /// Its number.
        account: AccountId,
        /// Its address.
        address: Address,
        /// What the treasury got for it, of the quote; the account that acted paid.
        fee: TokenAtoms,
    },
    /// An agent was approved, or with the zero address only the former one revoked.
    AgentApproved {
        /// For whom.
        account: AccountId,
        /// Who.
        agent: Address,
    },
    /// A trade changed a position.
    Position(PositionChange),
    /// A position paid funding, or with a negative amount was paid.
    Funding {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// The size that paid.
        size: SignedLots,
        /// What it paid.
        paid: Usd,
    },
    /// A market's funding of an hour was fixed.
    FundingRate {
        /// Where.
        market: MarketId,
        /// The rate.
        rate: Rate,
        /// The mean premium.
        premium: Rate,
        /// The oracle price that it is paid on.
        oracle: PriceTicks,
    },
    /// USD moved between an account's spot balance and its collateral.
    ClassTransfer {
        /// Whose.
        account: AccountId,
        /// What the collateral gained, or with a negative amount lost.
        to_perp: Usd,
    },
    /// Collateral moved between accounts.
    UsdTransfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// How much.
        amount: QuoteAtoms,
    },
    /// Collateral moved into an isolated position, or with a negative amount out of it, as its owner asked.
    IsolatedMargin {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// How much.
        amount: Usd,
    },
    /// A position of an account below its maintenance margin goes to the book: the order that follows.
    LiquidationOrder(LiquidationOrder),
    /// A vault took a position of such an account.
    Takeover(Takeover),
    /// A vault took what the account (or its isolated position) was worth after its positions.
    TakenCollateral {
        /// Whose.
        account: AccountId,
        /// The vault.
        by: AccountId,
        /// How much; below zero what it owed.
        amount: Usd,
    },
    /// A position was closed against the insurance fund's.
    Deleveraged(Deleveraged),
    /// A trigger order was accepted and waits.
    Waiting {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// As it waits.
        order: TriggerOrder,
    },
    /// The order that it was to protect has filled: it waits for its price from now on.
    Armed {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// Its size, which may have become less.
        size: SizeLots,
    },
    /// A waiting order fired, and ends as such; what follows tells of the order that it becomes.
    Triggered {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// The order that it becomes.
        becomes: OrderId,
    },
    /// A waiting order fired, and the order that it was to become was refused.
    TriggerRefused {
        /// Whose.
        account: AccountId,
        /// Which.
        id: OrderId,
        /// Why.
        why: Rejection,
    },
    /// A TWAP order began.
    TwapStarted {
        /// Whose.
        account: AccountId,
        /// Its number.
        id: u64,
        /// As it begins.
        twap: Twap,
    },
    /// A part of a TWAP order traded.
    TwapPart {
        /// Whose.
        account: AccountId,
        /// Its number.
        id: u64,
        /// The order of the part.
        order: OrderId,
        /// How much of it traded.
        filled: SizeLots,
    },
    /// A TWAP order ended.
    TwapEnded {
        /// Whose.
        account: AccountId,
        /// Its number.
        id: u64,
        /// How much of it traded.
        filled: SizeLots,
        /// At what notional.
        notional: QuoteAtoms,
        /// Why.
        why: TwapEnd,
    },
    /// A sub-account was made, or renamed; its master's list has the name.
    SubAccountNamed {
        /// Whose it is.
        master: AccountId,
        /// Which.
        account: AccountId,
    },
    /// Collateral went between an account and its sub-account.
    SubAccountTransfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// How much.
        amount: QuoteAtoms,
    },
    /// A builder got its fee of the trade before.
    BuilderPaid(BuilderPaid),
    /// A vault came to be; its leader's first deposit follows.
    VaultCreated {
        /// The vault.
        vault: AccountId,
        /// Its leader.
        leader: AccountId,
        /// The first deposit.
        amount: QuoteAtoms,
    },
    /// Collateral went into a vault.
    VaultDeposit {
        /// The vault.
        vault: AccountId,
        /// Whose it was.
        account: AccountId,
        /// How much.
        amount: QuoteAtoms,
    },
    /// A holder of a vault was paid.
    VaultWithdrawal(VaultWithdrawal),
    /// A referrer was paid what it had earned.
    RewardsClaimed {
        /// The referrer.
        account: AccountId,
        /// How much, of USD, out of the treasury's balance.
        amount: TokenAtoms,
    },
    /// An account is in another trade group than before.
    TradeGroup {
        /// Who.
        account: AccountId,
        /// Who leads it; nobody if it is in none.
        leader: Option<AccountId>,
    },
}
tandem_codec::variants!(Event as "event" {
    Opened { account, id, market, side, price, size, cloid, time_in_force } = 0,
    Trade(trade) = 1,
    Reduced { account, id, remaining } = 2,
    Closed { account, id, remaining, reason } = 3,
    Transfer { from, to, token, amount } = 4,
    AccountCreated { account, address, fee } = 5,
    AgentApproved { account, agent } = 6,
    Position(change) = 16,
    Funding { account, market, size, paid } = 17,
    FundingRate { market, rate, premium, oracle } = 18,
    ClassTransfer { account, to_perp } = 19,
    UsdTransfer { from, to, amount } = 20,
    IsolatedMargin { account, market, amount } = 21,
    LiquidationOrder(order) = 32,
    Takeover(takeover) = 33,
    TakenCollateral { account, by, amount } = 34,
    Deleveraged(deleveraged) = 35,
    Waiting { account, id, order } = 48,
    Armed { account, id, size } = 49,
    Triggered { account, id, becomes } = 50,
    TriggerRefused { account, id, why } = 51,
    TwapStarted { account, id, twap } = 52,
    TwapPart { account, id, order, filled } = 53,
    TwapEnded { account, id, filled, notional, why } = 54,
    SubAccountNamed { master, account } = 40,
    SubAccountTransfer { from, to, amount } = 41,
    BuilderPaid(paid) = 56,
    VaultCreated { vault, leader, amount } = 57,
    VaultDeposit { vault, account, amount } = 58,
    VaultWithdrawal(withdrawal) = 59,
    RewardsClaimed { account, amount } = 60,
    TradeGroup { account, leader } = 70,
});
