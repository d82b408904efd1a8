//! The market of a replay, as the node describes it.

use eyre::{Result, WrapErr, bail, eyre};
use serde::Deserialize;
use serde_json::Value;
use tandem_exchange::SPOT_ASSET_BASE;
use tandem_exchange::action::Decimal;
use tandem_exchange::perp::PERP_PRICE_DECIMALS;
use tandem_replay::{Kind, Message, Need, PRICE_DECIMALS};
use tandem_types::{PriceRank, PriceScale, PriceTicks};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its name.
    pub(super) name: String,
    /// How transfers name it.
    pub(super) wire_name: String,
    /// Its number, by which balances name it.
    pub(super) index: u32,
}

/// A market of whole units against dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Market {
    /// Such as AAPL/USDC.
    pub(super) name: String,
    /// What questions call it, such as @2.
    pub(super) coin: String,
    /// What orders call it.
    pub(super) asset: u32,
    /// What is traded; `None` on a perpetual market.
    pub(super) base: Option<Token>,
    /// What it is paid with.
    pub(super) quote: Token,
    scale: PriceScale,
}

#[derive(Deserialize)]
struct SpotMeta {
    universe: Vec<Entry>,
    tokens: Vec<TokenEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// Base and quote.
    tokens: [u32; 2],
    name: String,
    index: u32,
    price_decimals: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenEntry {
    name: String,
    index: u32,
    token_id: String,
}

/// The answer to `meta`.
#[derive(Deserialize)]
struct Meta {
    universe: Vec<Perpetual>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Perpetual {
    name: String,
    sz_decimals: u8,
}

impl Market {
    /// The market of this name, `BASE/QUOTE` or `@N` among those of the answer to `spotMeta`, or a perpetual's among those
    /// of the answer to `meta`.
    pub(super) fn find(spot: Value, perpetual: Value, name: &str) -> Result<Self> {
        let spot: SpotMeta = serde_json::from_value(spot).wrap_err("the answer to spotMeta")?;
        let perpetual: Meta = serde_json::from_value(perpetual).wrap_err("the answer to meta")?;
        let markets = spot.universe.iter().map(|entry| spot.market(entry));
        let perpetuals = (0u32..).zip(&perpetual.universe).map(|(asset, entry)| spot.perpetual(asset, entry));
        let markets = markets.chain(perpetuals).collect::<Result<Vec<_>>>()?;
        let found = markets.iter().find(|market| name == market.name || name == market.coin);
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = markets.iter().map(|market| market.name.as_str()).collect();
            let known = if names.is_empty() { "no markets".to_owned() } else { names.join(", ") };
            eyre!("no market is called {name:?}: the chain has {known}; choose one with --market")
        })
    }

    /// What accounts must bring for what they would need on spot: on a perpetual market all of it is worth dollars, of
    /// which only the margin is needed.
    pub(super) fn needs(&self, spot: Vec<Need>, messages: &[Message], leverage: u8) -> Vec<Need> {
        if self.base.is_some() {
            return spot;
        }
        let highest = messages.iter().map(|message| message.price).max().unwrap_or(0);
        let price = highest.div_ceil(10u64.saturating_pow(PRICE_DECIMALS.into()));
        let margin = |need: &Need| {
            let worth = need.dollars.saturating_add(need.shares.saturating_mul(price));
            Need { dollars: worth.div_ceil(u64::from(leverage.max(1))), shares: 0 }
        };
        spot.iter().map(margin).collect()
    }

    /// Whether an order may have this price of the file.
    fn takes(&self, price: u64) -> bool {
        let ticks =
            Decimal::new(price, PRICE_DECIMALS).and_then(|price| price.to_units(self.scale.decimals()));
        ticks.is_some_and(|ticks| PriceRank::from_ticks(PriceTicks(ticks), self.scale).is_ok())
    }

    /// Refuses messages most of whose orders the market could only reject; says how many it will reject of others.
    pub(super) fn check(&self, messages: &[Message]) -> Result<Option<String>> {
        let mut orders = messages.iter().filter(|message| message.kind == Kind::Submitted).peekable();
        let first = orders.peek().map(|message| message.price);
        let (mut all, mut unsuited, mut example) = (0usize, 0usize, first.unwrap_or(0));
        for message in orders {
            all += 1;
            if !self.takes(message.price) {
                example = if unsuited == 0 { message.price } else { example };
                unsuited += 1;
            }
        }
        let example = Decimal::new(example, PRICE_DECIMALS).unwrap_or_default().to_text();
        let what = format!("{unsuited} of {all} orders have a price that {} does not take", self.name);
        match unsuited {
            0 => Ok(None),
            _ if unsuited * 2 > all => bail!(
                "{what}, such as {example}: prices have at most {} decimals there and five significant figures; \
                 choose another with --market",
                self.scale.decimals()
            ),
            _ => Ok(Some(format!("{what}, such as {example}"))),
        }
    }
}

impl SpotMeta {
    fn market(&self, entry: &Entry) -> Result<Market> {
        let [base, quote] = entry.tokens;
        let (base, quote) = (self.token(base)?, self.token(quote)?);
        let scale =
            PriceScale::new(entry.price_decimals).ok_or_else(|| eyre!("priceDecimals in spotMeta"))?;
        Ok(Market {
            name: format!("{}/{}", base.name, quote.name),
            coin: entry.name.clone(),
            asset: u32::from(SPOT_ASSET_BASE) + entry.index,
            base: Some(base),
            quote,
            scale,
        })
    }

    fn perpetual(&self, asset: u32, entry: &Perpetual) -> Result<Market> {
        let scale = PriceScale::new(PERP_PRICE_DECIMALS.saturating_sub(entry.sz_decimals));
        Ok(Market {
            name: entry.name.clone(),
            coin: entry.name.clone(),
            asset,
            base: None,
            quote: self.token(0)?,
            scale: scale.ok_or_else(|| eyre!("szDecimals in meta"))?,
        })
    }

    fn token(&self, index: u32) -> Result<Token> {
        let found = self.tokens.iter().find(|token| token.index == index);
        let token = found.ok_or_else(|| eyre!("spotMeta names token {index} and does not have it"))?;
        let wire_name = format!("{}:{}", token.name, token.token_id);
        Ok(Token { name: token.name.clone(), wire_name, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tandem_replay::read_messages;

    fn meta() -> Value {
        json!({
            "universe": [
                { "tokens": [1, 0], "name": "@0", "index": 0, "priceDecimals": 6 },
                { "tokens": [2, 0], "name": "@1", "index": 1, "priceDecimals": 1 },
            ],
            "tokens": [
                { "name": "USDC", "index": 0, "tokenId": "0x00" },
                { "name": "TNDM", "index": 1, "tokenId": "0x01" },
                { "name": "BIG", "index": 2, "tokenId": "0x02" },
            ],
        })
    }

    fn perpetuals() -> Value {
        json!({ "universe": [
            { "name": "BTC", "szDecimals": 5, "maxLeverage": 40 },
            { "name": "BIG", "szDecimals": 0, "maxLeverage": 10 },
        ] })
    }

    #[test]
    fn a_perpetual_market_is_found_by_its_name_and_needs_margin_alone() {
        let market = Market::find(meta(), perpetuals(), "BIG").unwrap();
        assert_eq!((market.coin.as_str(), market.asset, market.base.as_ref()), ("BIG", 1, None));
        assert_eq!((market.quote.name.as_str(), market.scale.decimals()), ("USDC", 6));
        let messages = read_messages("1,1,1,5,5853300,1\n1,1,2,5,5840000,-1\n".as_bytes()).unwrap();
        let need = |dollars, shares| Need { dollars, shares };
        // The dearest share is 586 dollars, rounded up.
        let spot = vec![need(0, 0), need(1_000, 0), need(0, 10), need(999, 10)];
        let wanted = [need(0, 0), need(200, 0), need(1_172, 0), need(1_372, 0)];
        assert_eq!(market.needs(spot.clone(), &messages, 5), wanted);
        let market = Market::find(meta(), perpetuals(), "BIG/USDC").unwrap();
        assert_eq!(market.needs(spot.clone(), &messages, 5), spot);
    }

    #[test]
    fn a_market_is_found_by_either_name() {
        let token = |name: &str, index| Token {
            name: name.to_owned(),
            wire_name: format!("{name}:0x0{index}"),
            index,
        };
        for name in ["BIG/USDC", "@1"] {
            let market = Market::find(meta(), perpetuals(), name).unwrap();
            assert_eq!((market.coin.as_str(), market.asset), ("@1", 10_001));
            assert_eq!((market.base, market.quote), (Some(token("BIG", 2)), token("USDC", 0)));
        }
    }

    #[test]
    fn an_unknown_market_is_answered_with_those_there_are() {
        let error = Market::find(meta(), perpetuals(), "AAPL/USDC").unwrap_err().to_string();
        assert!(error.contains("TNDM/USDC, BIG/USDC, BTC, BIG;") && error.contains("--market"), "{error}");
        let none = Market::find(json!({ "universe": [], "tokens": [] }), json!({ "universe": [] }), "A/B")
            .unwrap_err()
            .to_string();
        assert!(none.contains("no markets"), "{none}");
    }

    #[test]
    fn prices_are_held_against_the_markets_steps() {
        // 585.33, 585.335, 6000.01, 585.1 and 585 dollars; the last line is no order.
        let lines = [
            "1,1,1,5,5853300,1\n",
            "1,1,2,5,5853350,1\n",
            "1,1,3,5,60000100,1\n",
            "1,1,4,5,5851000,1\n",
            "1,1,5,5,5850000,1\n",
            "1,3,5,5,5850001,1\n",
        ];
        let check = |market: &str, lines: &[&str]| {
            let messages = read_messages(lines.concat().as_bytes()).unwrap();
            Market::find(meta(), perpetuals(), market)
                .unwrap()
                .check(&messages)
                .map_err(|error| error.to_string())
        };
        let rows = [
            ("TNDM/USDC", &lines[..1], Ok(None)),
            (
                "TNDM/USDC",
                &lines[..],
                Ok(Some("2 of 5 orders have a price that TNDM/USDC does not take, such as 585.335")),
            ),
            ("BIG/USDC", &lines[3..], Ok(None)),
            (
                "BIG/USDC",
                &lines[..],
                Err("3 of 5 orders have a price that BIG/USDC does not take, such as 585.33"),
            ),
        ];
        for (market, lines, expected) in rows {
            match (check(market, lines), expected) {
                (Ok(said), Ok(expected)) => assert_eq!(said.as_deref(), expected),
                (Err(said), Err(expected)) => assert!(said.starts_with(expected), "{said}"),
                (said, expected) => panic!("{said:?} instead of {expected:?}"),
            }
        }
    }
}
