//! The actions, typed.
//!
//! Prices and sizes are still decimals: ticks and lots depend on the market, which needs state.

use super::{
    ApproveBuilderFee, ApproveScopedAgent, ConvertToMultiSigUser, CreateVault, Decimal, HyperliquidChain,
    MultiSig, SelfTradePrevention, SetTradeGroup, SubAccountModify, SubAccountSpotTransfer,
    SubAccountTransfer, TimeInForce, Tpsl, TradeGroupInvite, VaultDistribute, VaultModify, VaultTransfer,
    text::{AddressText, Amount},
};
use alloc::{boxed::Box, vec::Vec};
use tandem_types::{Address, BlockTime, ChainId, Cloid, OrderId};

/// Most orders, cancels or modifications in one action: enough for a market maker's whole ladder, and so few that the
/// largest action stays below [`MAX_ACTION_BYTES`](super::MAX_ACTION_BYTES) and far below a block's work.
pub const MAX_BATCH_ORDERS: u32 = 128;

/// A market as actions number it: a perpetual's index, 10,000 + a spot market's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub u32);

/// What a trader asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Places orders.
    Order(PlaceOrders),
    /// Cancels orders by their ids.
    Cancel(CancelOrders),
    /// Cancels orders by the trader's own ids.
    CancelByCloid(Vec<CancelByCloid>),
    /// Replaces an order.
    Modify(Modify),
    /// Replaces several orders.
    BatchModify(Vec<Modify>),
    /// Cancels everything at a time unless it is set anew before; `None` unsets it.
    ScheduleCancel(Option<BlockTime>),
    /// Uses up its nonce, which an action in flight may have.
    Noop,
    /// Sends a token to another account. User-signed.
    SpotSend(SpotSend),
    /// Lets another key act for the account. User-signed.
    ApproveAgent(ApproveAgent),
    /// Sets leverage and margin mode on a perpetual market.
    UpdateLeverage(UpdateLeverage),
    /// Moves margin into or out of an isolated position.
    UpdateIsolatedMargin(UpdateIsolatedMargin),
    /// Moves USD between spot balance and collateral. User-signed.
    UsdClassTransfer(UsdClassTransfer),
    /// Sends collateral to another account. User-signed.
    UsdSend(UsdSend),
    /// Cancels all orders, or all of a market. An addition to Hyperliquid's actions.
    CancelAll(Option<AssetId>),
    /// Buys or sells in equal parts over a time.
    TwapOrder(TwapRequest),
    /// Ends such an order.
    TwapCancel(TwapCancel),
    /// Makes a sub-account of this name.
    CreateSubAccount(Box<str>),
    /// Moves collateral to a sub-account or from it.
    SubAccountTransfer(SubAccountTransfer),
    /// Moves a token to a sub-account or from it.
    SubAccountSpotTransfer(SubAccountSpotTransfer),
    /// Renames a sub-account.
    SubAccountModify(SubAccountModify),
    /// Moves margin into an isolated position, until it has a leverage.
    TopUpIsolatedOnlyMargin(TopUpIsolatedOnlyMargin),
    /// Lets another key do certain things for the account. User-signed; an addition to Hyperliquid's actions.
    ApproveScopedAgent(ApproveScopedAgent),
    /// Lets a builder take a fee of the orders that name it. User-signed.
    ApproveBuilderFee(ApproveBuilderFee),
    /// Makes a vault.
    CreateVault(CreateVault),
    /// Moves collateral into a vault or out of it.
    VaultTransfer(VaultTransfer),
    /// Changes a vault's settings.
    VaultModify(VaultModify),
    /// Pays a vault's holders, or ends it.
    VaultDistribute(VaultDistribute),
    /// Invites an account to a trade group, or removes it.
    TradeGroupInvite(TradeGroupInvite),
    /// Joins a trade group, or leaves it.
    SetTradeGroup(SetTradeGroup),
    /// Gives the account to several keys, or back to its own. User-signed.
    ConvertToMultiSigUser(ConvertToMultiSigUser),
    /// What an account of several keys does: the action within is what is checked and executed.
    MultiSig(MultiSig),
    /// Makes a referral code the account's.
    RegisterReferrer(Box<str>),
    /// Names the referral code of whoever brought the account.
    SetReferrer(Box<str>),
    /// Pays what the account's referrals have earned it.
    ClaimRewards,
}

/// Moves margin into an isolated position, until it has a leverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopUpIsolatedOnlyMargin {
    /// The market.
    pub asset: AssetId,
    /// Notional over value, at most.
    pub leverage: Decimal,
}

/// Buys or sells in equal parts over a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwapRequest {
    /// The market.
    pub asset: AssetId,
    /// Buys or sells.
    pub is_buy: bool,
    /// Size in base units.
    pub size: Decimal,
    /// May only make a position smaller.
    pub reduce_only: bool,
    /// How long, in minutes.
    pub minutes: u64,
    /// Whether the parts vary.
    pub randomize: bool,
}

/// Ends an order in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwapCancel {
    /// Its market.
    pub asset: AssetId,
    /// Its number.
    pub twap: u64,
}

/// Orders that arrive together, with a result each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrders {
    /// 1 to [`MAX_BATCH_ORDERS`] of them.
    pub orders: Vec<Order>,
    /// Whether they belong together.
    pub grouping: Grouping,
    /// Who gets a fee for having built the orders.
    pub builder: Option<Builder>,
}

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its market.
    pub asset: AssetId,
    /// Buys or sells.
    pub is_buy: bool,
    /// Limit price, in quote units per base unit.
    pub price: Decimal,
    /// Size in base units.
    pub size: Decimal,
    /// May only make a position smaller.
    pub reduce_only: bool,
    /// Limit or trigger.
    pub kind: OrderKind,
    /// The trader's own id.
    pub cloid: Option<Cloid>,
    /// What happens on meeting another order of its owner; the market's default if absent.
    pub self_trade_prevention: Option<SelfTradePrevention>,
    /// From when on it may not trade; never if absent. An addition to Hyperliquid's format.
    pub expires: Option<BlockTime>,
}

/// When an order enters the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// At once.
    Limit(TimeInForce),
    /// When the mark price crosses a price.
    Trigger(Trigger),
}

/// The condition of a trigger order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Enters as a market order rather than at its limit price.
    pub is_market: bool,
    /// The mark price at which it enters.
    pub price: Decimal,
    /// From which side the price must come.
    pub tpsl: Tpsl,
}

/// How the orders of one action belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Not at all.
    Na,
    /// Take-profit and stop-loss orders of a fixed size.
    NormalTpsl,
    /// Take-profit and stop-loss orders that follow the position's size.
    PositionTpsl,
    /// A bid for priority.
    Priority(u64),
}

/// Who gets a fee for having built an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builder {
    /// The receiver.
    pub address: Address,
    /// Tenths of a basis point.
    pub fee: u64,
}

/// Cancels by order id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelOrders {
    /// 1 to [`MAX_BATCH_ORDERS`] of them.
    pub cancels: Vec<Cancel>,
    /// Hyperliquid's flag `f`; without effect here, where cancels always come before orders that may take.
    pub fast: Option<bool>,
}

/// Cancels one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Its market.
    pub asset: AssetId,
    /// Its id.
    pub order: OrderId,
}

/// Cancels one order by the trader's own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelByCloid {
    /// Its market.
    pub asset: AssetId,
    /// The trader's id of it.
    pub cloid: Cloid,
}

/// Replaces one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modify {
    /// The order to replace.
    pub target: OrderRef,
    /// What replaces it.
    pub order: Order,
}

/// An order by either of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRef {
    /// The chain's id.
    Id(OrderId),
    /// The trader's id.
    Cloid(Cloid),
}

/// What every user-signed action says of the network it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSigned {
    /// The chain that the wallet was told, `signatureChainId`.
    pub chain_id: ChainId,
    /// The class of network, `hyperliquidChain`.
    pub chain: HyperliquidChain,
    /// The nonce (milliseconds), called `time` or `nonce`.
    pub nonce: u64,
}

/// Sends a token to another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotSend {
    /// The receiver.
    pub destination: AddressText,
    /// The token, as `NAME:0x…`.
    pub token: Box<str>,
    /// How much, in whole tokens.
    pub amount: Amount,
    /// Network and nonce.
    pub user: UserSigned,
}

/// Lets another key act for the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveAgent {
    /// The key's address.
    pub agent: Address,
    /// Its name; an unnamed agent replaces the unnamed one before. Not empty.
    pub name: Option<Box<str>>,
    /// Network and nonce.
    pub user: UserSigned,
}

/// Sets leverage and margin mode on a perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateLeverage {
    /// The market.
    pub asset: AssetId,
    /// Cross margin, or isolated.
    pub is_cross: bool,
    /// The leverage.
    pub leverage: u64,
}

/// Moves margin into or out of an isolated position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateIsolatedMargin {
    /// The market.
    pub asset: AssetId,
    /// Without effect: an account has one position in a market.
    pub is_buy: bool,
    /// What moves in, in 10^-6 USD; below zero, out. The wire's `ntli`.
    pub micros: i64,
}

/// Moves USD between spot balance and collateral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsdClassTransfer {
    /// How much, in USD.
    pub amount: Amount,
    /// To collateral, or from it.
    pub to_perp: bool,
    /// Network and nonce.
    pub user: UserSigned,
}

/// Sends collateral to another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsdSend {
    /// The receiver.
    pub destination: AddressText,
    /// How much, in USD.
    pub amount: Amount,
    /// Network and nonce.
    pub user: UserSigned,
}

/// Where in a block an action stands (DESIGN §5): makers place and withdraw before anyone takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Neither takes nor cancels.
    Neutral = 1,
    /// Cancels.
    Cancels = 2,
    /// May take.
    MayTake = 3,
}

tandem_codec::tags!(Class { Neutral = 1, Cancels = 2, MayTake = 3 });

impl Class {
    /// All, in the order in which a block has them.
    pub const ALL: [Self; 3] = [Self::Neutral, Self::Cancels, Self::MayTake];
}

/// The actions that are signed as L1 actions, as a pattern: all that carry no network and nonce of their own.
macro_rules! l1_action {
    () => {
        $crate::action::Action::Order(_)
            | $crate::action::Action::Cancel(_)
            | $crate::action::Action::CancelByCloid(_)
            | $crate::action::Action::Modify(_)
            | $crate::action::Action::BatchModify(_)
            | $crate::action::Action::ScheduleCancel(_)
            | $crate::action::Action::UpdateLeverage(_)
            | $crate::action::Action::UpdateIsolatedMargin(_)
            | $crate::action::Action::TopUpIsolatedOnlyMargin(_)
            | $crate::action::Action::CancelAll(_)
            | $crate::action::Action::TwapOrder(_)
            | $crate::action::Action::TwapCancel(_)
            | $crate::action::Action::CreateSubAccount(_)
            | $crate::action::Action::SubAccountTransfer(_)
            | $crate::action::Action::SubAccountSpotTransfer(_)
            | $crate::action::Action::SubAccountModify(_)
            | $crate::action::Action::CreateVault(_)
            | $crate::action::Action::VaultTransfer(_)
            | $crate::action::Action::VaultModify(_)
            | $crate::action::Action::VaultDistribute(_)
            | $crate::action::Action::TradeGroupInvite(_)
            | $crate::action::Action::SetTradeGroup(_)
            | $crate::action::Action::MultiSig(_)
            | $crate::action::Action::RegisterReferrer(_)
            | $crate::action::Action::SetReferrer(_)
            | $crate::action::Action::ClaimRewards
            | $crate::action::Action::Noop
    };
}
pub(super) use l1_action;

/// The actions that concern accounts and their money, and no order or position, as a pattern.
macro_rules! account_action {
    () => {
        $crate::action::Action::SpotSend(_)
            | $crate::action::Action::ApproveAgent(_)
            | $crate::action::Action::ApproveScopedAgent(_)
            | $crate::action::Action::UsdClassTransfer(_)
            | $crate::action::Action::UsdSend(_)
            | $crate::action::Action::CreateSubAccount(_)
            | $crate::action::Action::SubAccountTransfer(_)
            | $crate::action::Action::SubAccountSpotTransfer(_)
            | $crate::action::Action::SubAccountModify(_)
            | $crate::action::Action::ApproveBuilderFee(_)
            | $crate::action::Action::CreateVault(_)
            | $crate::action::Action::VaultTransfer(_)
            | $crate::action::Action::VaultModify(_)
            | $crate::action::Action::VaultDistribute(_)
            | $crate::action::Action::ConvertToMultiSigUser(_)
            | $crate::action::Action::RegisterReferrer(_)
            | $crate::action::Action::SetReferrer(_)
            | $crate::action::Action::ClaimRewards
            | $crate::action::Action::TradeGroupInvite(_)
            | $crate::action::Action::SetTradeGroup(_)
    };
}
pub(crate) use account_action;

impl Action {
    /// The class; of a batch, its most aggressive item's; of a modification, its new order's.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Order(place) => most_aggressive(&place.orders, Order::class),
            Self::Cancel(_) | Self::CancelByCloid(_) | Self::CancelAll(_) | Self::TwapCancel(_) => {
                Class::Cancels
            }
            Self::Modify(modify) => modify.order.class(),
            Self::MultiSig(multi_sig) => multi_sig.action.class(),
            Self::BatchModify(modifies) => most_aggressive(modifies, |modify| modify.order.class()),
            account_action!()
            | Self::ScheduleCancel(_)
            | Self::Noop
            | Self::UpdateLeverage(_)
            | Self::UpdateIsolatedMargin(_)
            | Self::TopUpIsolatedOnlyMargin(_)
            // Its parts come with due work, behind all actions.
            | Self::TwapOrder(_) => Class::Neutral,
        }
    }

    /// Network and nonce of a user-signed action; `None` for those signed as L1 actions.
    #[must_use]
    pub const fn user_signed(&self) -> Option<&UserSigned> {
        match self {
            Self::SpotSend(send) => Some(&send.user),
            Self::ApproveAgent(approve) => Some(&approve.user),
            Self::ApproveScopedAgent(approve) => Some(&approve.approval.user),
            Self::UsdClassTransfer(transfer) => Some(&transfer.user),
            Self::UsdSend(send) => Some(&send.user),
            Self::ApproveBuilderFee(approve) => Some(&approve.user),
            Self::ConvertToMultiSigUser(convert) => Some(&convert.user),
            l1_action!() => None,
        }
    }

    /// Whether the account's own wallet signs this as typed data. The others are L1 actions, whose signature names no
    /// chain: on production networks they are taken only from agents approved on that chain.
    #[must_use]
    pub const fn is_user_signed(&self) -> bool {
        self.user_signed().is_some()
    }
}

impl Order {
    /// Post-only orders never take, and trigger orders only wait.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self.kind {
            OrderKind::Limit(TimeInForce::Alo) | OrderKind::Trigger(_) => Class::Neutral,
            OrderKind::Limit(
                TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::FrontendMarket,
            ) => Class::MayTake,
        }
    }
}

fn most_aggressive<T>(items: &[T], class: impl Fn(&T) -> Class) -> Class {
    items.iter().map(class).max().unwrap_or(Class::Neutral)
}
