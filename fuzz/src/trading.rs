//! Traders at work: everything that the exchange takes, made of choices.
//!
//! Few accounts, keys, prices and client ids, so that actions meet: orders cross, agents act for their accounts and are
//! approved again, cancels come before their orders, schedules come due, positions flip. Much of it is refused, and that
//! is part of the matter.

use crate::{Choices, shared};
use alloy_primitives::Address as EvmAddress;
use tandem_evm::CheckedEvmTx;
use tandem_exchange::action::{
    Action, AddressText, Amount, ApproveScopedAgent, AssetId, Cancel, CancelByCloid, CancelOrders, Grouping,
    Modify, Order, OrderKind, OrderRef, SelfTradePrevention, SetTradeGroup, TimeInForce, Tpsl, Trigger,
    TwapCancel, TwapRequest,
};
use tandem_exchange::fees::{FeeSchedule, FeeTier, Rates, RebateTier};
use tandem_exchange::{Transaction, sub_account_address};
use tandem_testkit::{
    BTC, DOGE, ETH, Harness, PURR, Signer, USD, approve, approve_builder, asset, buy, class_transfer,
    convert, create_sub_account, create_vault, evm_transfer, grouped, invite, isolated_margin, leverage,
    perp_asset, perp_genesis, place, place_built, price, register_referrer, rename_sub_account, sell, send,
    set_referrer, sub_account_spot_transfer, sub_account_transfer, top_up, usd_send, vault_deposit,
    vault_distribute, vault_withdraw,
};
use tandem_types::{AccountId, Address, BlockTime, Cloid, OrderId};

/// Accounts of the genesis. The wallets after them have none at first.
const ACCOUNTS: u16 = 5;
const WALLETS: u16 = 7;
/// Keys that accounts may approve.
const KEYS: u16 = 5;
/// Prices at the start, in ticks.
const ETH_TICKS: u64 = 20_000_000;
const DOGE_TICKS: u64 = 100_000;

/// A chain with spot and perpetual markets, collateral and prices, and what has been done on it.
#[derive(Clone, Debug)]
pub struct Trading {
    /// The chain.
    pub chain: Harness,
    nonce: u64,
    /// Signed before, to be sent again.
    sent: Vec<Transaction>,
}

impl Default for Trading {
    fn default() -> Self {
        let mut genesis = perp_genesis();
        genesis.exchange.config.fees = fee_schedule();
        let mut chain = Harness::trading(genesis);
        chain.traders::<{ ACCOUNTS as usize }>("1000");
        begin_relations(&mut chain);
        let nonce = chain.now().0;
        Self { chain, nonce, sent: Vec::new() }
    }
}

/// The first account has traded what a referral code needs and has one; the second named it, and has paid enough for a
/// claim. The last belongs to three others.
fn begin_relations(chain: &mut Harness) {
    let sale = |chain: &mut Harness, seller: &Signer, buyer: &Signer| {
        chain.act(buyer, &place(&[buy(BTC, "50000", "0.5")]));
        chain.act(seller, &place(&[sell(BTC, "50000", "0.5")]));
    };
    let (referrer, referee) = (wallet(1), wallet(2));
    sale(chain, &referrer, &referee);
    for (who, action) in [(&referrer, register_referrer("A")), (&referee, set_referrer("A"))] {
        assert!(chain.act(who, &action).receipts()[0].result.is_ok(), "{action:?}");
    }
    sale(chain, &referee, &referrer);
    let keys = [2, 3, 4].map(|number| wallet(number).address());
    let nonce = chain.nonce();
    let shared = chain.act(&wallet(ACCOUNTS), &convert(&keys, 2, nonce));
    assert!(shared.receipts()[0].result.is_ok());
}

/// Tiers that are soon reached, once a day has passed.
fn fee_schedule() -> FeeSchedule {
    let rates = |taker_ppm, maker_ppm| Rates { taker_ppm, maker_ppm };
    let tier = |above_usd, perp, spot| FeeTier { above_usd, perp, spot };
    let tiers = [tier(100, rates(400, 120), rates(600, 300)), tier(1_000, rates(20, 0), rates(30, 0))];
    let rebates = [(100_000, 10), (500_000, 30)]
        .map(|(above_share_ppm, rebate_ppm)| RebateTier { above_share_ppm, rebate_ppm });
    FeeSchedule::new(&tiers, &rebates).expect("tiers")
}

fn wallet(number: u16) -> Signer {
    Signer::wallet(u8::try_from(number).expect("few wallets"))
}

fn wallets() -> Vec<Signer> {
    (1..=WALLETS).map(wallet).collect()
}

fn key(number: u16) -> Signer {
    Signer::key(u8::try_from(number).expect("few keys"))
}

impl Trading {
    /// Lets time pass and prices move, by little or by much.
    pub fn pass_time(&mut self, choices: &mut Choices<'_>) {
        self.chain.step_ms = choices.pick(&[100, 100, 100, 1, 5_000, 11_000, 30_000, 60_000, 86_400_000]);
        match choices.below(8) {
            0 => self.chain.quotes.clear(),
            1..=3 => {
                let moved = |ticks: u64, by: u16| ticks * (9_000 + u64::from(by) * 8) / 10_000;
                self.chain.set_oracle(ETH, moved(ETH_TICKS, choices.below(256)));
                self.chain.set_oracle(DOGE, moved(DOGE_TICKS, choices.below(256)));
            }
            _ => {}
        }
    }

    /// A transaction of somebody's; `None` if what came out can't even be signed well.
    pub fn transaction(&mut self, choices: &mut Choices<'_>) -> Option<Transaction> {
        if choices.below(12) == 0 && !self.sent.is_empty() {
            return Some(choices.pick_ref(&self.sent).clone());
        }
        let nonce = self.nonce(choices);
        let action = self.action(choices, nonce);
        let transaction = if choices.below(8) == 0 {
            let (tables, network) = (&self.chain.chain.tables.exchange, &self.chain.identity.network);
            shared::act(choices, &wallets(), tables, (&action, nonce), network)
        } else {
            self.alone(choices, &action, nonce)
        };
        self.sent.extend(transaction.clone());
        transaction
    }

    /// What a wallet or an agent signs alone.
    fn alone(&self, choices: &mut Choices<'_>, action: &Action, nonce: u64) -> Option<Transaction> {
        let signer =
            if choices.below(3) == 0 { key(choices.below(KEYS)) } else { wallet(1 + choices.below(WALLETS)) };
        let (network, now) = (&self.chain.identity.network, self.chain.now().0);
        let expires = match choices.below(8) {
            // The signatures of user-signed actions cover no vault.
            0 if !action.is_user_signed() => {
                return Some(signer.transaction_for(&named(choices), action, nonce, network));
            }
            1 => Some(choices.pick(&[now, now.saturating_sub(1), now + 1_000])),
            _ => None,
        };
        Transaction::from_signed(&signer.sign(action, nonce, expires, network), network).ok()
    }

    /// Mostly a fresh one near the block's time; else one that was used, or lies far away.
    fn nonce(&mut self, choices: &mut Choices<'_>) -> u64 {
        let now = self.chain.now().0;
        match choices.below(16) {
            0 => self.nonce,
            1 => now.saturating_sub(2 * 86_400_000) + u64::from(choices.byte()),
            2 => now + 86_400_000 - u64::from(choices.byte()),
            3 => u64::from(choices.byte()),
            _ => {
                self.nonce = now.max(self.nonce + 1);
                self.nonce
            }
        }
    }

    /// Transfers of native coin, where the next block takes any.
    pub fn evm(&self, choices: &mut Choices<'_>) -> Vec<CheckedEvmTx> {
        let next = tandem_types::Height(self.chain.parent.height.0 + 1);
        if !self.chain.genesis.system.parameters.is_evm_height(next) {
            return Vec::new();
        }
        (0..choices.below(3))
            .map(|_| {
                let from = wallet(1 + choices.below(ACCOUNTS));
                let account = self.chain.chain.tables.evm.accounts.peek(&from.address());
                let nonce = account.map_or(0, |account| account.nonce) + u64::from(choices.below(3) / 2);
                evm_transfer(
                    &from,
                    nonce,
                    EvmAddress::with_last_byte(choices.byte()).0.0,
                    u64::from(choices.byte()),
                )
            })
            .collect()
    }

    fn action(&self, choices: &mut Choices<'_>, nonce: u64) -> Action {
        let market = market(choices, self.chain.now());
        match choices.below(34) {
            0 => Action::Cancel(CancelOrders {
                cancels: several(choices, |choices| Cancel { asset: market.asset, order: id(choices) }),
                fast: None,
            }),
            1 => Action::CancelByCloid(several(choices, |choices| CancelByCloid {
                asset: market.asset,
                cloid: cloid(choices),
            })),
            2 => Action::Modify(modify(choices, &market)),
            3 => Action::BatchModify(several(choices, |choices| modify(choices, &market))),
            4 => Action::ScheduleCancel(self.schedule(choices)),
            5 => send(&address(choices), choices.pick(&[USD, BTC, PURR]), &amount(choices), nonce),
            6 => usd_send(&address(choices), &amount(choices), nonce),
            7 => class_transfer(&amount(choices), choices.below(2) == 0, nonce),
            8 => leverage(choices.pick(&[ETH, DOGE]), u64::from(choices.below(60)), choices.below(2) == 0),
            9 => isolated_margin(choices.pick(&[ETH, DOGE]), (i64::from(choices.byte()) - 128) * 1_000_000),
            10 => approve(&approved(choices), self.name(choices).as_deref(), nonce),
            11 => self.approve_scoped(choices, nonce),
            12 => Action::Noop,
            13 => Action::CancelAll((choices.below(2) == 0).then_some(market.asset)),
            14 => Action::TwapOrder(TwapRequest {
                asset: market.asset,
                is_buy: choices.below(2) == 0,
                size: price(&(market.size)(choices.byte())),
                reduce_only: choices.below(6) == 0,
                minutes: choices.pick(&[4, 5, 5, 10]),
                randomize: choices.below(2) == 0,
            }),
            15 => Action::TwapCancel(TwapCancel { asset: market.asset, twap: u64::from(choices.below(4)) }),
            16 | 17 => group(choices, &market),
            18 | 19 => sub_account_action(choices),
            20 => top_up(choices.pick(&[ETH, DOGE]), choices.pick(&["0", "1", "2.5", "9", "40"])),
            21 => approve_builder(
                &address(choices),
                choices.pick(&["0%", "0.01%", "0.1%", "1%", "1.1%"]),
                nonce,
            ),
            22 => {
                let orders = several(choices, |choices| order(choices, &market));
                place_built(&orders, &address(choices), choices.pick(&[0, 1, 10, 100, 101, 1_000]))
            }
            23 => create_vault("a vault", u64::from(choices.byte()) * 1_000_000),
            24 | 25 => {
                let (vault, micros) = (self.vault(choices), u64::from(choices.byte()) * 1_000_001);
                if choices.below(2) == 0 {
                    vault_deposit(vault, micros)
                } else {
                    vault_withdraw(vault, micros)
                }
            }
            26 => {
                let micros = choices.pick(&[0, 1, 1_000_000, 50_000_000]);
                vault_distribute(self.vault(choices), micros)
            }
            27 => referral(choices),
            28 => shared::give(choices, &wallets(), nonce),
            29 => invite(named(choices), choices.below(4) > 0),
            30 => Action::SetTradeGroup(SetTradeGroup {
                leader: (choices.below(4) > 0).then(|| named(choices)),
            }),
            _ => place(&several(choices, |choices| order(choices, &market))),
        }
    }

    fn approve_scoped(&self, choices: &mut Choices<'_>, nonce: u64) -> Action {
        let approval = approve(&approved(choices), self.name(choices).as_deref(), nonce);
        let Action::ApproveAgent(approval) = approval else { return Action::Noop };
        let assets = [perp_asset(ETH), perp_asset(DOGE), asset(BTC), asset(PURR)];
        let assets = assets.into_iter().filter(|_| choices.below(3) > 0).collect();
        let mut limit = || (choices.below(3) > 0).then(|| Amount::new(&amount(choices)).ok()).flatten();
        let (order_usd, total_usd) = (limit(), limit());
        Action::ApproveScopedAgent(ApproveScopedAgent { approval, assets, order_usd, total_usd })
    }

    /// One of the vaults, or somebody's address.
    fn vault(&self, choices: &mut Choices<'_>) -> Address {
        let tables = &self.chain.chain.tables.exchange;
        let mut from = AccountId(0);
        for _ in 0..=choices.below(3) {
            let Some((id, _)) = tables.vaults.peek_first(&from, &AccountId(u32::MAX)) else { break };
            from = AccountId(id.0 + 1);
        }
        let found = from.0.checked_sub(1).and_then(|id| tables.accounts.peek(&AccountId(id)));
        found.map_or_else(|| address(choices), |account| account.address)
    }

    fn schedule(&self, choices: &mut Choices<'_>) -> Option<BlockTime> {
        let lead = choices.pick(&[0, 4_999, 5_000, 5_001, 60_000, 86_400_000]);
        (choices.below(4) > 0).then(|| self.chain.now().plus_ms(lead))
    }

    /// The name of an agent, some with an end.
    fn name(&self, choices: &mut Choices<'_>) -> Option<String> {
        let name = choices.pick(&["a", "b", "c", "d", "a name"]);
        let until = self.chain.now().0 + choices.pick(&[0u64, 1_000, 100_000, 100_000_000, 20_000_000_000]);
        match choices.below(4) {
            0 => None,
            1 => Some(format!("{name} valid_until {until}")),
            _ => Some(name.to_owned()),
        }
    }
}

/// A market and how its numbers are spelt.
struct Market {
    asset: AssetId,
    price: fn(u16) -> String,
    size: fn(u8) -> String,
    /// The time of the next block.
    now: BlockTime,
}

fn market(choices: &mut Choices<'_>, now: BlockTime) -> Market {
    match choices.below(4) {
        0 => Market {
            asset: asset(BTC),
            price: |step| format!("{}", 50_000 + u32::from(step)),
            size: |lots| decimal(lots.into(), 3),
            now,
        },
        1 => Market {
            asset: asset(PURR),
            price: |step| decimal(200 + u32::from(step), 3),
            size: |lots| format!("{}", u32::from(lots) * 10),
            now,
        },
        2 => Market {
            asset: perp_asset(ETH),
            price: |step| decimal(19_930 + 10 * u32::from(step), 1),
            size: |lots| decimal(u32::from(lots) * 3, 2),
            now,
        },
        _ => Market {
            asset: perp_asset(DOGE),
            price: |step| decimal(9_930 + 10 * u32::from(step), 5),
            size: |lots| format!("{}", u32::from(lots) * 40),
            now,
        },
    }
}

/// A number with so many digits behind the point, as clients must spell it.
fn decimal(number: u32, digits: u32) -> String {
    let (whole, rest) = (number / 10u32.pow(digits), number % 10u32.pow(digits));
    let width = usize::try_from(digits).expect("few digits");
    let text = format!("{whole}.{rest:0width$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An order near the middle of its market, so that many cross.
fn order(choices: &mut Choices<'_>, market: &Market) -> Order {
    let stays = [
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Gtc,
        TimeInForce::Ioc,
        TimeInForce::Alo,
        TimeInForce::Fok,
        TimeInForce::FrontendMarket,
    ];
    Order {
        asset: market.asset,
        is_buy: choices.below(2) == 0,
        price: price(&(market.price)(choices.below(16))),
        size: price(&(market.size)(choices.byte())),
        reduce_only: choices.below(6) == 0,
        kind: if choices.below(6) == 0 {
            trigger(choices, market)
        } else {
            OrderKind::Limit(choices.pick(&stays))
        },
        cloid: (choices.below(3) == 0).then(|| cloid(choices)),
        self_trade_prevention: (choices.below(3) == 0).then(|| choices.pick(SelfTradePrevention::ALL)),
        expires: (choices.below(6) == 0).then(|| market.now.plus_ms(100 * u64::from(choices.below(4)))),
    }
}

/// What an order waits for.
fn trigger(choices: &mut Choices<'_>, market: &Market) -> OrderKind {
    OrderKind::Trigger(Trigger {
        is_market: choices.below(2) == 0,
        price: price(&(market.price)(choices.below(16))),
        tpsl: choices.pick(Tpsl::ALL),
    })
}

/// Orders that belong together, and now and then don't fit.
fn group(choices: &mut Choices<'_>, market: &Market) -> Action {
    let parent = order(choices, market);
    let grouping = choices.pick(&[Grouping::NormalTpsl, Grouping::NormalTpsl, Grouping::PositionTpsl]);
    let children = several(choices, |choices| Order {
        is_buy: !parent.is_buy,
        reduce_only: true,
        kind: trigger(choices, market),
        ..order(choices, market)
    });
    let first = (grouping == Grouping::NormalTpsl).then_some(parent);
    grouped(&first.into_iter().chain(children).collect::<Vec<_>>(), grouping)
}

fn modify(choices: &mut Choices<'_>, market: &Market) -> Modify {
    let target =
        if choices.below(3) == 0 { OrderRef::Cloid(cloid(choices)) } else { OrderRef::Id(id(choices)) };
    Modify { target, order: order(choices, market) }
}

/// One to four.
fn several<T>(choices: &mut Choices<'_>, mut make: impl FnMut(&mut Choices<'_>) -> T) -> Vec<T> {
    let count = 1 + choices.below(8) / 2;
    (0..count).map(|_| make(choices)).collect()
}

fn id(choices: &mut Choices<'_>) -> OrderId {
    OrderId(u64::from(choices.below(48)))
}

fn cloid(choices: &mut Choices<'_>) -> Cloid {
    Cloid([choices.pick(&[1, 2, 3, 4, 5, 6]); 16])
}

/// From nothing to more than anyone has.
fn amount(choices: &mut Choices<'_>) -> String {
    let text = decimal(u32::from(choices.byte()) * u32::from(choices.byte()) * 20, 3);
    Amount::new(&text).map_or_else(|_| "1".to_owned(), |_| text)
}

/// Whom an action is for: somebody with a key, or a sub-account.
fn named(choices: &mut Choices<'_>) -> Address {
    let wallet = wallet(1 + choices.below(WALLETS)).address();
    if choices.below(2) == 0 { wallet } else { sub_account_address(&wallet, choices.below(3)) }
}

/// What masters do with their sub-accounts, who may be others'.
fn sub_account_action(choices: &mut Choices<'_>) -> Action {
    let (of, deposit) = (named(choices), choices.below(3) > 0);
    match choices.below(8) {
        0 | 1 => create_sub_account(choices.pick(&["a", "b", "a name too long to take"])),
        2 => rename_sub_account(&of, choices.pick(&["c", "d\n"])),
        3 | 4 => sub_account_spot_transfer(&of, deposit, choices.pick(&[USD, BTC, PURR]), &amount(choices)),
        _ => sub_account_transfer(&of, deposit, u64::from(choices.byte()) * 1_000_000),
    }
}

/// What referrers do, and those whom they refer.
fn referral(choices: &mut Choices<'_>) -> Action {
    let code = choices.pick(&["A", "A", "B", "ABCDEFGHIJKLMNOPQRST", "a"]);
    match choices.below(4) {
        0 => register_referrer(code),
        1 => Action::ClaimRewards,
        _ => set_referrer(code),
    }
}

/// Somebody's: with or without an account, a key's, or nobody's.
fn address(choices: &mut Choices<'_>) -> Address {
    let address = match choices.below(4) {
        0 => key(choices.below(KEYS)).address(),
        1 => Address([choices.below(3).to_be_bytes()[1]; 20]),
        _ => wallet(1 + choices.below(WALLETS)).address(),
    };
    assert!(AddressText::new(&address.to_string()).is_some(), "addresses have a spelling");
    address
}

fn approved(choices: &mut Choices<'_>) -> Address {
    match choices.below(8) {
        0 => Address::default(),
        1 => address(choices),
        _ => key(choices.below(KEYS)).address(),
    }
}
