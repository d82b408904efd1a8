//! From a typed action to the bytes that its trader signs: for clients, and to show that decoding loses nothing.

use super::{
    Action, ApproveAgent, AssetId, Builder, Cancel, CancelByCloid, CancelOrders, Grouping, Modify, Order,
    OrderKind, OrderRef, PlaceOrders, SpotSend, TopUpIsolatedOnlyMargin, Trigger, TwapCancel, TwapRequest,
    UpdateIsolatedMargin, UpdateLeverage, UsdClassTransfer, UsdSend, UserSigned,
    msgpack::Output,
    text::{address_to_hex, cloid_to_hex, integer_to_hex},
};
use alloc::vec::Vec;
use tandem_types::BlockTime;

impl Action {
    /// The bytes that spell this action. [`Action::decode`] reads them back if the action is within its limits.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Output::default();
        match self {
            Self::Order(place) => out.place_orders(place),
            Self::Cancel(cancel) => out.cancel_orders(cancel),
            Self::CancelByCloid(cancels) => out.cancels_by_cloid(cancels),
            Self::Modify(modify) => out.modify_action(modify),
            Self::BatchModify(modifies) => out.batch_modify(modifies),
            Self::ScheduleCancel(time) => out.schedule_cancel(*time),
            Self::Noop => out.open(1, "noop"),
            Self::SpotSend(send) => out.spot_send(send),
            Self::ApproveAgent(approve) => out.approve_agent(approve),
            Self::UpdateLeverage(update) => out.update_leverage(*update),
            Self::UpdateIsolatedMargin(update) => out.update_isolated_margin(*update),
            Self::UsdClassTransfer(transfer) => out.usd_class_transfer(transfer),
            Self::UsdSend(send) => out.usd_send(send),
            Self::CancelAll(asset) => out.cancel_all(*asset),
            Self::TwapOrder(twap) => out.twap_order(twap),
            Self::TwapCancel(cancel) => out.twap_cancel(*cancel),
            Self::CreateSubAccount(name) => out.create_sub_account(name),
            Self::SubAccountTransfer(transfer) => out.sub_account_transfer(*transfer),
            Self::SubAccountSpotTransfer(transfer) => out.sub_account_spot_transfer(transfer),
            Self::SubAccountModify(modify) => out.sub_account_modify(modify),
            Self::TopUpIsolatedOnlyMargin(top_up) => out.top_up(top_up),
            Self::ApproveScopedAgent(approve) => out.approve_scoped_agent(approve),
            Self::ApproveBuilderFee(approve) => approve.write(&mut out),
            Self::CreateVault(create) => create.write(&mut out),
            Self::VaultTransfer(transfer) => transfer.write(&mut out),
            Self::VaultModify(modify) => modify.write(&mut out),
            Self::VaultDistribute(distribute) => distribute.write(&mut out),
            Self::ConvertToMultiSigUser(convert) => convert.write(&mut out),
            Self::TradeGroupInvite(invite) => invite.write(&mut out),
            Self::SetTradeGroup(set) => set.write(&mut out),
            Self::MultiSig(multi_sig) => multi_sig.write(&mut out),
            Self::RegisterReferrer(code) => out.referral_code("registerReferrer", code),
            Self::SetReferrer(code) => out.referral_code("setReferrer", code),
            Self::ClaimRewards => out.open(1, "claimRewards"),
        }
        out.into_bytes()
    }
}

impl Output {
    pub(super) fn open(&mut self, fields: usize, kind: &str) {
        self.map(fields);
        self.word("type", kind);
    }

    pub(super) fn word(&mut self, name: &str, value: &str) {
        self.text(name);
        self.text(value);
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.text(name);
        self.integer(value);
    }

    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.text(name);
        self.boolean(value);
    }

    fn asset(&mut self, name: &str, asset: AssetId) {
        self.number(name, u64::from(asset.0));
    }

    pub(super) fn list<T>(&mut self, name: &str, items: &[T], item: impl Fn(&mut Self, &T)) {
        self.text(name);
        self.array(items.len());
        items.iter().for_each(|each| item(self, each));
    }

    fn place_orders(&mut self, place: &PlaceOrders) {
        self.open(with_options(3, &[place.builder.is_some()]), "order");
        self.list("orders", &place.orders, Self::order);
        self.text("grouping");
        self.grouping(place.grouping);
        place.builder.iter().for_each(|builder| self.builder(builder));
    }

    fn order(&mut self, order: &Order) {
        let options = [order.cloid.is_some(), order.self_trade_prevention.is_some(), order.expires.is_some()];
        self.map(with_options(6, &options));
        self.asset("a", order.asset);
        self.flag("b", order.is_buy);
        self.word("p", &order.price.to_text());
        self.word("s", &order.size.to_text());
        self.flag("r", order.reduce_only);
        self.text("t");
        self.order_kind(&order.kind);
        order.cloid.iter().for_each(|cloid| self.word("c", &cloid_to_hex(cloid)));
        order.self_trade_prevention.iter().for_each(|mode| self.word("stp", mode.as_str()));
        order.expires.iter().for_each(|time| self.number("exp", time.0));
    }

    fn order_kind(&mut self, kind: &OrderKind) {
        self.map(1);
        match kind {
            OrderKind::Limit(time_in_force) => {
                self.text("limit");
                self.map(1);
                self.word("tif", time_in_force.as_str());
            }
            OrderKind::Trigger(Trigger { is_market, price, tpsl }) => {
                self.text("trigger");
                self.map(3);
                self.flag("isMarket", *is_market);
                self.word("triggerPx", &price.to_text());
                self.word("tpsl", tpsl.as_str());
            }
        }
    }

    fn grouping(&mut self, grouping: Grouping) {
        match grouping {
            Grouping::Na => self.text("na"),
            Grouping::NormalTpsl => self.text("normalTpsl"),
            Grouping::PositionTpsl => self.text("positionTpsl"),
            Grouping::Priority(priority) => {
                self.map(1);
                self.number("p", priority);
            }
        }
    }

    fn builder(&mut self, builder: &Builder) {
        self.text("builder");
        self.map(2);
        self.word("b", &address_to_hex(&builder.address));
        self.number("f", builder.fee);
    }

    fn cancel_orders(&mut self, cancel: &CancelOrders) {
        self.open(with_options(2, &[cancel.fast.is_some()]), "cancel");
        self.list("cancels", &cancel.cancels, |out, Cancel { asset, order }| {
            out.map(2);
            out.asset("a", *asset);
            out.number("o", order.0);
        });
        cancel.fast.iter().for_each(|fast| self.flag("f", *fast));
    }

    fn cancels_by_cloid(&mut self, cancels: &[CancelByCloid]) {
        self.open(2, "cancelByCloid");
        self.list("cancels", cancels, |out, CancelByCloid { asset, cloid }| {
            out.map(2);
            out.asset("asset", *asset);
            out.word("cloid", &cloid_to_hex(cloid));
        });
    }

    fn modify_action(&mut self, modify: &Modify) {
        self.open(3, "modify");
        self.modify_fields(modify);
    }

    fn batch_modify(&mut self, modifies: &[Modify]) {
        self.open(2, "batchModify");
        self.list("modifies", modifies, |out, modify| {
            out.map(2);
            out.modify_fields(modify);
        });
    }

    fn modify_fields(&mut self, modify: &Modify) {
        match &modify.target {
            OrderRef::Id(order) => self.number("oid", order.0),
            OrderRef::Cloid(cloid) => self.word("oid", &cloid_to_hex(cloid)),
        }
        self.text("order");
        self.order(&modify.order);
    }

    fn schedule_cancel(&mut self, time: Option<BlockTime>) {
        self.open(with_options(1, &[time.is_some()]), "scheduleCancel");
        time.iter().for_each(|time| self.number("time", time.0));
    }

    fn spot_send(&mut self, send: &SpotSend) {
        self.map(7);
        self.word("destination", send.destination.text());
        self.word("amount", send.amount.text());
        self.word("token", &send.token);
        self.number("time", send.user.nonce);
        self.word("type", "spotSend");
        self.user_fields(&send.user);
    }

    fn approve_agent(&mut self, approve: &ApproveAgent) {
        self.open(with_options(5, &[approve.name.is_some()]), "approveAgent");
        self.word("agentAddress", &address_to_hex(&approve.agent));
        approve.name.iter().for_each(|name| self.word("agentName", name));
        self.number("nonce", approve.user.nonce);
        self.user_fields(&approve.user);
    }

    fn update_leverage(&mut self, update: UpdateLeverage) {
        self.open(4, "updateLeverage");
        self.asset("asset", update.asset);
        self.flag("isCross", update.is_cross);
        self.number("leverage", update.leverage);
    }

    fn update_isolated_margin(&mut self, update: UpdateIsolatedMargin) {
        self.open(4, "updateIsolatedMargin");
        self.asset("asset", update.asset);
        self.flag("isBuy", update.is_buy);
        self.text("ntli");
        self.signed(update.micros);
    }

    fn usd_class_transfer(&mut self, transfer: &UsdClassTransfer) {
        self.open(6, "usdClassTransfer");
        self.word("amount", transfer.amount.text());
        self.flag("toPerp", transfer.to_perp);
        self.number("nonce", transfer.user.nonce);
        self.user_fields(&transfer.user);
    }

    fn usd_send(&mut self, send: &UsdSend) {
        self.map(6);
        self.word("destination", send.destination.text());
        self.word("amount", send.amount.text());
        self.number("time", send.user.nonce);
        self.word("type", "usdSend");
        self.user_fields(&send.user);
    }

    fn cancel_all(&mut self, asset: Option<AssetId>) {
        self.open(with_options(1, &[asset.is_some()]), "cancelAll");
        asset.iter().for_each(|asset| self.asset("a", *asset));
    }

    fn top_up(&mut self, top_up: &TopUpIsolatedOnlyMargin) {
        self.open(3, "topUpIsolatedOnlyMargin");
        self.asset("asset", top_up.asset);
        self.word("leverage", &top_up.leverage.to_text());
    }

    fn twap_order(&mut self, twap: &TwapRequest) {
        self.open(2, "twapOrder");
        self.text("twap");
        self.map(6);
        self.asset("a", twap.asset);
        self.flag("b", twap.is_buy);
        self.word("s", &twap.size.to_text());
        self.flag("r", twap.reduce_only);
        self.number("m", twap.minutes);
        self.flag("t", twap.randomize);
    }

    fn twap_cancel(&mut self, cancel: TwapCancel) {
        self.open(3, "twapCancel");
        self.asset("a", cancel.asset);
        self.number("t", cancel.twap);
    }

    pub(super) fn user_fields(&mut self, user: &UserSigned) {
        self.word("signatureChainId", &integer_to_hex(user.chain_id.0));
        self.word("hyperliquidChain", user.chain.as_str());
    }
}

/// The number of a map's fields: those always there and the options present.
fn with_options(always: usize, options: &[bool]) -> usize {
    always.saturating_add(options.iter().filter(|present| **present).count())
}
