//! What the exchange's tables hold.

use crate::action::TimeInForce;
use crate::fees::rates::Today;
use crate::fees::schedule::FeeSchedule;
use crate::short_text::short_text;
use alloc::boxed::Box;
use alloc::vec::Vec;
use tandem_book::Side;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{
    AccountId, Address, BlockTime, Cloid, Decimals, MarketId, OrderId, PriceRank, PriceScale, QuoteAtoms,
    SizeLots, TokenAtoms, TokenId, TradeId,
};

/// Longest token name in bytes.
pub const TOKEN_NAME_MAX: usize = 12;
/// Longest name of an agent in bytes, without its expiry.
pub const AGENT_NAME_MAX: usize = 64;
/// Most letters of a sub-account's name.
pub const SUB_ACCOUNT_NAME_MAX: usize = 16;
/// Decimals of spot prices plus those of sizes.
pub const SPOT_PRICE_DECIMALS: u8 = 8;

/// Settings of the whole exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The taker's fee on spot, in millionths of what the taker receives.
    pub taker_fee_ppm: u32,
    /// The maker's fee on spot, in millionths of what the maker receives.
    pub maker_fee_ppm: u32,
    /// Actions that every account may send before trading.
    pub budget_base: u64,
    /// Most open orders of an account.
    pub open_orders_max: u32,
    /// Least notional of an order.
    pub notional_min: QuoteAtoms,
    /// What a transfer to an address without an account costs its sender beside the amount: keys are free, and each
    /// account comes with a budget of actions and a place in every pool.
    pub activation_fee: QuoteAtoms,
    /// What those pay who have traded much, on markets of both kinds.
    pub fees: FeeSchedule,
}
tandem_codec::record!(Config {
    taker_fee_ppm,
    maker_fee_ppm,
    budget_base,
    open_orders_max,
    notional_min,
    activation_fee,
    fees,
});

/// What is numbered next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The next account.
    pub account: AccountId,
    /// The next order.
    pub order: OrderId,
    /// The next trade.
    pub trade: TradeId,
}
tandem_codec::record!(Counters { account, order, trade });

short_text! {
    /// A token's name: upper-case letters, digits and `-`.
    TokenName[TOKEN_NAME_MAX],
    |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-',
    "token name"
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub name: TokenName,
    /// Decimals of its smallest unit.
    pub wei_decimals: u8,
    /// Decimals of a lot.
    pub size_decimals: u8,
}
tandem_codec::record!(Token { name, wei_decimals, size_decimals });

impl Token {
    /// Atoms in a lot: `10^(wei_decimals - size_decimals)`; `None` if lots were finer than atoms.
    #[must_use]
    pub fn atoms_per_lot(&self) -> Option<u64> {
        let difference = self.wei_decimals.checked_sub(self.size_decimals)?;
        Decimals::new(difference).map(Decimals::power)
    }
}

/// A spot market: `base` is bought and sold for USD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// What is traded.
    pub base: TokenId,
    /// Decimals of a lot.
    pub size_decimals: u8,
    /// Atoms of the base token in a lot.
    pub atoms_per_lot: u64,
}
tandem_codec::record!(Market { base, size_decimals, atoms_per_lot });

impl Market {
    /// The decimals of prices: `8 - szDecimals`. Markets with more than eight size decimals can't be made.
    #[must_use]
    pub fn price_scale(&self) -> PriceScale {
        let decimals = SPOT_PRICE_DECIMALS.saturating_sub(self.size_decimals);
        PriceScale::new(decimals).unwrap_or(PriceScale::UNIT)
    }
}

/// Whose agent an address is, beside being its own account's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agency {
    /// Nobody's, and never was.
    #[default]
    None,
    /// Approved by an account, through a time.
    Of {
        /// The account.
        master: AccountId,
        /// The last valid time.
        valid_until: BlockTime,
        /// Whether it has served its master while it had no account of its own, and has signed nothing as a wallet
        /// since: what it signs without naming an account is then for its master.
        engaged: bool,
        /// Whether there is a list of what it may do.
        scoped: bool,
    },
    /// An agent no longer. Its nonces stay, and it can't return while an action signed before could be executed.
    Revoked {
        /// Since when.
        since: BlockTime,
    },
}

tandem_codec::variants!(Agency as "agency" {
    None = 0,
    Of { master, valid_until, engaged, scoped } = 1,
    Revoked { since } = 2,
});

/// An address that may sign: an account's own key, an agent, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signer {
    /// Its own account.
    pub own: Option<AccountId>,
    /// Whose agent it is.
    pub agency: Agency,
    /// How many of its nonces are kept, whomever it acted for: at most 100.
    pub nonces: u8,
    /// Whether its own account belongs to several keys, so that it alone can't act for it. Shares a byte with the count.
    pub is_shared: bool,
}

const SHARED: u8 = 0x80;

impl Encode for Signer {
    fn encode(&self, out: &mut Vec<u8>) {
        self.own.encode(out);
        self.agency.encode(out);
        let shared = if self.is_shared { SHARED } else { 0 };
        (self.nonces | shared).encode(out);
    }
}

impl Decode for Signer {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (own, agency) = (Decode::decode(input)?, Decode::decode(input)?);
        let byte = u8::decode(input)?;
        Ok(Self { own, agency, nonces: byte & !SHARED, is_shared: byte & SHARED != 0 })
    }
}

/// An agent's name, as its account gave it: at most [`AGENT_NAME_MAX`] bytes without control characters. The unnamed
/// agent's is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentName(Box<str>);

impl AgentName {
    /// Checks a name.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let good = name.len() <= AGENT_NAME_MAX && !name.chars().any(char::is_control);
        good.then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Encode for AgentName {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.as_bytes().encode(out);
    }
}

impl Decode for AgentName {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = input.bytes(u32::try_from(AGENT_NAME_MAX).unwrap_or(u32::MAX))?;
        let name = core::str::from_utf8(bytes).ok().and_then(Self::new);
        name.ok_or_else(|| input.invalid("agent name"))
    }
}

/// A sub-account's name, as its master gave it: 1 to [`SUB_ACCOUNT_NAME_MAX`] letters, none a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAccountName(Box<str>);

impl SubAccountName {
    /// Checks a name.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let letters = name.chars().take(SUB_ACCOUNT_NAME_MAX.saturating_add(1)).count();
        let good = (1..=SUB_ACCOUNT_NAME_MAX).contains(&letters) && !name.chars().any(char::is_control);
        good.then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Encode for SubAccountName {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.as_bytes().encode(out);
    }
}

impl Decode for SubAccountName {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes_max = SUB_ACCOUNT_NAME_MAX.saturating_mul(4);
        let bytes = input.bytes(u32::try_from(bytes_max).unwrap_or(u32::MAX))?;
        let name = core::str::from_utf8(bytes).ok().and_then(Self::new);
        name.ok_or_else(|| input.invalid("sub-account name"))
    }
}

/// An agent as its account knows it; until when and how it serves is in its own [`Signer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its address.
    pub address: Address,
    /// Its name.
    pub name: AgentName,
}
tandem_codec::record!(Agent { address, name });

/// Who acts for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Whoever has its address' key, and its agents.
    Key {
        /// How many sub-accounts it has made.
        sub_accounts: u16,
    },
    /// Its master, and the master's agents: its address has no key.
    SubAccount {
        /// The master, whose account has a key.
        master: AccountId,
        /// Which of the master's it is, from 0.
        index: u16,
    },
    /// Its leader, and the leader's agents: its address has no key, and what it has is its holders'.
    Vault {
        /// The leader, whose account has a key.
        leader: AccountId,
    },
}

impl Control {
    /// The account whose key and agents act for this one if they name it; none if it has a key of its own.
    #[must_use]
    pub const fn controller(&self) -> Option<AccountId> {
        match self {
            Self::Key { .. } => None,
            Self::SubAccount { master, .. } => Some(*master),
            Self::Vault { leader } => Some(*leader),
        }
    }

    /// The account whose fee tier this one shares, and to whose volume its own counts, if not its own.
    #[must_use]
    pub const fn tier_holder(&self) -> Option<AccountId> {
        match self {
            Self::Key { .. } | Self::Vault { .. } => None,
            Self::SubAccount { master, .. } => Some(*master),
        }
    }
}

tandem_codec::variants!(Control as "control" {
    Key { sub_accounts } = 0,
    SubAccount { master, index } = 1,
    Vault { leader } = 2,
});

/// A sub-account as its master knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAccount {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: SubAccountName,
}
tandem_codec::record!(SubAccount { account, name });

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Who acts for it.
    pub control: Control,
    /// Its open orders.
    pub open_orders: u32,
    /// Actions sent so far, batch items counted each.
    pub actions: u64,
    /// Notional traded so far.
    pub traded: QuoteAtoms,
    /// What it has traded on the last day on which it did, with its sub-accounts, and what it paid then.
    pub today: Today,
    /// When an action beyond the budget was last allowed.
    pub overdraft: BlockTime,
    /// When its orders are to be cancelled.
    pub scheduled_cancel: Option<BlockTime>,
    /// Orders placed before this time are cancelled, and wait to be taken out of the books.
    pub sweep: Option<BlockTime>,
    /// Scheduled cancels that came due on `schedule_day`.
    pub schedule_uses: u8,
    /// The day, in days since the Unix epoch.
    pub schedule_day: u32,
    /// Whether it has a referrer.
    pub referred: bool,
    /// Who leads the trade group that it is in.
    pub trade_group: Option<AccountId>,
}
tandem_codec::record!(Account {
    address,
    control,
    open_orders,
    actions,
    traded,
    today,
    overdraft,
    scheduled_cancel,
    sweep,
    schedule_uses,
    schedule_day,
    referred,
    trade_group,
});

impl Account {
    /// An account that has done nothing.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            control: Control::Key { sub_accounts: 0 },
            open_orders: 0,
            actions: 0,
            traded: QuoteAtoms::ZERO,
            today: Today::NEVER,
            overdraft: BlockTime(0),
            scheduled_cancel: None,
            sweep: None,
            schedule_uses: 0,
            schedule_day: 0,
            referred: false,
            trade_group: None,
        }
    }
}

/// A holding of one token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// All of it.
    pub total: TokenAtoms,
    /// The part that stands behind open orders.
    pub hold: TokenAtoms,
}
tandem_codec::record!(Balance { total, hold });

impl Balance {
    /// The part that is free to use.
    #[must_use]
    pub const fn available(&self) -> TokenAtoms {
        self.total.minus_or_zero(self.hold)
    }
}

/// Who gets a fee of an order's fills, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuilderFee {
    /// The builder.
    pub builder: AccountId,
    /// Tenths of a basis point of the notional.
    pub tenths_bp: u16,
}
tandem_codec::record!(BuilderFee { builder, tenths_bp });

/// What is remembered of an open order beside its place in the book: 28 bytes, 16 more with a client order id, 8 more
/// with an expiry or a group. The two flags share a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderInfo {
    /// Its market.
    pub market: MarketId,
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price: PriceRank,
    /// Its size when placed.
    pub size: SizeLots,
    /// When it was placed.
    pub time: BlockTime,
    /// The trader's own id for it.
    pub cloid: Option<Cloid>,
    /// How long it stays, as its trader said: one of those that let an order rest.
    pub time_in_force: TimeInForce,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// From when on it may not trade.
    pub expires: Option<BlockTime>,
    /// Whom to tell when it leaves the book: a group of waiting orders; its own number if they protect what it opens.
    pub group: Option<OrderId>,
    /// Whether a builder gets a fee of its fills: which and how much is in a table of its own.
    pub built: bool,
}

const REDUCE_ONLY: u8 = 1;
const BUILT: u8 = 2;

impl Encode for OrderInfo {
    fn encode(&self, out: &mut Vec<u8>) {
        self.market.encode(out);
        self.side.encode(out);
        self.price.encode(out);
        self.size.encode(out);
        self.time.encode(out);
        self.cloid.encode(out);
        self.time_in_force.encode(out);
        let reduce_only = if self.reduce_only { REDUCE_ONLY } else { 0 };
        let built = if self.built { BUILT } else { 0 };
        (reduce_only | built).encode(out);
        self.expires.encode(out);
        self.group.encode(out);
    }
}

impl Decode for OrderInfo {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (market, side, price) = (Decode::decode(input)?, Decode::decode(input)?, Decode::decode(input)?);
        let (size, time, cloid) = (Decode::decode(input)?, Decode::decode(input)?, Decode::decode(input)?);
        let time_in_force = Decode::decode(input)?;
        let flags = u8::decode(input)?;
        if flags & !(REDUCE_ONLY | BUILT) != 0 {
            return Err(input.invalid("flags of an order"));
        }
        Ok(Self {
            market,
            side,
            price,
            size,
            time,
            cloid,
            time_in_force,
            reduce_only: flags & REDUCE_ONLY != 0,
            expires: Decode::decode(input)?,
            group: Decode::decode(input)?,
            built: flags & BUILT != 0,
        })
    }
}
