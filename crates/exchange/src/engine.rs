//! The exchange as a co-processor: its functions, its due work, its promises.

use crate::Rejection;
use crate::action::{Action, Grouping, PlaceOrders};
use crate::expiry;
use crate::invariants;
use crate::multi_sig::CO_SIGNATURE_WORK;
use crate::perp::liquidation::{self, LIQUIDATION_WORK_MAX};
use crate::promise::BrokenPromise;
use crate::receipt::{Event, ItemStatus};
use crate::schedule;
use crate::session::{DueWork, Session};
use crate::tables::{AddressKey, CloidKey, ExchangeTables};
use crate::{perp, trigger, twap};
use alloc::vec::Vec;
use tandem_coprocessor::{Coprocessor, Description, Function, Handle, Limits, Work};
use tandem_state::Delta;
use tandem_types::{AccountId, MarketId};

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Exchange;

/// A call of one of the exchange's functions.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// What is to be done.
    pub action: &'c Action,
    /// Whether the account's own key signed, not an agent's.
    pub by_owner: bool,
    /// The agent that signed, if it may do only certain things.
    pub scoped_agent: Option<AddressKey>,
    /// Whether the action names an account in `vaultAddress` for which its signer may not act.
    pub for_vault: bool,
    /// How many co-signatures were verified for it.
    pub co_signatures: u8,
}

/// What a call returns: how each item ended, and what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// A status for each item.
    pub items: Vec<ItemStatus>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

const fn function(id: u16, name: &'static str) -> Function {
    Function { id, name, base: Work(1_000) }
}

/// Declares the functions, one for each kind of action: its number, which is never given to another, and its name.
macro_rules! functions {
    ($($action:ident = $id:literal $name:literal,)*) => {
        const FUNCTIONS: &[Function] = &[$(function($id, $name)),*];

        const fn function_of(action: &Action) -> Function {
            match action {
                $(Action::$action { .. } => function($id, $name),)*
            }
        }
    };
}
functions! {
    Order = 1 "order",
    Cancel = 2 "cancel",
    CancelByCloid = 3 "cancelByCloid",
    Modify = 4 "modify",
    BatchModify = 5 "batchModify",
    ScheduleCancel = 6 "scheduleCancel",
    SpotSend = 7 "spotSend",
    ApproveAgent = 8 "approveAgent",
    Noop = 9 "noop",
    UpdateLeverage = 10 "updateLeverage",
    UpdateIsolatedMargin = 11 "updateIsolatedMargin",
    UsdClassTransfer = 12 "usdClassTransfer",
    UsdSend = 13 "usdSend",
    CancelAll = 14 "cancelAll",
    TwapOrder = 15 "twapOrder",
    TwapCancel = 16 "twapCancel",
    CreateSubAccount = 17 "createSubAccount",
    SubAccountTransfer = 18 "subAccountTransfer",
    SubAccountSpotTransfer = 19 "subAccountSpotTransfer",
    SubAccountModify = 20 "subAccountModify",
    TopUpIsolatedOnlyMargin = 41 "topUpIsolatedOnlyMargin",
    ApproveScopedAgent = 21 "approveScopedAgent",
    ApproveBuilderFee = 25 "approveBuilderFee",
    CreateVault = 26 "createVault",
    VaultTransfer = 27 "vaultTransfer",
    VaultModify = 28 "vaultModify",
    VaultDistribute = 29 "vaultDistribute",
    ConvertToMultiSigUser = 30 "convertToMultiSigUser",
    MultiSig = 31 "multiSig",
    RegisterReferrer = 32 "registerReferrer",
    SetReferrer = 33 "setReferrer",
    ClaimRewards = 34 "claimRewards",
    TradeGroupInvite = 35 "tradeGroupInvite",
    SetTradeGroup = 36 "setTradeGroup",
}

impl Coprocessor for Exchange {
    type Tables = ExchangeTables;
    type Interfaces<'a> = ();
    type Call<'c> = Call<'c>;
    type Reply = Reply;
    type Rejection = Rejection;
    type Broken = BrokenPromise;

    const DESCRIPTION: Description = Description {
        engine: ExchangeTables::ENGINE,
        name: "exchange",
        version: 1,
        functions: FUNCTIONS,
        limits: Limits { call_work_max: Work(20_000_000), due_work_max: Work(28_000_000) },
    };

    fn function(call: &Call<'_>) -> Function {
        function_of(call.action)
    }

    fn call(
        handle: &mut Handle<'_, '_, Self>,
        caller: AccountId,
        call: &Call<'_>,
    ) -> Result<Reply, Rejection> {
        handle.meter.charge(CO_SIGNATURE_WORK.times(u64::from(call.co_signatures)))?;
        if call.for_vault {
            return Err(Rejection::UnknownVault);
        }
        if call.action.is_user_signed() && !call.by_owner {
            return Err(Rejection::AgentNotAllowed);
        }
        let mut events = Vec::new();
        let config = *handle.tables.config.get(&()).ok_or(Rejection::Inactive)?;
        let Handle { tables, block, meter, .. } = handle;
        let mut session = Session {
            tables,
            block: *block,
            meter,
            config,
            account: caller,
            builder: None,
            events: &mut events,
        };
        let items = match call.scoped_agent {
            None => session.act(call.action)?,
            Some(agent) => session.act_within_scope(agent, call.action)?,
        };
        Ok(Reply { items, events })
    }

    fn due_work(handle: &mut Handle<'_, '_, Self>) -> Result<Reply, Rejection> {
        let mut events = Vec::new();
        let Handle { tables, block, meter, .. } = handle;
        let mut work = DueWork { tables, block: *block, meter, events: &mut events };
        work.within(EXPIRY_WORK_MAX, expiry::due_work);
        work.within(SCHEDULE_WORK_MAX, schedule::due_work);
        work.within(GROUP_WORK_MAX, trigger::settle_groups);
        work.within(TRIGGER_WORK_MAX, trigger::due_work);
        work.within(TWAP_WORK_MAX, twap::due_work);
        work.within(LIQUIDATION_WORK_MAX, liquidation::due_work);
        work.within(GROUP_WORK_MAX, trigger::settle_groups);
        Ok(Reply { items: Vec::new(), events })
    }

    fn check_invariants(delta: &Delta) -> Result<(), BrokenPromise> {
        invariants::check(delta)
    }
}

/// Most work of each kind of due work in a block; together the limit of the whole phase.
const SCHEDULE_WORK_MAX: Work = Work(5_000_000);
const EXPIRY_WORK_MAX: Work = Work(4_000_000);
const GROUP_WORK_MAX: Work = Work(2_000_000);
const TRIGGER_WORK_MAX: Work = Work(8_000_000);
const TWAP_WORK_MAX: Work = Work(4_000_000);

impl Session<'_, '_> {
    /// Runs an action: one status for each item, an item that is refused leaving no trace.
    fn act(&mut self, action: &Action) -> Result<Vec<ItemStatus>, Rejection> {
        let status = match action {
            Action::Order(request) => return self.place_orders(request),
            Action::Cancel(request) => {
                return self.each(&request.cancels, |session, item| session.cancel(item.asset, item.order));
            }
            Action::CancelByCloid(cancels) => {
                return self.each(cancels, |session, item| session.cancel_by_cloid(item.asset, &item.cloid));
            }
            Action::Modify(modify) => return self.each(core::slice::from_ref(modify), Self::modify),
            Action::BatchModify(modifies) => return self.each(modifies, Self::modify),
            Action::ScheduleCancel(time) => self.schedule_cancel(*time),
            Action::SpotSend(send) => self.spot_send(send),
            Action::ApproveAgent(approve) => self.approve_agent(approve, None),
            Action::Noop => Ok(ItemStatus::Done),
            Action::UpdateLeverage(update) => self.update_leverage(update),
            Action::UpdateIsolatedMargin(update) => self.update_isolated_margin(update),
            Action::UsdClassTransfer(transfer) => self.usd_class_transfer(transfer),
            Action::UsdSend(send) => self.usd_send(send),
            Action::CancelAll(asset) => self.cancel_all(*asset),
            Action::TwapOrder(request) => self.start_twap(request),
            Action::TwapCancel(request) => self.cancel_twap(request),
            Action::CreateSubAccount(name) => self.create_sub_account(name),
            Action::SubAccountTransfer(transfer) => self.sub_account_transfer(transfer),
            Action::SubAccountSpotTransfer(transfer) => self.sub_account_spot_transfer(transfer),
            Action::SubAccountModify(modify) => self.modify_sub_account(modify),
            Action::TopUpIsolatedOnlyMargin(request) => self.top_up_isolated_margin(request),
            Action::ApproveScopedAgent(approve) => self.approve_scoped_agent(approve),
            Action::ApproveBuilderFee(request) => self.approve_builder_fee(request),
            Action::CreateVault(request) => self.create_vault(request),
            Action::VaultTransfer(request) => self.vault_transfer(request),
            Action::VaultModify(request) => self.modify_vault(request),
            Action::VaultDistribute(request) => self.distribute_vault(request),
            Action::ConvertToMultiSigUser(request) => self.convert_to_multi_sig(request),
            Action::RegisterReferrer(code) => self.register_referrer(code),
            Action::SetReferrer(code) => self.set_referrer(code),
            Action::ClaimRewards => self.claim_rewards(),
            Action::TradeGroupInvite(request) => self.invite_to_trade_group(request),
            Action::SetTradeGroup(request) => self.set_trade_group(request),
            // A checked action is the one within.
            Action::MultiSig(_) => Err(Rejection::NotMultiSig),
        };
        status.map(|status| alloc::vec![status])
    }

    /// Runs an action of an agent that may do only certain things.
    fn act_within_scope(&mut self, agent: AddressKey, action: &Action) -> Result<Vec<ItemStatus>, Rejection> {
        let notionals = self.judge_scope(agent, action)?;
        let items = self.act(action)?;
        self.use_scope(agent, &notionals, &items);
        Ok(items)
    }

    /// Places orders, each by itself or as a group.
    fn place_orders(&mut self, request: &PlaceOrders) -> Result<Vec<ItemStatus>, Rejection> {
        let on_perpetuals = || {
            let markets = request.orders.iter().map(|order| u16::try_from(order.asset.0).map(MarketId));
            markets.into_iter().all(|market| market.is_ok_and(perp::is_perpetual))
        };
        let grouped = request.grouping != Grouping::Na;
        if matches!(request.grouping, Grouping::Priority(_)) || grouped && !on_perpetuals() {
            return Err(Rejection::GroupingUnsupported);
        }
        self.builder = self.builder_fee(request)?;
        if grouped {
            return self.place_group(&request.orders, request.grouping);
        }
        self.each(&request.orders, Self::place)
    }
}

/// Forgets the client order ids that were cancelled ahead of their orders: the markers last for one block.
pub fn end_block(tables: &mut ExchangeTables) {
    let (from, to) = (CloidKey([0; 16]), CloidKey([0xff; 16]));
    while let Some((marker, ())) = tables.cancelled_cloids.first(&from, &to) {
        tables.cancelled_cloids.remove(&marker);
    }
}
