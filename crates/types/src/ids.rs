//! Identifiers and counters.

macro_rules! counter {
    ($($(#[$doc:meta])* $name:ident($repr:ty);)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            /// The next one, or `None` at the end of the range.
            #[must_use]
            pub const fn next(self) -> Option<Self> {
                match self.0.checked_add(1) {
                    Some(next) => Some(Self(next)),
                    None => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, f)
            }
        }

        impl tandem_codec::Encode for $name {
            fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
                self.0.encode(out);
            }
        }

        impl tandem_codec::Decode for $name {
            fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
                <$repr>::decode(input).map(Self)
            }
        }
    )* };
}

counter! {
    /// An account, numbered from 0 in order of creation.
    AccountId(u32);
    /// A market, spot or perpetual, numbered over both.
    MarketId(u16);
    /// A token of Core. Token 0 is the quote, USD.
    TokenId(u16);
    /// An order, numbered over all markets in order of arrival.
    OrderId(u64);
    /// A trade (one fill), numbered over all markets.
    TradeId(u64);
    /// A co-processor's place in the state: the first byte of its keys.
    EngineId(u8);
    /// The chain, as in EIP-155.
    ChainId(u64);
    /// Height of an exchange block; genesis is 0.
    Height(u64);
    /// Consensus round within a height.
    Round(u32);
    /// Milliseconds since the Unix epoch, from a block's header.
    BlockTime(u64);
}

impl Height {
    /// Whether this height is a multiple of `interval`; an interval of 0 never comes due.
    #[must_use]
    pub const fn is_multiple_of(self, interval: u64) -> bool {
        interval != 0 && self.0.is_multiple_of(interval)
    }
}

impl BlockTime {
    /// Milliseconds from `earlier` to `self`; `None` if `earlier` is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    /// `self` plus `ms`, at most the end of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}
