//! From signed bytes to a typed action; one spelling each.
//!
//! Fields come in the order in which Hyperliquid's Python SDK signs or sends them, which puts `type` first in L1
//! actions and elsewhere in user-signed ones. Additions of ours stand at the end and may be left out.
//! Source: hyperliquid-python-sdk 0.24, `utils/signing.py`, `exchange.py`.

use super::{
    Action, ApproveAgent, ApproveBuilderFee, AssetId, Builder, Cancel, CancelByCloid, CancelOrders,
    ConvertToMultiSigUser, CreateVault, FieldName, FieldText, Grouping, Kind, MAX_AGENT_NAME_BYTES,
    MAX_TOKEN_BYTES, Modify, MultiSig, Order, OrderKind, PlaceOrders, Reason, SelfTradePrevention,
    SetTradeGroup, SpotSend, TimeInForce, TopUpIsolatedOnlyMargin, Tpsl, TradeGroupInvite, Trigger,
    TwapCancel, TwapRequest, UpdateIsolatedMargin, UpdateLeverage, UsdClassTransfer, UsdSend,
    VaultDistribute, VaultModify, VaultTransfer,
    fields::Fields,
    msgpack::Input,
    parts::{
        Result, WORD_BYTES_MAX, address, address_text, amount, asset, boolean, cloid, decimal, field,
        integer, list, non_empty, order_id, order_ref, skip_type, user_fields, word,
    },
    referral::{claim_rewards, referral_code},
    scoped_agent::approve_scoped_agent,
    sub_accounts::{create_sub_account, sub_account_modify, sub_account_spot_transfer, sub_account_transfer},
};
use alloc::vec::Vec;
use tandem_types::BlockTime;

use FieldName as F;

impl Action {
    /// Reads the action that `bytes` spell.
    ///
    /// The caller bounds the length ([`MAX_ACTION_BYTES`](super::MAX_ACTION_BYTES)); lists are bounded here.
    ///
    /// # Errors
    /// [`ActionError`](super::ActionError), with the first field that is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Input::new(bytes);
        let action = action(&mut input)?;
        match input.remaining() {
            0 => Ok(action),
            excess => Err(Reason::Trailing { excess }.into()),
        }
    }
}

pub(super) fn action(input: &mut Input<'_>) -> Result<Action> {
    let kind = find_type(*input)?;
    match kind {
        "order" => place_orders(input).map(Action::Order),
        "cancel" => cancel_orders(input).map(Action::Cancel),
        "cancelByCloid" => cancels_by_cloid(input).map(Action::CancelByCloid),
        "modify" => modify_action(input).map(Action::Modify),
        "batchModify" => batch_modify(input).map(Action::BatchModify),
        "scheduleCancel" => schedule_cancel(input).map(Action::ScheduleCancel),
        "noop" => noop(input),
        "spotSend" => spot_send(input).map(Action::SpotSend),
        "approveAgent" => approve_agent(input).map(Action::ApproveAgent),
        "updateLeverage" => update_leverage(input).map(Action::UpdateLeverage),
        "updateIsolatedMargin" => update_isolated_margin(input).map(Action::UpdateIsolatedMargin),
        "usdClassTransfer" => usd_class_transfer(input).map(Action::UsdClassTransfer),
        "usdSend" => usd_send(input).map(Action::UsdSend),
        "cancelAll" => cancel_all(input).map(Action::CancelAll),
        "twapOrder" => twap_order(input).map(Action::TwapOrder),
        "twapCancel" => twap_cancel(input).map(Action::TwapCancel),
        "createSubAccount" => create_sub_account(input).map(Action::CreateSubAccount),
        "subAccountTransfer" => sub_account_transfer(input).map(Action::SubAccountTransfer),
        "subAccountSpotTransfer" => sub_account_spot_transfer(input).map(Action::SubAccountSpotTransfer),
        "subAccountModify" => sub_account_modify(input).map(Action::SubAccountModify),
        "topUpIsolatedOnlyMargin" => top_up(input).map(Action::TopUpIsolatedOnlyMargin),
        "approveScopedAgent" => approve_scoped_agent(input).map(Action::ApproveScopedAgent),
        "approveBuilderFee" => ApproveBuilderFee::read(input).map(Action::ApproveBuilderFee),
        "createVault" => CreateVault::read(input).map(Action::CreateVault),
        "vaultTransfer" => VaultTransfer::read(input).map(Action::VaultTransfer),
        "vaultModify" => VaultModify::read(input).map(Action::VaultModify),
        "vaultDistribute" => VaultDistribute::read(input).map(Action::VaultDistribute),
        "convertToMultiSigUser" => ConvertToMultiSigUser::read(input).map(Action::ConvertToMultiSigUser),
        "tradeGroupInvite" => TradeGroupInvite::read(input).map(Action::TradeGroupInvite),
        "setTradeGroup" => SetTradeGroup::read(input).map(Action::SetTradeGroup),
        "multiSig" => MultiSig::read(input).map(Action::MultiSig),
        "registerReferrer" => referral_code(input).map(Action::RegisterReferrer),
        "setReferrer" => referral_code(input).map(Action::SetReferrer),
        "claimRewards" => claim_rewards(input).map(|()| Action::ClaimRewards),
        other => Err(field(F::Type, Reason::UnknownWord(FieldText::new(other)))),
    }
}

/// The value of `type`, looked for past texts and integers: only they precede it in any action.
pub(super) fn find_type<'a>(mut input: Input<'a>) -> Result<&'a str> {
    for _ in 0..input.map()? {
        let name = input.text(WORD_BYTES_MAX)?;
        if name == "type" {
            return input.text(WORD_BYTES_MAX).map_err(|reason| field(F::Type, reason));
        }
        match input.kind()? {
            Kind::Text => drop(input.text(WORD_BYTES_MAX)?),
            Kind::Integer => drop(input.integer()?),
            Kind::Nil
            | Kind::Boolean
            | Kind::Signed
            | Kind::Float
            | Kind::Binary
            | Kind::Array
            | Kind::Map
            | Kind::Extension
            | Kind::Unused => break,
        }
    }
    Err(field(F::Type, Reason::Missing))
}

fn place_orders(input: &mut Input<'_>) -> Result<PlaceOrders> {
    let mut fields = Fields::open(input, &[F::Type, F::Orders, F::Grouping, F::Builder])?;
    fields.required(F::Type, skip_type)?;
    let orders = fields.required(F::Orders, |input| list(input, order))?;
    let grouping = fields.required(F::Grouping, grouping)?;
    let builder = fields.optional(F::Builder, builder)?;
    fields.close()?;
    Ok(PlaceOrders { orders, grouping, builder })
}

fn order(input: &mut Input<'_>) -> Result<Order> {
    let mut fields = Fields::open(input, &[F::A, F::B, F::P, F::S, F::R, F::T, F::C, F::Stp, F::Exp])?;
    let order = Order {
        asset: fields.required(F::A, asset)?,
        is_buy: fields.required(F::B, boolean)?,
        price: fields.required(F::P, decimal)?,
        size: fields.required(F::S, decimal)?,
        reduce_only: fields.required(F::R, boolean)?,
        kind: fields.required(F::T, order_kind)?,
        cloid: fields.optional(F::C, cloid)?,
        self_trade_prevention: fields
            .optional(F::Stp, |input| word(input, SelfTradePrevention::from_text))?,
        expires: fields.optional(F::Exp, integer)?.map(BlockTime),
    };
    fields.close()?;
    Ok(order)
}

fn order_kind(input: &mut Input<'_>) -> Result<OrderKind> {
    let mut fields = Fields::open(input, &[F::Limit, F::Trigger])?;
    let kind = match fields.optional(F::Limit, time_in_force)? {
        Some(time_in_force) => OrderKind::Limit(time_in_force),
        None => OrderKind::Trigger(fields.required(F::Trigger, trigger)?),
    };
    fields.close()?;
    Ok(kind)
}

fn time_in_force(input: &mut Input<'_>) -> Result<TimeInForce> {
    let mut fields = Fields::open(input, &[F::Tif])?;
    let time_in_force = fields.required(F::Tif, |input| word(input, TimeInForce::from_text))?;
    fields.close()?;
    Ok(time_in_force)
}

fn trigger(input: &mut Input<'_>) -> Result<Trigger> {
    let mut fields = Fields::open(input, &[F::IsMarket, F::TriggerPx, F::Tpsl])?;
    let trigger = Trigger {
        is_market: fields.required(F::IsMarket, boolean)?,
        price: fields.required(F::TriggerPx, decimal)?,
        tpsl: fields.required(F::Tpsl, |input| word(input, Tpsl::from_text))?,
    };
    fields.close()?;
    Ok(trigger)
}

fn grouping(input: &mut Input<'_>) -> Result<Grouping> {
    if input.kind()? == Kind::Map {
        let mut fields = Fields::open(input, &[F::P])?;
        let priority = fields.required(F::P, integer)?;
        fields.close()?;
        return Ok(Grouping::Priority(priority));
    }
    word(input, |text| match text {
        "na" => Some(Grouping::Na),
        "normalTpsl" => Some(Grouping::NormalTpsl),
        "positionTpsl" => Some(Grouping::PositionTpsl),
        _ => None,
    })
}

fn builder(input: &mut Input<'_>) -> Result<Builder> {
    let mut fields = Fields::open(input, &[F::B, F::F])?;
    let builder = Builder { address: fields.required(F::B, address)?, fee: fields.required(F::F, integer)? };
    fields.close()?;
    Ok(builder)
}

fn cancel_orders(input: &mut Input<'_>) -> Result<CancelOrders> {
    let mut fields = Fields::open(input, &[F::Type, F::Cancels, F::F])?;
    fields.required(F::Type, skip_type)?;
    let cancels = fields.required(F::Cancels, |input| list(input, cancel))?;
    let fast = fields.optional(F::F, boolean)?;
    fields.close()?;
    Ok(CancelOrders { cancels, fast })
}

fn cancel(input: &mut Input<'_>) -> Result<Cancel> {
    let mut fields = Fields::open(input, &[F::A, F::O])?;
    let cancel = Cancel { asset: fields.required(F::A, asset)?, order: fields.required(F::O, order_id)? };
    fields.close()?;
    Ok(cancel)
}

fn cancels_by_cloid(input: &mut Input<'_>) -> Result<Vec<CancelByCloid>> {
    let mut fields = Fields::open(input, &[F::Type, F::Cancels])?;
    fields.required(F::Type, skip_type)?;
    let cancels = fields.required(F::Cancels, |input| list(input, cancel_by_cloid))?;
    fields.close()?;
    Ok(cancels)
}

fn cancel_by_cloid(input: &mut Input<'_>) -> Result<CancelByCloid> {
    let mut fields = Fields::open(input, &[F::Asset, F::Cloid])?;
    let cancel =
        CancelByCloid { asset: fields.required(F::Asset, asset)?, cloid: fields.required(F::Cloid, cloid)? };
    fields.close()?;
    Ok(cancel)
}

fn modify_action(input: &mut Input<'_>) -> Result<Modify> {
    let mut fields = Fields::open(input, &[F::Type, F::Oid, F::Order])?;
    fields.required(F::Type, skip_type)?;
    modify_fields(fields)
}

fn batch_modify(input: &mut Input<'_>) -> Result<Vec<Modify>> {
    let mut fields = Fields::open(input, &[F::Type, F::Modifies])?;
    fields.required(F::Type, skip_type)?;
    let modifies = fields.required(F::Modifies, |input| list(input, modify))?;
    fields.close()?;
    Ok(modifies)
}

fn modify(input: &mut Input<'_>) -> Result<Modify> {
    modify_fields(Fields::open(input, &[F::Oid, F::Order])?)
}

fn modify_fields(mut fields: Fields<'_, '_>) -> Result<Modify> {
    let modify =
        Modify { target: fields.required(F::Oid, order_ref)?, order: fields.required(F::Order, order)? };
    fields.close()?;
    Ok(modify)
}

fn schedule_cancel(input: &mut Input<'_>) -> Result<Option<BlockTime>> {
    let mut fields = Fields::open(input, &[F::Type, F::Time])?;
    fields.required(F::Type, skip_type)?;
    let time = fields.optional(F::Time, integer)?.map(BlockTime);
    fields.close()?;
    Ok(time)
}

fn noop(input: &mut Input<'_>) -> Result<Action> {
    let mut fields = Fields::open(input, &[F::Type])?;
    fields.required(F::Type, skip_type)?;
    fields.close()?;
    Ok(Action::Noop)
}

fn spot_send(input: &mut Input<'_>) -> Result<SpotSend> {
    let names =
        &[F::Destination, F::Amount, F::Token, F::Time, F::Type, F::SignatureChainId, F::HyperliquidChain];
    let mut fields = Fields::open(input, names)?;
    let destination = fields.required(F::Destination, address_text)?;
    let amount = fields.required(F::Amount, amount)?;
    let token = fields.required(F::Token, |input| non_empty(input, MAX_TOKEN_BYTES))?;
    let nonce = fields.required(F::Time, integer)?;
    fields.required(F::Type, skip_type)?;
    let user = user_fields(&mut fields, nonce)?;
    fields.close()?;
    Ok(SpotSend { destination, token, amount, user })
}

fn approve_agent(input: &mut Input<'_>) -> Result<ApproveAgent> {
    let names = &[F::Type, F::AgentAddress, F::AgentName, F::Nonce, F::SignatureChainId, F::HyperliquidChain];
    let mut fields = Fields::open(input, names)?;
    fields.required(F::Type, skip_type)?;
    let agent = fields.required(F::AgentAddress, address)?;
    let name = fields.optional(F::AgentName, |input| non_empty(input, MAX_AGENT_NAME_BYTES))?;
    let nonce = fields.required(F::Nonce, integer)?;
    let user = user_fields(&mut fields, nonce)?;
    fields.close()?;
    Ok(ApproveAgent { agent, name, user })
}

fn update_leverage(input: &mut Input<'_>) -> Result<UpdateLeverage> {
    let mut fields = Fields::open(input, &[F::Type, F::Asset, F::IsCross, F::Leverage])?;
    fields.required(F::Type, skip_type)?;
    let update = UpdateLeverage {
        asset: fields.required(F::Asset, asset)?,
        is_cross: fields.required(F::IsCross, boolean)?,
        leverage: fields.required(F::Leverage, integer)?,
    };
    fields.close()?;
    Ok(update)
}

fn update_isolated_margin(input: &mut Input<'_>) -> Result<UpdateIsolatedMargin> {
    let mut fields = Fields::open(input, &[F::Type, F::Asset, F::IsBuy, F::Ntli])?;
    fields.required(F::Type, skip_type)?;
    let update = UpdateIsolatedMargin {
        asset: fields.required(F::Asset, asset)?,
        is_buy: fields.required(F::IsBuy, boolean)?,
        micros: fields.required(F::Ntli, |input| Ok(input.signed()?))?,
    };
    fields.close()?;
    Ok(update)
}

fn usd_class_transfer(input: &mut Input<'_>) -> Result<UsdClassTransfer> {
    let names = &[F::Type, F::Amount, F::ToPerp, F::Nonce, F::SignatureChainId, F::HyperliquidChain];
    let mut fields = Fields::open(input, names)?;
    fields.required(F::Type, skip_type)?;
    let amount = fields.required(F::Amount, amount)?;
    let to_perp = fields.required(F::ToPerp, boolean)?;
    let nonce = fields.required(F::Nonce, integer)?;
    let user = user_fields(&mut fields, nonce)?;
    fields.close()?;
    Ok(UsdClassTransfer { amount, to_perp, user })
}

fn usd_send(input: &mut Input<'_>) -> Result<UsdSend> {
    let names = &[F::Destination, F::Amount, F::Time, F::Type, F::SignatureChainId, F::HyperliquidChain];
    let mut fields = Fields::open(input, names)?;
    let destination = fields.required(F::Destination, address_text)?;
    let amount = fields.required(F::Amount, amount)?;
    let nonce = fields.required(F::Time, integer)?;
    fields.required(F::Type, skip_type)?;
    let user = user_fields(&mut fields, nonce)?;
    fields.close()?;
    Ok(UsdSend { destination, amount, user })
}

fn cancel_all(input: &mut Input<'_>) -> Result<Option<AssetId>> {
    let mut fields = Fields::open(input, &[F::Type, F::A])?;
    fields.required(F::Type, skip_type)?;
    let asset = fields.optional(F::A, asset)?;
    fields.close()?;
    Ok(asset)
}

fn top_up(input: &mut Input<'_>) -> Result<TopUpIsolatedOnlyMargin> {
    let mut fields = Fields::open(input, &[F::Type, F::Asset, F::Leverage])?;
    fields.required(F::Type, skip_type)?;
    let top_up = TopUpIsolatedOnlyMargin {
        asset: fields.required(F::Asset, asset)?,
        leverage: fields.required(F::Leverage, decimal)?,
    };
    fields.close()?;
    Ok(top_up)
}

fn twap_order(input: &mut Input<'_>) -> Result<TwapRequest> {
    let mut fields = Fields::open(input, &[F::Type, F::Twap])?;
    fields.required(F::Type, skip_type)?;
    let twap = fields.required(F::Twap, twap)?;
    fields.close()?;
    Ok(twap)
}

fn twap(input: &mut Input<'_>) -> Result<TwapRequest> {
    let mut fields = Fields::open(input, &[F::A, F::B, F::S, F::R, F::M, F::T])?;
    let twap = TwapRequest {
        asset: fields.required(F::A, asset)?,
        is_buy: fields.required(F::B, boolean)?,
        size: fields.required(F::S, decimal)?,
        reduce_only: fields.required(F::R, boolean)?,
        minutes: fields.required(F::M, integer)?,
        randomize: fields.required(F::T, boolean)?,
    };
    fields.close()?;
    Ok(twap)
}

fn twap_cancel(input: &mut Input<'_>) -> Result<TwapCancel> {
    let mut fields = Fields::open(input, &[F::Type, F::A, F::T])?;
    fields.required(F::Type, skip_type)?;
    let cancel = TwapCancel { asset: fields.required(F::A, asset)?, twap: fields.required(F::T, integer)? };
    fields.close()?;
    Ok(cancel)
}
