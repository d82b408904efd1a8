//! Fields of a request, each checked as it is taken, each error naming its field.

use crate::error::ApiError;
use crate::hex;
use crate::views::Rounding;
use crate::wire::Coin;
use serde_json::{Map, Value};
use tandem_indexer::{Interval, Markets};
use tandem_types::{Address, Cloid, MarketId, OrderId};

/// The fields of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// What stands before a field's name in errors.
    root: &'a str,
}

/// An order by either of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderName {
    Id(OrderId),
    Cloid(Cloid),
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which errors call `name`.
    pub(crate) fn new(value: &'a Value, name: &'a str) -> Result<Self, ApiError> {
        let map =
            value.as_object().ok_or_else(|| ApiError::field("invalid_field", name, "must be an object"))?;
        Ok(Self { map, root: if name == "request" { "" } else { name } })
    }

    /// An object within.
    pub(crate) fn object(&self, name: &'a str) -> Result<Self, ApiError> {
        Self::new(self.required(name)?, name)
    }

    fn error(&self, code: &'static str, name: &str, what: &str) -> ApiError {
        let dot = if self.root.is_empty() { "" } else { "." };
        ApiError::field(code, format!("{}{dot}{name}", self.root), what)
    }

    fn optional(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn required(&self, name: &str) -> Result<&'a Value, ApiError> {
        self.optional(name).ok_or_else(|| self.error("missing_field", name, "is missing"))
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, ApiError> {
        self.required(name)?.as_str().ok_or_else(|| self.error("invalid_field", name, "must be a text"))
    }

    /// A whole number that may be absent.
    pub(crate) fn optional_number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        let number = value.as_u64();
        number
            .map(Some)
            .ok_or_else(|| self.error("invalid_field", name, "must be a whole number, not negative"))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<u64, ApiError> {
        self.required(name)?;
        self.optional_number(name).map(Option::unwrap_or_default)
    }

    /// The address in `user`.
    pub(crate) fn user(&self) -> Result<Address, ApiError> {
        self.address("user")
    }

    /// An address that may be absent.
    pub(crate) fn optional_address(&self, name: &str) -> Result<Option<Address>, ApiError> {
        self.optional(name).map(|_| self.address(name)).transpose()
    }

    /// An address.
    pub(crate) fn address(&self, name: &str) -> Result<Address, ApiError> {
        let address = hex::exact(self.text(name)?).map(Address);
        address.ok_or_else(|| self.error("invalid_field", name, "must be 0x and 40 hex digits"))
    }

    /// The market in `coin`.
    pub(crate) fn coin(&self, markets: &Markets) -> Result<MarketId, ApiError> {
        let text = self.text("coin")?;
        let unknown = || {
            let shown: String = text.chars().take(40).collect();
            self.error(
                "unknown_coin",
                "coin",
                &format!("no market is called {shown:?}; meta and spotMeta list them"),
            )
        };
        Coin::parse(text, markets).ok_or_else(unknown)
    }

    /// The perpetual market in `coin`.
    pub(crate) fn perpetual(&self, markets: &Markets) -> Result<MarketId, ApiError> {
        let id = self.coin(markets)?;
        let is = markets.perpetual(id).is_some();
        let error = || self.error("unknown_coin", "coin", "is not a perpetual market; meta lists them");
        is.then_some(id).ok_or_else(error)
    }

    /// From `startTime` on, 0 if absent, to `endTime`, both included.
    pub(crate) fn time_range(&self) -> Result<(u64, u64), ApiError> {
        let (from, to) = (self.optional_number("startTime")?, self.optional_number("endTime")?);
        Ok((from.unwrap_or(0), to.unwrap_or(u64::MAX)))
    }

    /// Refuses a `dex` other than the first, which has no name.
    pub(crate) fn first_dex(&self) -> Result<(), ApiError> {
        match self.optional("dex") {
            None => Ok(()),
            Some(Value::String(name)) if name.is_empty() => Ok(()),
            Some(_) => {
                Err(self.error("unknown_dex", "dex", "must be empty: there is one exchange of perpetuals"))
            }
        }
    }

    /// The rounding in `nSigFigs` and `mantissa`.
    pub(crate) fn rounding(&self) -> Result<Rounding, ApiError> {
        let (figures, mantissa) = (self.optional_number("nSigFigs")?, self.optional_number("mantissa")?);
        Rounding::new(figures, mantissa).map_err(|(name, what)| self.error("invalid_field", name, what))
    }

    /// The interval in `interval`.
    pub(crate) fn interval(&self) -> Result<Interval, ApiError> {
        let known = || {
            let words: Vec<&str> = Interval::ALL.iter().map(|interval| interval.word()).collect();
            self.error("invalid_field", "interval", &format!("must be one of {}", words.join(", ")))
        };
        Interval::from_word(self.text("interval")?).ok_or_else(known)
    }

    /// The order in `oid`.
    pub(crate) fn order(&self) -> Result<OrderName, ApiError> {
        let value = self.required("oid")?;
        let by_id = value.as_u64().map(|id| OrderName::Id(OrderId(id)));
        let by_cloid = || value.as_str().and_then(hex::exact).map(|cloid| OrderName::Cloid(Cloid(cloid)));
        let what = "must be a whole number, or 0x and 32 hex digits";
        by_id.or_else(by_cloid).ok_or_else(|| self.error("invalid_field", "oid", what))
    }
}
