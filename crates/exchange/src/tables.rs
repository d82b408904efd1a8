//! The exchange's tables.

use crate::fees::day::{DayVolume, VolumeDay};
use crate::multi_sig::record::MultiSigUser;
use crate::perp::buckets::Deleverage;
use crate::perp::market::{PerpConfig, PerpEstimates, PerpMarket, PerpPrices, PerpTotals};
use crate::perp::pending::{Liquidation, MarginUnit, TurnKey, Vaults, Waiting};
use crate::perp::position::Position;
use crate::perp::risk::bound::{HolderKey, RiskKey};
use crate::perp::sums::CrossSums;
use crate::records::{
    Account, Agent, Balance, BuilderFee, Config, Counters, Market, OrderInfo, Signer, SubAccount, Token,
};
use crate::referral::record::{RefereeKey, Referral, Referrer};
use crate::scope::record::Scope;
use crate::trade_group::record::TradeGroupMember;
use crate::trigger::record::{DueTriggers, Ended, GroupKey, PositionTrigger, TriggerKey, TriggerOrder};
use crate::twap::record::{Twap, TwapDue, TwapKey};
use crate::vault::record::{HolderVault, LeaderVault, VaultHolder, VaultHolding, VaultProfile, VaultState};
use tandem_book::{Order, OrderKey};
use tandem_state::index::{Hashed, Ordered};
use tandem_state::tables;
use tandem_types::{AccountId, BlockTime, EngineId, MarketId, OrderId, PriceTicks, TokenId, Usd};

pub use crate::keys::{
    AccountOrder, AddressKey, AgentSlot, BalanceKey, BuilderKey, CloidKey, CodeKey, Expiry, NonceKey,
    PositionKey, ReduceOnlyKey, ScheduledCancel, SubAccountKey,
};

tables! {
    /// Accounts, balances, markets and orders.
    pub struct ExchangeTables in EngineId(0x10) {
        /// Settings of the whole exchange.
        config: Ordered<(), Config> = 1,
        /// What is numbered next.
        counters: Ordered<(), Counters> = 2,
        /// Tokens.
        tokens: Hashed<TokenId, Token> = 3,
        /// Markets.
        markets: Hashed<MarketId, Market> = 4,
        /// Who may sign, and for which account.
        signers: Ordered<AddressKey, Signer> = 5,
        /// Nonces used, at most [`NONCES_KEPT`](crate::NONCES_KEPT) a signer.
        nonces: Ordered<NonceKey, ()> = 6,
        /// The agents of accounts, by name.
        agents: Ordered<AgentSlot, Agent> = 7,
        /// Accounts.
        accounts: Hashed<AccountId, Account> = 8,
        /// Balances.
        balances: Hashed<BalanceKey, Balance> = 9,
        /// The books of all markets, each in price-time priority.
        orders: Ordered<OrderKey, Order> = 10,
        /// Open orders by account.
        account_orders: Ordered<AccountOrder, OrderInfo> = 11,
        /// Open orders by client order id.
        cloids: Ordered<CloidKey, OrderId> = 12,
        /// Client order ids cancelled in this block before they were placed; empty between blocks.
        cancelled_cloids: Ordered<CloidKey, ()> = 13,
        /// Accounts whose orders are to be cancelled at a time.
        scheduled_cancels: Ordered<ScheduledCancel, ()> = 14,
        /// Accounts whose orders were cancelled so and wait to be taken out.
        sweeps: Ordered<AccountId, ()> = 15,
        /// From which of them on the next turn is.
        sweep_cursor: Ordered<(), AccountId> = 16,
        /// Settings of perpetual markets.
        perp_config: Ordered<(), PerpConfig> = 32,
        /// Perpetual markets, numbered from 0 without gaps.
        perp_markets: Hashed<MarketId, PerpMarket> = 33,
        /// Their prices.
        perp_prices: Hashed<MarketId, PerpPrices> = 34,
        /// What price updates remember.
        perp_estimates: Hashed<MarketId, PerpEstimates> = 35,
        /// What trades change of them.
        perp_totals: Hashed<MarketId, PerpTotals> = 36,
        /// Collateral for perpetuals, below zero if profits elsewhere make up for it. Zero is not kept.
        collaterals: Hashed<AccountId, Usd> = 37,
        /// Positions, and the sizes of open orders beside them.
        positions: Ordered<PositionKey, Position> = 38,
        /// Open reduce-only orders by position, the newest first.
        reduce_only_orders: Ordered<ReduceOnlyKey, ()> = 39,
        /// Open orders that expire, the earliest first.
        expiries: Ordered<Expiry, ()> = 48,
        /// Orders that wait for the mark price, by market, direction, price and age.
        triggers: Ordered<TriggerKey, AccountId> = 49,
        /// All orders that wait, by account.
        trigger_orders: Ordered<AccountOrder, TriggerOrder> = 50,
        /// Where the mark price has passed some of them, and how far.
        due_triggers: Ordered<DueTriggers, PriceTicks> = 51,
        /// Whose turn is next, if a block could not fire all.
        trigger_cursor: Ordered<(), DueTriggers> = 52,
        /// Orders that wait in groups.
        groups: Ordered<GroupKey, AccountId> = 53,
        /// Orders of groups that have left the book, until their groups are told.
        ended_orders: Ordered<OrderId, Ended> = 54,
        /// Waiting orders that follow a position.
        position_triggers: Ordered<PositionTrigger, ()> = 55,
        /// Positions with such orders that are no more, until those have ended.
        ended_positions: Ordered<PositionKey, ()> = 56,
        /// Running TWAP orders by account.
        twaps: Ordered<TwapKey, Twap> = 57,
        /// The same by when their next part is due.
        twap_due: Ordered<TwapDue, AccountId> = 58,
        /// The number of the next.
        next_twap: Ordered<(), u64> = 59,
        /// Where accounts are to be looked at, by market, side and risk price.
        risk_index: Ordered<RiskKey, ()> = 64,
        /// Who holds something, by market and side.
        holders: Ordered<HolderKey, ()> = 65,
        /// Markets whose risk index is to be gone through, and since when.
        risk_due: Ordered<MarketId, BlockTime> = 66,
        /// From which of them on the next turn is.
        risk_cursor: Ordered<(), MarketId> = 67,
        /// What is being liquidated, by when its next turn is.
        liquidation_queue: Ordered<TurnKey, ()> = 68,
        /// What is being liquidated.
        liquidations: Ordered<MarginUnit, Liquidation> = 69,
        /// Markets with liquidations that have not had their first turn.
        liquidations_waiting: Ordered<MarketId, Waiting> = 70,
        /// When a position was last liquidated in part.
        partial_liquidations: Ordered<MarginUnit, BlockTime> = 71,
        /// Who takes what nobody else does.
        perp_vaults: Ordered<(), Vaults> = 72,
        /// Markets in which the insurance fund's position is being deleveraged.
        deleverages: Ordered<MarketId, Deleverage> = 73,
        /// Sub-accounts, by their masters.
        sub_accounts: Ordered<SubAccountKey, SubAccount> = 80,
        /// What agents may do, of whom that is said.
        agent_scopes: Ordered<AddressKey, Scope> = 81,
        /// What accounts have traded on earlier days, for their fee tiers.
        volume_days: Ordered<VolumeDay, DayVolume> = 82,
        /// What all have traded, by day, in 10^-6 USD, spot counted double.
        exchange_days: Ordered<u32, u64> = 83,
        /// What stakes take off fees, in basis points. Nothing writes it until there is staking.
        fee_discounts: Ordered<AccountId, u16> = 84,
        /// Builders that accounts have approved, up to a rate in tenths of a basis point.
        builder_approvals: Ordered<BuilderKey, u16> = 96,
        /// Open and waiting orders of whose fills a builder gets a fee.
        order_builders: Ordered<OrderId, BuilderFee> = 97,
        /// Vaults that others put money into.
        vaults: Ordered<AccountId, VaultState> = 98,
        /// What they say of themselves.
        vault_profiles: Ordered<AccountId, VaultProfile> = 99,
        /// What their holders have.
        vault_holdings: Ordered<VaultHolder, VaultHolding> = 100,
        /// The same by holder.
        holder_vaults: Ordered<HolderVault, ()> = 101,
        /// Vaults by leader.
        leader_vaults: Ordered<LeaderVault, ()> = 102,
        /// Accounts of several keys.
        multi_sigs: Ordered<AccountId, MultiSigUser> = 103,
        /// Accounts that refer others.
        referrers: Hashed<AccountId, Referrer> = 104,
        /// The same by their codes.
        referral_codes: Ordered<CodeKey, AccountId> = 105,
        /// Accounts that were referred.
        referrals: Hashed<AccountId, Referral> = 106,
        /// The same by who referred them.
        referees: Ordered<RefereeKey, ()> = 107,
        /// Whom leaders of trade groups have invited.
        trade_group_members: Ordered<TradeGroupMember, ()> = 108,
        /// How many those are, by leader.
        trade_groups: Ordered<AccountId, u16> = 109,
        /// Waiting orders whose prices came while liquidations of their markets were pending, and that open something.
        held_triggers: Ordered<TriggerKey, AccountId> = 112,
    }
    within a block {
        /// What accounts' positions come to.
        cross_sums: <AccountId, CrossSums>,
    }
}
