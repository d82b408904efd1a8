//! The exchange as a co-processor: its functions, its due work, its promises.

use crate::Rejection;
use crate::action::{Action, Grouping, PlaceOrders};
use crate::expiry;
use crate::invariants::{self, BrokenPromise};
use crate::multi_sig::CO_SIGNATURE_WORK;
use crate::perp::liquidation::{self, LIQUIDATION_WORK_MAX};
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

const FUNCTIONS: &[Function] = &[
    function(1, "order"),
    function(2, "cancel"),
    function(3, "cancelByCloid"),
    function(4, "modify"),
    function(5, "batchModify"),
    function(6, "scheduleCancel"),
    function(7, "spotSend"),
    function(8, "approveAgent"),
    function(9, "noop"),
    function(10, "updateLeverage"),
    function(11, "updateIsolatedMargin"),
    function(12, "usdClassTransfer"),
    function(13, "usdSend"),
    function(14, "cancelAll"),
    function(15, "twapOrder"),
    function(16, "twapCancel"),
    function(17, "createSubAccount"),
    function(18, "subAccountTransfer"),
    function(19, "subAccountSpotTransfer"),
    function(20, "subAccountModify"),
    function(41, "topUpIsolatedOnlyMargin"),
    function(21, "approveScopedAgent"),
    function(25, "approveBuilderFee"),
    function(26, "createVault"),
    function(27, "vaultTransfer"),
    function(28, "vaultModify"),
    function(29, "vaultDistribute"),
    function(30, "convertToMultiSigUser"),
    function(31, "multiSig"),
];

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
        let [
            order,
            cancel,
            by_cloid,
            modify,
            batch_modify,
            schedule,
            send,
            approve,
            noop,
            leverage,
            isolated_margin,
            class_transfer,
            usd_send,
            cancel_all,
            twap_order,
            twap_cancel,
            create_sub_account,
            sub_account_transfer,
            sub_account_spot_transfer,
            sub_account_modify,
            top_up,
            approve_scoped,
            approve_builder_fee,
            create_vault,
            vault_transfer,
            vault_modify,
            vault_distribute,
            convert,
            multi_sig,
        ] = FUNCTIONS
        else {
            return function(0, "none");
        };
        *match call.action {
            Action::Order(_) => order,
            Action::Cancel(_) => cancel,
            Action::CancelByCloid(_) => by_cloid,
            Action::Modify(_) => modify,
            Action::BatchModify(_) => batch_modify,
            Action::ScheduleCancel(_) => schedule,
            Action::SpotSend(_) => send,
            Action::ApproveAgent(_) => approve,
            Action::Noop => noop,
            Action::UpdateLeverage(_) => leverage,
            Action::UpdateIsolatedMargin(_) => isolated_margin,
            Action::UsdClassTransfer(_) => class_transfer,
            Action::UsdSend(_) => usd_send,
            Action::CancelAll(_) => cancel_all,
            Action::TwapOrder(_) => twap_order,
            Action::TwapCancel(_) => twap_cancel,
            Action::CreateSubAccount(_) => create_sub_account,
            Action::SubAccountTransfer(_) => sub_account_transfer,
            Action::SubAccountSpotTransfer(_) => sub_account_spot_transfer,
            Action::SubAccountModify(_) => sub_account_modify,
            Action::TopUpIsolatedOnlyMargin(_) => top_up,
            Action::ApproveScopedAgent(_) => approve_scoped,
            Action::ApproveBuilderFee(_) => approve_builder_fee,
            Action::CreateVault(_) => create_vault,
            Action::VaultTransfer(_) => vault_transfer,
            Action::VaultModify(_) => vault_modify,
            Action::VaultDistribute(_) => vault_distribute,
            Action::ConvertToMultiSigUser(_) => convert,
            Action::MultiSig(_) => multi_sig,
        }
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
        match action {
            Action::Order(request) => self.place_orders(request),
            Action::Cancel(request) => {
                self.each(&request.cancels, |session, item| session.cancel(item.asset, item.order))
            }
            Action::CancelByCloid(cancels) => {
                self.each(cancels, |session, item| session.cancel_by_cloid(item.asset, &item.cloid))
            }
            Action::Modify(modify) => self.each(core::slice::from_ref(modify), Self::modify),
            Action::BatchModify(modifies) => self.each(modifies, Self::modify),
            Action::ScheduleCancel(time) => self.schedule_cancel(*time).map(|status| alloc::vec![status]),
            Action::SpotSend(send) => self.spot_send(send).map(|status| alloc::vec![status]),
            Action::ApproveAgent(approve) => {
                self.approve_agent(approve, None).map(|status| alloc::vec![status])
            }
            Action::Noop => Ok(alloc::vec![ItemStatus::Done]),
            Action::UpdateLeverage(update) => self.update_leverage(update).map(|status| alloc::vec![status]),
            Action::UpdateIsolatedMargin(update) => {
                self.update_isolated_margin(update).map(|status| alloc::vec![status])
            }
            Action::UsdClassTransfer(transfer) => {
                self.usd_class_transfer(transfer).map(|status| alloc::vec![status])
            }
            Action::UsdSend(send) => self.usd_send(send).map(|status| alloc::vec![status]),
            Action::CancelAll(asset) => self.cancel_all(*asset).map(|status| alloc::vec![status]),
            Action::TwapOrder(request) => self.start_twap(request).map(|status| alloc::vec![status]),
            Action::TwapCancel(request) => self.cancel_twap(request).map(|status| alloc::vec![status]),
            Action::CreateSubAccount(name) => self.create_sub_account(name).map(|status| alloc::vec![status]),
            Action::SubAccountTransfer(transfer) => {
                self.sub_account_transfer(transfer).map(|status| alloc::vec![status])
            }
            Action::SubAccountSpotTransfer(transfer) => {
                self.sub_account_spot_transfer(transfer).map(|status| alloc::vec![status])
            }
            Action::SubAccountModify(modify) => {
                self.modify_sub_account(modify).map(|status| alloc::vec![status])
            }
            Action::TopUpIsolatedOnlyMargin(request) => {
                self.top_up_isolated_margin(request).map(|status| alloc::vec![status])
            }
            Action::ApproveScopedAgent(approve) => {
                self.approve_scoped_agent(approve).map(|status| alloc::vec![status])
            }
            Action::ApproveBuilderFee(request) => {
                self.approve_builder_fee(request).map(|status| alloc::vec![status])
            }
            Action::CreateVault(request) => self.create_vault(request).map(|status| alloc::vec![status]),
            Action::VaultTransfer(request) => self.vault_transfer(request).map(|status| alloc::vec![status]),
            Action::VaultModify(request) => self.modify_vault(request).map(|status| alloc::vec![status]),
            Action::VaultDistribute(request) => {
                self.distribute_vault(request).map(|status| alloc::vec![status])
            }
            Action::ConvertToMultiSigUser(request) => {
                self.convert_to_multi_sig(request).map(|status| alloc::vec![status])
            }
            // A checked action is the one within.
            Action::MultiSig(_) => Err(Rejection::NotMultiSig),
        }
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
