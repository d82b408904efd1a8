//! Words: values that an action spells as one of a few texts.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = concat!("Spelt `", $text, "`.")]
                $variant
            ),*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text that spells this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value that `text` spells.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    )* };
}

// In the state and in receipts: one byte. A further one, with its end behind it, takes the next number.
tandem_codec::tags!(TimeInForce { Gtc = 0, Ioc = 1, Alo = 2, Fok = 3, FrontendMarket = 4 });

tandem_codec::tags!(Tpsl { TakeProfit = 0, StopLoss = 1 });
tandem_codec::tags!(SelfTradePrevention { CancelMaker = 0, CancelTaker = 1, CancelBoth = 2, Decrement = 3 });

words! {
    /// How long an order stays, and whether it may take.
    TimeInForce {
        /// Good until cancelled.
        Gtc = "Gtc",
        /// Immediate or cancel.
        Ioc = "Ioc",
        /// Add liquidity only: post-only.
        Alo = "Alo",
        /// Fill or kill. Not one of Hyperliquid's.
        Fok = "Fok",
        /// What Hyperliquid's own page sends for a market order: acts as [`TimeInForce::Ioc`].
        FrontendMarket = "FrontendMarket",
    }
    /// Which side of the position a trigger order protects.
    Tpsl {
        /// Take profit.
        TakeProfit = "tp",
        /// Stop loss.
        StopLoss = "sl",
    }
    /// What happens when an order would trade with another of its owner. An addition to Hyperliquid's format.
    SelfTradePrevention {
        /// The resting order is cancelled.
        CancelMaker = "cancelMaker",
        /// What remains of the arriving order is cancelled.
        CancelTaker = "cancelTaker",
        /// Both are cancelled.
        CancelBoth = "cancelBoth",
        /// Both lose the smaller size; the one at zero is cancelled.
        Decrement = "decrement",
    }
    /// The network class that a user-signed action names.
    HyperliquidChain {
        /// Production.
        Mainnet = "Mainnet",
        /// Everything else.
        Testnet = "Testnet",
    }
    /// A field of an action.
    FieldName {
        Type = "type",
        Orders = "orders",
        Grouping = "grouping",
        Builder = "builder",
        A = "a",
        B = "b",
        P = "p",
        S = "s",
        R = "r",
        T = "t",
        C = "c",
        Stp = "stp",
        Exp = "exp",
        Twap = "twap",
        M = "m",
        Limit = "limit",
        Trigger = "trigger",
        Tif = "tif",
        IsMarket = "isMarket",
        TriggerPx = "triggerPx",
        Tpsl = "tpsl",
        F = "f",
        Cancels = "cancels",
        O = "o",
        Asset = "asset",
        Cloid = "cloid",
        Oid = "oid",
        Order = "order",
        Modifies = "modifies",
        Time = "time",
        Destination = "destination",
        Amount = "amount",
        Token = "token",
        SignatureChainId = "signatureChainId",
        HyperliquidChain = "hyperliquidChain",
        AgentAddress = "agentAddress",
        AgentName = "agentName",
        Nonce = "nonce",
        IsCross = "isCross",
        Leverage = "leverage",
        IsBuy = "isBuy",
        Ntli = "ntli",
        ToPerp = "toPerp",
        Name = "name",
        SubAccountUser = "subAccountUser",
        IsDeposit = "isDeposit",
        Usd = "usd",
        Assets = "assets",
        OrderUsd = "orderUsd",
        TotalUsd = "totalUsd",
        MaxFeeRate = "maxFeeRate",
        Description = "description",
        InitialUsd = "initialUsd",
        VaultAddress = "vaultAddress",
        AllowDeposits = "allowDeposits",
        AlwaysCloseOnWithdraw = "alwaysCloseOnWithdraw",
        Signers = "signers",
        Signatures = "signatures",
        V = "v",
        Payload = "payload",
        MultiSigUser = "multiSigUser",
        OuterSigner = "outerSigner",
        Action = "action",
        Code = "code",
        User = "user",
        IsInvited = "isInvited",
        Leader = "leader",
    }
}
