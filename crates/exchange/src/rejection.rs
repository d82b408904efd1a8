//! Why the rules say no.

use core::fmt;
use tandem_coprocessor::OutOfWork;
use tandem_types::{PriceError, QuantityError};

macro_rules! rejections {
    ($( $(#[$doc:meta])* $name:ident = $code:literal, $text:literal; )*) => {
        /// Why an action, or one item of a batch, was refused. Codes are stable; where several apply, the first that
        /// the rules meet is given, and the rules check in the order of the codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rejection {
            $( $(#[$doc])* $name = $code, )*
        }

        impl Rejection {
            /// Every rejection, in the order of codes.
            pub const ALL: &'static [Self] = &[ $( Self::$name ),* ];

            /// Its stable number.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $( Self::$name => $code ),* }
            }

            /// The rejection of a number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $( $code => Some(Self::$name), )* _ => None }
            }

            /// What it means, as a trader should read it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Self::$name => $text ),* }
            }
        }
    };
}

rejections! {
    /// The co-processor is not enshrined or not active.
    Inactive = 1, "the exchange is not active on this chain";
    /// More work than one action may cause.
    OutOfWork = 2, "the action needs more work than one action may cause";
    /// `vaultAddress` names no vault or subaccount of the signer.
    UnknownVault = 10, "vaultAddress is not a vault or subaccount of the signer";
    /// A user-signed action came from an agent.
    AgentNotAllowed = 11, "this action must be signed by the account's own key";
    /// The orders of a group don't fit together.
    BadGrouping = 12, "orders of the group do not fit together";
    /// The asset number is not a market.
    UnknownAsset = 20, "unknown asset";
    /// Trigger orders need a perpetual market.
    TriggerUnsupported = 21, "trigger orders are not available on this market";
    /// Reduce-only needs a position.
    ReduceOnlyUnsupported = 22, "reduce-only orders are not available on spot markets";
    /// Grouping needs a perpetual market.
    GroupingUnsupported = 23, "order grouping is not available on spot markets";
    /// A builder fee needs an approval.
    BuilderNotApproved = 24, "builder fee has not been approved";
    /// A perpetual market has no price yet.
    NoMarkPrice = 25, "asset has no mark price yet";
    /// Liquidations of an earlier block are not done.
    LiquidationsPending = 26, "only cancels and reduce-only orders are taken while liquidations are pending";
    /// The order's expiry is not ahead.
    AlreadyExpired = 27, "order has expired";
    /// TWAP orders need a perpetual market.
    TwapUnsupported = 28, "twap orders are not available on this market";
    /// A TWAP order is too short or too long.
    TwapDuration = 29, "invalid twap duration";
    /// The price is zero.
    PriceZero = 30, "order has zero price";
    /// Too many decimals or significant figures.
    PriceTick = 31, "price must be divisible by tick size";
    /// Above the greatest price.
    PriceTooHigh = 32, "price is above the greatest price of the market";
    /// The size is zero.
    SizeZero = 33, "order has zero size";
    /// More decimals than the market's lot.
    SizeLot = 34, "order has invalid size: more decimals than the market's lot";
    /// Too large to count.
    SizeTooLarge = 35, "order is too large";
    /// Below the least notional.
    NotionalTooSmall = 36, "order must have minimum value of $10";
    /// The price is beyond 80 % of the mark price.
    PriceTooFar = 37, "order price cannot be more than 80% away from the reference price";
    /// Above the greatest notional of an order.
    OrderTooLarge = 38, "order value exceeds the maximum of the asset";
    /// There is no opposite position that it could reduce, or others reduce it already.
    ReduceOnlyWouldIncrease = 39, "reduce only order would increase position";
    /// The client order id is in use by an open order.
    CloidInUse = 40, "client order id is in use by an open order";
    /// The client order id was cancelled earlier in this block.
    CancelledBeforePlaced = 41, "order was cancelled before it was placed";
    /// As many open orders as an account may have.
    TooManyOpenOrders = 42, "too many open orders";
    /// Not enough free balance.
    InsufficientBalance = 43, "insufficient spot balance";
    /// Not enough margin for the order.
    InsufficientMargin = 44, "insufficient margin to place order";
    /// A post-only order would have taken.
    PostOnlyWouldCross = 50, "post only order would have immediately matched";
    /// An immediate-or-cancel order met nothing.
    NoMatch = 51, "order could not immediately match against any resting orders";
    /// A fill-or-kill order could not fill whole.
    FillOrKillUnfilled = 52, "order could not be filled whole";
    /// The order would raise open interest above the market's cap.
    OpenInterestCap = 53, "order would increase open interest beyond its cap";
    /// Not enough margin at the prices at which the order would trade.
    InsufficientMarginAfterFill = 54, "insufficient margin at the prices of the fill";
    /// The mark price has already passed the trigger price.
    BadTriggerPrice = 55, "invalid TP/SL price";
    /// As many orders follow the position as may.
    TooManyPositionTriggers = 56, "too many orders follow the position";
    /// The order that this one was to protect was refused, or filled nothing.
    ParentRejected = 57, "the first order of the group was not placed";
    /// A part of a TWAP order is worth less than the least notional.
    TwapTooSmall = 58, "each part of a twap order must have minimum value of $10";
    /// As many TWAP orders run as may.
    TooManyTwaps = 59, "too many twap orders";
    /// The order is not open, or not the signer's.
    UnknownOrder = 60, "order was never placed, already canceled, or filled";
    /// A modification names an order that is not open.
    ModifyUnknownOrder = 61, "cannot modify canceled or filled order";
    /// No such TWAP order runs.
    UnknownTwap = 62, "twap was never placed, already canceled, or finished";
    /// A scheduled cancel is too near.
    ScheduleTooSoon = 70, "scheduled cancel must be at least 5 seconds in the future";
    /// No more scheduled cancels today.
    ScheduleUsedUp = 71, "scheduled cancels have been used up for today";
    /// The token is unknown.
    UnknownToken = 80, "unknown token";
    /// The amount is zero.
    AmountZero = 81, "amount is zero";
    /// The amount has more decimals than the token.
    AmountDust = 82, "amount has more decimals than the token";
    /// The amount is too large to count.
    AmountTooLarge = 83, "amount is too large";
    /// Sending to oneself.
    SelfTransfer = 84, "cannot send to the same account";
    /// No room for another account.
    TooManyAccounts = 85, "no more accounts can be created";
    /// The sender can't pay what a new account costs.
    ActivationFee = 86, "destination has no account yet, and its activation fee is more than the sender has free";
    /// The agent's address has an account of its own.
    AgentIsAccount = 90, "agent address is an account";
    /// The agent's address is another account's agent.
    AgentInUse = 91, "agent address is in use";
    /// The agent was revoked lately; its old actions could be replayed.
    AgentRecentlyRevoked = 92, "agent address was revoked less than three days ago";
    /// As many agents as an account may have.
    TooManyAgents = 93, "too many agents";
    /// The agent's name is too long, or has control characters.
    AgentName = 94, "agent name is too long or has control characters";
    /// Leverage below one or above the market's greatest.
    LeverageOutOfRange = 95, "leverage is out of range";
    /// The margin mode can't change while something is held or open.
    MarginModeLocked = 96, "cannot switch leverage type with open position or orders";
    /// No isolated position there.
    NoIsolatedPosition = 97, "no isolated position";
    /// Margin or collateral would fall below what must stay.
    InsufficientWithdrawable = 98, "insufficient margin: the rest must stay behind open positions and orders";
    /// An amount left the range: a bound that the checks before should have kept.
    Overflow = 99, "amount is out of range";
    /// Only an account with a key has sub-accounts.
    SubAccountNested = 100, "only an account with a key of its own can have sub-accounts";
    /// The name of a sub-account is empty, too long, or has control characters.
    SubAccountName = 101, "sub-account name must have 1 to 16 letters, none of them a control character";
    /// As many sub-accounts as an account may have.
    TooManySubAccounts = 102, "too many sub-accounts";
    /// No sub-account of the account has this address.
    UnknownSubAccount = 103, "subAccountUser is not a sub-account of the account";
    /// An agent's scope does not have actions of this kind.
    ScopeAction = 110, "API wallet's scope does not allow this action";
    /// An agent's scope does not have the market, or not all.
    ScopeMarket = 111, "API wallet's scope does not allow this market";
    /// An order is larger than an agent's scope allows.
    ScopeOrderNotional = 112, "order value exceeds the maximum of the API wallet's scope";
    /// All orders of an agent would be larger than its scope allows.
    ScopeTotalNotional = 113, "order value exceeds what is left of the API wallet's scope";
    /// Above what a builder may take.
    BuilderFeeTooHigh = 200, "builder fee is above the greatest: 0.1% on perpetuals, 1% on spot";
    /// The builder has no account.
    UnknownBuilder = 201, "builder has no account";
    /// As many builders as an account may approve.
    TooManyBuilders = 202, "too many approved builders";
    /// The vault's name is empty or too long, its description too long, or either has control characters.
    VaultProfile = 210, "name or description of the vault is too long, empty or has control characters";
    /// Less than a vault takes.
    VaultDepositTooSmall = 211, "vault deposit is too small";
    /// The vault takes no deposits.
    VaultClosed = 212, "vault is closed to deposits";
    /// The vault is worth nothing, or rounding to whole shares would cost the depositor more than a millionth.
    VaultSharesTooDear = 213, "vault is worth nothing, or the deposit is too small for its share price";
    /// As many holders as a vault may have.
    VaultFull = 214, "vault has as many depositors as it may";
    /// More than the holder has in the vault.
    NoVaultHolding = 215, "insufficient vault equity";
    /// The last deposit is too recent.
    VaultLocked = 216, "cannot withdraw during the lockup period after depositing";
    /// What is asked for stands behind positions or orders of the vault.
    VaultFundsInUse = 217, "vault has not enough withdrawable funds: the rest stands behind its positions and orders";
    /// Prices of what the vault holds are stale.
    VaultUnpriced = 218, "vault holds positions whose prices are stale";
    /// Vaults put nothing into vaults, and only accounts with a key have some.
    VaultInVault = 219, "a vault cannot fund vaults, and only an account with a key of its own can have some";
    /// As many vaults as a leader may have.
    TooManyVaults = 220, "too many vaults";
    /// The leader would hold less than its part.
    VaultLeaderPart = 221, "vault leader must hold at least 5% of the vault";
    /// Nothing is closed for withdrawals.
    VaultClosesNothing = 222, "vaults do not close positions for withdrawals";
    /// The account has one key already.
    NotMultiSig = 230, "account is not a multi-sig user";
    /// A threshold that can't be met, a key named twice, or the account's own.
    BadSigners = 231, "signers must be 1 to 10 others, each once, and the threshold no more than there are";
    /// A key has no account.
    SignerWithoutAccount = 232, "every authorized user must have an account";
    /// Only an account with a key refers and is referred.
    ReferralAccount = 240, "only an account with a key of its own can refer others or be referred";
    /// Not a referral code.
    ReferralCode = 241, "referral code must have 1 to 20 upper-case letters or digits";
    /// The account has a code.
    ReferrerRegistered = 242, "account has a referral code already";
    /// The account has traded too little.
    ReferrerVolume = 243, "a referral code needs $10,000 of traded volume";
    /// The code is another's.
    ReferralCodeTaken = 244, "referral code is taken";
    /// Nobody has the code.
    UnknownReferralCode = 245, "referral code does not exist";
    /// The code is the account's own.
    SelfReferral = 246, "cannot refer oneself";
    /// The account has a referrer.
    ReferrerSet = 247, "referrer has been set already";
    /// There is too little to claim.
    RewardsTooSmall = 248, "rewards can be claimed once they are more than $1";
    /// An isolated position has no more than the leverage that it is to have.
    LeverageReached = 300, "position already has no more than this leverage";
    /// Nobody has the address that is to be invited.
    UnknownTradeGroupMember = 311, "no account has the address to be invited";
    /// A leader belongs to its group without being invited.
    TradeGroupOfOneself = 312, "an account leads its own trade group and is not invited to it";
    /// The leader has not invited this account, or no more.
    NotInvited = 313, "account is not invited to this trade group";
    /// It leads a group.
    LeadsTradeGroup = 314, "account leads a trade group: it must first remove all that it has invited";
    /// It is in another's group.
    FollowsTradeGroup = 315, "account is in another's trade group: it must leave that one first";
    /// The leader has invited as many as it may.
    TradeGroupFull = 316, "a trade group has at most 100 invited accounts";
    /// It is in no group that it could leave.
    NotInTradeGroup = 317, "account is in no trade group";
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Rejection {}

impl From<OutOfWork> for Rejection {
    fn from(OutOfWork: OutOfWork) -> Self {
        Self::OutOfWork
    }
}

impl From<QuantityError> for Rejection {
    fn from(error: QuantityError) -> Self {
        match error {
            QuantityError::Overflow => Self::Overflow,
            QuantityError::Underflow => Self::InsufficientBalance,
            QuantityError::Dust => Self::AmountDust,
        }
    }
}

impl From<PriceError> for Rejection {
    fn from(error: PriceError) -> Self {
        match error {
            PriceError::Zero => Self::PriceZero,
            PriceError::SignificantFigures => Self::PriceTick,
            PriceError::TooHigh => Self::PriceTooHigh,
        }
    }
}

impl tandem_codec::Encode for Rejection {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.code().encode(out);
    }
}

impl tandem_codec::Decode for Rejection {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        let code = u16::decode(input)?;
        Self::from_code(code).ok_or_else(|| input.invalid("rejection"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_come_back() {
        let codes: alloc::vec::Vec<u16> = Rejection::ALL.iter().map(|r| r.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert!(Rejection::ALL.iter().all(|r| Rejection::from_code(r.code()) == Some(*r)));
    }
}
