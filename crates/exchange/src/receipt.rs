//! What an action did, for whoever asks later.

use crate::Rejection;
use crate::action::TimeInForce;
use crate::trigger::TriggerOrder;
use crate::twap::{Twap, TwapEnd};
use alloc::vec::Vec;
use tandem_book::Side;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_oracle::Rate;
use tandem_types::{
    AccountId, Address, Cloid, MarketId, OrderId, PriceRank, PriceTicks, QuoteAtoms, SignedLots, SizeLots,
    TokenAtoms, TokenId, TradeId, TxId, Usd,
};

/// Most items in a receipt: the largest batch.
const ITEMS_MAX: u32 = 1_000;
/// Most events in a receipt: every item of the largest batch with the most fills.
const EVENTS_MAX: u32 = 1 << 20;

/// How one item of an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// Done; nothing more to say (cancels, transfers).
    Done,
    /// The order rests, with what was filled at once.
    Resting {
        /// The order.
        id: OrderId,
        /// Filled before it came to rest.
        filled: SizeLots,
    },
    /// The order filled, or took what it could and ended.
    Filled {
        /// The order.
        id: OrderId,
        /// Size filled.
        size: SizeLots,
        /// Notional of the fills, from which the average price follows.
        notional: QuoteAtoms,
    },
    /// Refused.
    Rejected(Rejection),
    /// The order waits for the first order of its group to fill.
    WaitingForFill {
        /// The order.
        id: OrderId,
    },
    /// The order waits for its price, in a group or for a position.
    WaitingForTrigger {
        /// The order.
        id: OrderId,
    },
    /// A TWAP order runs.
    TwapRunning {
        /// Its number.
        id: u64,
    },
}

/// Why an order left the book, or never came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Nothing remained.
    Filled,
    /// Its owner cancelled it.
    Cancelled,
    /// Its owner replaced it.
    Modified,
    /// It would have traded with its owner.
    SelfTrade,
    /// The remainder of an immediate-or-cancel order.
    ImmediateOrCancel,
    /// The taker had met as many makers as one order may.
    FillLimit,
    /// Its owner's scheduled cancel came due.
    ScheduledCancel,
    /// Its owner could no longer back it when it was to trade.
    NotAdmitted,
    /// It was to reduce more than the position that is left.
    ReduceOnly,
    /// Its owner is liquidated.
    Liquidation,
    /// Its time was up.
    Expired,
    /// Another order of its group filled.
    SiblingFilled,
    /// The order that it was to protect ended without having opened anything.
    ParentEnded,
    /// The position that it followed is no more.
    PositionClosed,
}
tandem_codec::tags!(CloseReason {
    Filled = 0,
    Cancelled = 1,
    Modified = 2,
    SelfTrade = 3,
    ImmediateOrCancel = 4,
    FillLimit = 5,
    ScheduledCancel = 6,
    NotAdmitted = 7,
    ReduceOnly = 16,
    Liquidation = 17,
    Expired = 32,
    SiblingFilled = 33,
    ParentEnded = 34,
    PositionClosed = 35,
});

impl CloseReason {
    /// Whether its owner took the order back, then or beforehand.
    #[must_use]
    pub const fn is_by_owner(self) -> bool {
        matches!(self, Self::Cancelled | Self::Modified | Self::ScheduledCancel | Self::Expired)
    }
}

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number.
    pub id: TradeId,
    /// Where.
    pub market: MarketId,
    /// At what price.
    pub price: PriceRank,
    /// How much.
    pub size: SizeLots,
    /// The taker's side.
    pub taker_side: Side,
    /// The taker.
    pub taker: AccountId,
    /// The taker's order.
    pub taker_order: OrderId,
    /// The taker's fee: on spot in what the taker received, on perpetuals in USD.
    pub taker_fee: TokenAtoms,
    /// The maker.
    pub maker: AccountId,
    /// The maker's order.
    pub maker_order: OrderId,
    /// The maker's fee: on spot in what the maker received, on perpetuals in USD.
    pub maker_fee: TokenAtoms,
    /// What remains of the maker's order.
    pub maker_remaining: SizeLots,
}
tandem_codec::record!(Trade {
    id,
    market,
    price,
    size,
    taker_side,
    taker,
    taker_order,
    taker_fee,
    maker,
    maker_order,
    maker_fee,
    maker_remaining,
});

/// What a trade did to one side's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionChange {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// By which trade.
    pub trade: TradeId,
    /// The size before.
    pub size_before: SignedLots,
    /// The size after.
    pub size: SignedLots,
    /// The notional at which the size after was entered.
    pub entry: QuoteAtoms,
    /// Profit of what was closed, over its entry and before the fee.
    pub closed_profit: Usd,
}
tandem_codec::record!(PositionChange { account, market, trade, size_before, size, entry, closed_profit });

/// Why an order that follows was placed: its account has less than its maintenance margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationOrder {
    /// Whose.
    pub account: AccountId,
    /// Whether an isolated position is liquidated, not all cross positions.
    pub isolated: bool,
    /// Where.
    pub market: MarketId,
    /// The order.
    pub order: OrderId,
    /// The mark price.
    pub mark: PriceTicks,
    /// What was liquidated was worth so much before it.
    pub value: Usd,
    /// And needed so much to stay.
    pub maintenance: Usd,
}
tandem_codec::record!(LiquidationOrder { account, isolated, market, order, mark, value, maintenance });

/// Which vault took something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vault {
    /// The backstop, which wants initial margin for it.
    Backstop,
    /// The insurance fund, which passes it on by deleveraging.
    Insurance,
}
tandem_codec::tags!(Vault { Backstop = 0, Insurance = 1 });

/// A position that a vault took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// Whose it was.
    pub account: AccountId,
    /// Which vault.
    pub vault: Vault,
    /// The vault's account.
    pub by: AccountId,
    /// Where.
    pub market: MarketId,
    /// The size that was taken.
    pub size: SignedLots,
    /// The mark price, at which it was.
    pub mark: PriceTicks,
    /// Profit of the one who lost it, over its entry.
    pub closed_profit: Usd,
}
tandem_codec::record!(Takeover { account, vault, by, market, size, mark, closed_profit });

/// A position, or a part of one, that was closed against the insurance fund's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleveraged {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The size before.
    pub size_before: SignedLots,
    /// The size after.
    pub size: SignedLots,
    /// The mark price, at which it was closed.
    pub mark: PriceTicks,
    /// What it paid beside: its share of what the fund was worth less than nothing.
    pub paid: QuoteAtoms,
    /// Profit of what was closed, over its entry and before `paid`.
    pub closed_profit: Usd,
}
tandem_codec::record!(Deleveraged { account, market, size_before, size, mark, paid, closed_profit });

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
}

/// What an action did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The action.
    pub tx: TxId,
    /// Whose account acted.
    pub account: AccountId,
    /// How each item ended, or why the whole was refused.
    pub result: Result<Vec<ItemStatus>, Rejection>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Encode for ItemStatus {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Done => 0u8.encode(out),
            Self::Resting { id, filled } => {
                1u8.encode(out);
                id.encode(out);
                filled.encode(out);
            }
            Self::Filled { id, size, notional } => {
                2u8.encode(out);
                id.encode(out);
                size.encode(out);
                notional.encode(out);
            }
            Self::Rejected(rejection) => {
                3u8.encode(out);
                rejection.encode(out);
            }
            Self::WaitingForFill { id } => {
                4u8.encode(out);
                id.encode(out);
            }
            Self::WaitingForTrigger { id } => {
                5u8.encode(out);
                id.encode(out);
            }
            Self::TwapRunning { id } => {
                6u8.encode(out);
                id.encode(out);
            }
        }
    }
}

impl Decode for ItemStatus {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(input)? {
            0 => Self::Done,
            1 => Self::Resting { id: Decode::decode(input)?, filled: Decode::decode(input)? },
            2 => Self::Filled {
                id: Decode::decode(input)?,
                size: Decode::decode(input)?,
                notional: Decode::decode(input)?,
            },
            3 => Self::Rejected(Decode::decode(input)?),
            4 => Self::WaitingForFill { id: Decode::decode(input)? },
            5 => Self::WaitingForTrigger { id: Decode::decode(input)? },
            6 => Self::TwapRunning { id: Decode::decode(input)? },
            _ => return Err(input.invalid("item status")),
        })
    }
}

impl Encode for Event {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Opened { account, id, market, side, price, size, cloid, time_in_force } => {
                0u8.encode(out);
                account.encode(out);
                id.encode(out);
                market.encode(out);
                side.encode(out);
                price.encode(out);
                size.encode(out);
                cloid.encode(out);
                time_in_force.encode(out);
            }
            Self::Trade(trade) => {
                1u8.encode(out);
                trade.encode(out);
            }
            Self::Reduced { account, id, remaining } => {
                2u8.encode(out);
                account.encode(out);
                id.encode(out);
                remaining.encode(out);
            }
            Self::Closed { account, id, remaining, reason } => {
                3u8.encode(out);
                account.encode(out);
                id.encode(out);
                remaining.encode(out);
                reason.encode(out);
            }
            Self::Transfer { from, to, token, amount } => {
                4u8.encode(out);
                from.encode(out);
                to.encode(out);
                token.encode(out);
                amount.encode(out);
            }
            Self::AccountCreated { account, address, fee } => {
                5u8.encode(out);
                account.encode(out);
                address.encode(out);
                fee.encode(out);
            }
            Self::AgentApproved { account, agent } => {
                6u8.encode(out);
                account.encode(out);
                agent.encode(out);
            }
            Self::Position(change) => {
                16u8.encode(out);
                change.encode(out);
            }
            Self::Funding { account, market, size, paid } => {
                17u8.encode(out);
                account.encode(out);
                market.encode(out);
                size.encode(out);
                paid.encode(out);
            }
            Self::FundingRate { market, rate, premium, oracle } => {
                18u8.encode(out);
                market.encode(out);
                rate.encode(out);
                premium.encode(out);
                oracle.encode(out);
            }
            Self::ClassTransfer { account, to_perp } => {
                19u8.encode(out);
                account.encode(out);
                to_perp.encode(out);
            }
            Self::UsdTransfer { from, to, amount } => {
                20u8.encode(out);
                from.encode(out);
                to.encode(out);
                amount.encode(out);
            }
            Self::IsolatedMargin { account, market, amount } => {
                21u8.encode(out);
                account.encode(out);
                market.encode(out);
                amount.encode(out);
            }
            Self::LiquidationOrder(order) => {
                32u8.encode(out);
                order.encode(out);
            }
            Self::Takeover(takeover) => {
                33u8.encode(out);
                takeover.encode(out);
            }
            Self::TakenCollateral { account, by, amount } => {
                34u8.encode(out);
                account.encode(out);
                by.encode(out);
                amount.encode(out);
            }
            Self::Deleveraged(deleveraged) => {
                35u8.encode(out);
                deleveraged.encode(out);
            }
            Self::Waiting { account, id, order } => {
                48u8.encode(out);
                account.encode(out);
                id.encode(out);
                order.encode(out);
            }
            Self::Armed { account, id, size } => {
                49u8.encode(out);
                account.encode(out);
                id.encode(out);
                size.encode(out);
            }
            Self::Triggered { account, id, becomes } => {
                50u8.encode(out);
                account.encode(out);
                id.encode(out);
                becomes.encode(out);
            }
            Self::TriggerRefused { account, id, why } => {
                51u8.encode(out);
                account.encode(out);
                id.encode(out);
                why.encode(out);
            }
            Self::TwapStarted { account, id, twap } => {
                52u8.encode(out);
                account.encode(out);
                id.encode(out);
                twap.encode(out);
            }
            Self::TwapPart { account, id, order, filled } => {
                53u8.encode(out);
                account.encode(out);
                id.encode(out);
                order.encode(out);
                filled.encode(out);
            }
            Self::TwapEnded { account, id, filled, notional, why } => {
                54u8.encode(out);
                account.encode(out);
                id.encode(out);
                filled.encode(out);
                notional.encode(out);
                why.encode(out);
            }
        }
    }
}

impl Decode for Event {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(input)? {
            0 => Self::Opened {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                market: Decode::decode(input)?,
                side: Decode::decode(input)?,
                price: Decode::decode(input)?,
                size: Decode::decode(input)?,
                cloid: Decode::decode(input)?,
                time_in_force: Decode::decode(input)?,
            },
            1 => Self::Trade(Decode::decode(input)?),
            2 => Self::Reduced {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                remaining: Decode::decode(input)?,
            },
            3 => Self::Closed {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                remaining: Decode::decode(input)?,
                reason: Decode::decode(input)?,
            },
            4 => Self::Transfer {
                from: Decode::decode(input)?,
                to: Decode::decode(input)?,
                token: Decode::decode(input)?,
                amount: Decode::decode(input)?,
            },
            5 => Self::AccountCreated {
                account: Decode::decode(input)?,
                address: Decode::decode(input)?,
                fee: Decode::decode(input)?,
            },
            6 => Self::AgentApproved { account: Decode::decode(input)?, agent: Decode::decode(input)? },
            16 => Self::Position(Decode::decode(input)?),
            17 => Self::Funding {
                account: Decode::decode(input)?,
                market: Decode::decode(input)?,
                size: Decode::decode(input)?,
                paid: Decode::decode(input)?,
            },
            18 => Self::FundingRate {
                market: Decode::decode(input)?,
                rate: Decode::decode(input)?,
                premium: Decode::decode(input)?,
                oracle: Decode::decode(input)?,
            },
            19 => Self::ClassTransfer { account: Decode::decode(input)?, to_perp: Decode::decode(input)? },
            20 => Self::UsdTransfer {
                from: Decode::decode(input)?,
                to: Decode::decode(input)?,
                amount: Decode::decode(input)?,
            },
            21 => Self::IsolatedMargin {
                account: Decode::decode(input)?,
                market: Decode::decode(input)?,
                amount: Decode::decode(input)?,
            },
            32 => Self::LiquidationOrder(Decode::decode(input)?),
            33 => Self::Takeover(Decode::decode(input)?),
            34 => Self::TakenCollateral {
                account: Decode::decode(input)?,
                by: Decode::decode(input)?,
                amount: Decode::decode(input)?,
            },
            35 => Self::Deleveraged(Decode::decode(input)?),
            48 => Self::Waiting {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                order: Decode::decode(input)?,
            },
            49 => Self::Armed {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                size: Decode::decode(input)?,
            },
            50 => Self::Triggered {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                becomes: Decode::decode(input)?,
            },
            51 => Self::TriggerRefused {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                why: Decode::decode(input)?,
            },
            52 => Self::TwapStarted {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                twap: Decode::decode(input)?,
            },
            53 => Self::TwapPart {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                order: Decode::decode(input)?,
                filled: Decode::decode(input)?,
            },
            54 => Self::TwapEnded {
                account: Decode::decode(input)?,
                id: Decode::decode(input)?,
                filled: Decode::decode(input)?,
                notional: Decode::decode(input)?,
                why: Decode::decode(input)?,
            },
            _ => return Err(input.invalid("event")),
        })
    }
}

impl Encode for Receipt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tx.encode(out);
        self.account.encode(out);
        match &self.result {
            Ok(items) => {
                true.encode(out);
                items.encode(out);
            }
            Err(rejection) => {
                false.encode(out);
                rejection.encode(out);
            }
        }
        self.events.encode(out);
    }
}

impl Decode for Receipt {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (tx, account) = (Decode::decode(input)?, Decode::decode(input)?);
        let result =
            if bool::decode(input)? { Ok(input.list(ITEMS_MAX)?) } else { Err(Rejection::decode(input)?) };
        Ok(Self { tx, account, result, events: input.list(EVENTS_MAX)? })
    }
}
