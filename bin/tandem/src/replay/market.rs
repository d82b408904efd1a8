//! The market of a replay, as the node describes it.

use eyre::{Result, WrapErr, bail, eyre};
use serde::Deserialize;
use serde_json::Value;
use tandem_exchange::SPOT_ASSET_BASE;
use tandem_exchange::action::Decimal;
use tandem_replay::{Kind, Message, PRICE_DECIMALS};
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

/// A market of whole units of its base token against dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Market {
    /// Such as AAPL/USDC.
    pub(super) name: String,
    /// What questions call it, such as @2.
    pub(super) coin: String,
    /// What orders call it.
    pub(super) asset: u32,
    /// What is traded.
    pub(super) base: Token,
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

impl Market {
    /// The market of this name, `BASE/QUOTE` or `@N`, among those of the answer to `spotMeta`.
    pub(super) fn find(meta: Value, name: &str) -> Result<Self> {
        let meta: SpotMeta = serde_json::from_value(meta).wrap_err("the answer to spotMeta")?;
        let markets = meta.universe.iter().map(|entry| meta.market(entry));
        let markets = markets.collect::<Result<Vec<_>>>()?;
        let found = markets.iter().find(|market| name == market.name || name == market.coin);
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = markets.iter().map(|market| market.name.as_str()).collect();
            let known = if names.is_empty() { "no markets".to_owned() } else { names.join(", ") };
            eyre!("no market is called {name:?}: the chain has {known}; choose one with --market")
        })
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
            base,
            quote,
            scale,
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

    #[test]
    fn a_market_is_found_by_either_name() {
        let token = |name: &str, index| Token {
            name: name.to_owned(),
            wire_name: format!("{name}:0x0{index}"),
            index,
        };
        for name in ["BIG/USDC", "@1"] {
            let market = Market::find(meta(), name).unwrap();
            assert_eq!((market.coin.as_str(), market.asset), ("@1", 10_001));
            assert_eq!((market.base, market.quote), (token("BIG", 2), token("USDC", 0)));
        }
    }

    #[test]
    fn an_unknown_market_is_answered_with_those_there_are() {
        let error = Market::find(meta(), "AAPL/USDC").unwrap_err().to_string();
        assert!(error.contains("TNDM/USDC, BIG/USDC") && error.contains("--market"), "{error}");
        let none = Market::find(json!({ "universe": [], "tokens": [] }), "A/B").unwrap_err().to_string();
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
            Market::find(meta(), market).unwrap().check(&messages).map_err(|error| error.to_string())
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
