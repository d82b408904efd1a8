//! Tokens, markets and accounts by their numbers: what turns ids into words.

use std::collections::{BTreeMap, HashMap};
use tandem_codec::Decode;
use tandem_exchange::perp::{PerpMarket, position};
use tandem_exchange::{Account, ExchangeTables, Market, Token};
use tandem_state::{Delta, Prefix};
use tandem_stf::ChainTables;
use tandem_types::{AccountId, Address, MarketId, PriceRank, PriceScale, SizeLots, TokenId};

const TOKENS: Prefix = Prefix::new(ExchangeTables::ENGINE, 3);
const MARKETS: Prefix = Prefix::new(ExchangeTables::ENGINE, 4);
const ACCOUNTS: Prefix = Prefix::new(ExchangeTables::ENGINE, 8);
const PERPETUALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 33);

/// A market of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// A token against the quote.
    Spot(Market),
    /// A perpetual.
    Perpetual(PerpMarket),
}

impl Listing {
    /// The decimals of its prices.
    #[must_use]
    pub fn price_scale(&self) -> PriceScale {
        match self {
            Self::Spot(market) => market.price_scale(),
            Self::Perpetual(market) => market.price_scale(),
        }
    }

    /// The decimals of its sizes.
    #[must_use]
    pub const fn size_decimals(&self) -> u8 {
        match self {
            Self::Spot(market) => market.size_decimals,
            Self::Perpetual(market) => market.size_decimals,
        }
    }

    /// Price × size in quote atoms.
    #[must_use]
    pub fn notional(&self, price: PriceRank, size: SizeLots) -> u128 {
        let ticks = price.to_ticks(self.price_scale());
        match self {
            Self::Spot(_) => u128::from(ticks.0) * u128::from(size.0),
            Self::Perpetual(_) => position::notional(size, ticks),
        }
    }

    /// The spot market that it is.
    #[must_use]
    pub const fn spot(&self) -> Option<&Market> {
        match self {
            Self::Spot(market) => Some(market),
            Self::Perpetual(_) => None,
        }
    }

    /// The perpetual that it is.
    #[must_use]
    pub const fn perpetual(&self) -> Option<&PerpMarket> {
        match self {
            Self::Spot(_) => None,
            Self::Perpetual(market) => Some(market),
        }
    }
}

/// Tokens, markets, and the addresses of accounts.
#[derive(Clone, Debug, Default)]
pub struct Markets {
    tokens: BTreeMap<TokenId, Token>,
    /// Perpetuals first: their numbers are lower.
    markets: BTreeMap<MarketId, Listing>,
    /// Accounts are numbered without gaps.
    addresses: Vec<Address>,
    accounts: HashMap<Address, AccountId>,
}

impl Markets {
    /// What the state holds of them.
    #[must_use]
    pub fn of(tables: &ChainTables) -> Self {
        let mut markets = Self::default();
        let exchange = &tables.exchange;
        let tokens = (0..=u16::MAX).map(TokenId).map_while(|id| Some((id, *exchange.tokens.peek(&id)?)));
        markets.tokens = tokens.collect();
        markets.markets = listings(exchange).collect();
        for account in (0..=u32::MAX).map(AccountId) {
            let Some(found) = exchange.accounts.peek(&account) else { break };
            markets.add_account(account, found.address);
        }
        markets
    }

    /// Learns what a block added.
    pub(crate) fn follow(&mut self, delta: &Delta) {
        for change in delta.changes_under(&TOKENS.0) {
            if let Some((id, token)) = entry(change.key, change.new) {
                self.tokens.insert(id, token);
            }
        }
        for change in delta.changes_under(&MARKETS.0) {
            if let Some((id, market)) = entry(change.key, change.new) {
                self.markets.insert(id, Listing::Spot(market));
            }
        }
        for change in delta.changes_under(&PERPETUALS.0) {
            if let Some((id, market)) = entry(change.key, change.new) {
                self.markets.insert(id, Listing::Perpetual(market));
            }
        }
        for change in delta.changes_under(&ACCOUNTS.0).filter(|change| change.old.is_none()) {
            if let Some((id, account)) = entry::<_, Account>(change.key, change.new) {
                self.add_account(id, account.address);
            }
        }
    }

    fn add_account(&mut self, id: AccountId, address: Address) {
        let at = usize::try_from(id.0).unwrap_or(usize::MAX);
        if at == self.addresses.len() {
            self.addresses.push(address);
            self.accounts.insert(address, id);
        }
    }

    /// A token.
    #[must_use]
    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    /// Every token, by id.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenId, &Token)> {
        self.tokens.iter().map(|(id, token)| (*id, token))
    }

    /// A market.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&Listing> {
        self.markets.get(&id)
    }

    /// Every market, by id: perpetuals, then spot.
    pub fn markets(&self) -> impl Iterator<Item = (MarketId, &Listing)> {
        self.markets.iter().map(|(id, market)| (*id, market))
    }

    /// A spot market.
    #[must_use]
    pub fn spot(&self, id: MarketId) -> Option<&Market> {
        self.market(id)?.spot()
    }

    /// Every spot market, by id.
    pub fn spots(&self) -> impl Iterator<Item = (MarketId, &Market)> {
        self.markets().filter_map(|(id, market)| Some((id, market.spot()?)))
    }

    /// A perpetual market.
    #[must_use]
    pub fn perpetual(&self, id: MarketId) -> Option<&PerpMarket> {
        self.market(id)?.perpetual()
    }

    /// Every perpetual market, by id.
    pub fn perpetuals(&self) -> impl Iterator<Item = (MarketId, &PerpMarket)> {
        self.markets().filter_map(|(id, market)| Some((id, market.perpetual()?)))
    }

    /// The address of an account.
    #[must_use]
    pub fn address(&self, account: AccountId) -> Option<Address> {
        self.addresses.get(usize::try_from(account.0).ok()?).copied()
    }

    /// The account of an address that is an account's own.
    #[must_use]
    pub fn account(&self, address: &Address) -> Option<AccountId> {
        self.accounts.get(address).copied()
    }

    /// How many accounts there are.
    #[must_use]
    pub const fn account_count(&self) -> usize {
        self.addresses.len()
    }
}

/// The markets of the state. Those of each kind are numbered without gaps.
pub(crate) fn listings(exchange: &ExchangeTables) -> impl Iterator<Item = (MarketId, Listing)> {
    let ids = |from: u16, to: u16| (from..to).map(MarketId);
    let first_spot = tandem_exchange::SPOT_ASSET_BASE;
    let perpetuals =
        ids(0, first_spot).map_while(|id| Some((id, Listing::Perpetual(*exchange.perp_markets.peek(&id)?))));
    let spot =
        ids(first_spot, u16::MAX).map_while(|id| Some((id, Listing::Spot(*exchange.markets.peek(&id)?))));
    perpetuals.chain(spot)
}

/// Key and value of a table's entry after a change; `None` if it was removed.
pub(crate) fn entry<K: Decode, V: Decode>(key: &[u8], value: Option<&[u8]>) -> Option<(K, V)> {
    Some((K::from_bytes(key.get(2..)?).ok()?, V::from_bytes(value?).ok()?))
}
