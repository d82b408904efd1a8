//! Tokens, markets and accounts by their numbers: what turns ids into words.

use std::collections::{BTreeMap, HashMap};
use tandem_codec::Decode;
use tandem_exchange::{Account, ExchangeTables, Market, Token};
use tandem_state::{Delta, Prefix};
use tandem_stf::ChainTables;
use tandem_types::{AccountId, Address, MarketId, TokenId};

const TOKENS: Prefix = Prefix::new(ExchangeTables::ENGINE, 3);
const MARKETS: Prefix = Prefix::new(ExchangeTables::ENGINE, 4);
const ACCOUNTS: Prefix = Prefix::new(ExchangeTables::ENGINE, 8);

/// Tokens, markets, and the addresses of accounts.
#[derive(Clone, Debug, Default)]
pub struct Markets {
    tokens: BTreeMap<TokenId, Token>,
    markets: BTreeMap<MarketId, Market>,
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
        let first = tandem_exchange::SPOT_ASSET_BASE;
        let spot = (first..=u16::MAX).map(MarketId);
        markets.markets = spot.map_while(|id| Some((id, *exchange.markets.peek(&id)?))).collect();
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
                self.markets.insert(id, market);
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
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.markets.get(&id)
    }

    /// Every market, by id.
    pub fn markets(&self) -> impl Iterator<Item = (MarketId, &Market)> {
        self.markets.iter().map(|(id, market)| (*id, market))
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

/// Key and value of a table's entry after a change; `None` if it was removed.
pub(crate) fn entry<K: Decode, V: Decode>(key: &[u8], value: Option<&[u8]>) -> Option<(K, V)> {
    Some((K::from_bytes(key.get(2..)?).ok()?, V::from_bytes(value?).ok()?))
}
