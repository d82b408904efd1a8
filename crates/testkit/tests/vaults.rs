//! Vaults, through whole blocks: shares, lockup, the leader's part, and that nobody takes what is another's.

use std::collections::BTreeMap;
use tandem_exchange::action::Action;
use tandem_exchange::vault::{LOCKUP_MS, VAULTS_MAX, VaultHolder, VaultState};
use tandem_exchange::{AccountOrder, Event, ItemStatus, PositionKey, Rejection};
use tandem_testkit::{
    ETH, Harness, Random, Signer, Step, buy_perp, create_vault, place, place_built, sell_perp,
    sub_account_transfer, usd_send, vault_deposit, vault_distribute, vault_modify, vault_withdraw,
};
use tandem_types::{AccountId, Address, Usd};

const USD_MICROS: u64 = 1_000_000;
const USD_ATOMS: i64 = 100_000_000;

/// Wallets 1 to 4 with ten thousand USD of collateral each; the first leads a vault with 1,000 USD of it.
fn market() -> (Harness, [Signer; 4], Address) {
    let (mut chain, people) = tandem_testkit::market::<4>("10000");
    let step = chain.act(&people[0], &create_vault("first", 1_000 * USD_MICROS));
    let vault = address_of(&chain, made(&step));
    (chain, people, vault)
}

fn made(step: &Step) -> AccountId {
    let events = step.receipts()[0].events.iter();
    let mut made = events.filter_map(|event| match event {
        Event::VaultCreated { vault, .. } => Some(*vault),
        _ => None,
    });
    made.next().expect("a vault")
}

fn address_of(chain: &Harness, account: AccountId) -> Address {
    chain.chain.tables.exchange.accounts.peek(&account).expect("an account").address
}

fn state(chain: &Harness, vault: &Address) -> VaultState {
    *chain.chain.tables.exchange.vaults.peek(&chain.account(vault)).expect("a vault")
}

/// A holder's shares and what they cost.
fn holding(chain: &Harness, vault: &Address, who: &Signer) -> Option<(u64, u64)> {
    let key = VaultHolder { vault: chain.account(vault), holder: chain.account(&who.address()) };
    let found = chain.chain.tables.exchange.vault_holdings.peek(&key);
    found.map(|holding| (holding.shares, holding.basis.0))
}

fn money(chain: &Harness, vault: &Address) -> i64 {
    let account = chain.account(vault);
    chain.chain.tables.exchange.collaterals.peek(&account).map_or(0, |amount| amount.0)
}

/// Collateral sent to a vault, which nobody gets shares for.
fn gift(chain: &mut Harness, from: &Signer, vault: &Address, usd: &str) {
    let nonce = chain.nonce();
    let step = chain.act(from, &usd_send(vault, usd, nonce));
    assert_eq!(step.items(0), [ItemStatus::Done]);
}

/// Lets the lockup pass.
fn wait(chain: &mut Harness) {
    chain.step_ms = LOCKUP_MS;
    chain.empty();
    chain.step_ms = 100;
    chain.empty();
}

fn outcome(step: &Step) -> Option<Rejection> {
    step.receipts()[0].result.as_ref().err().copied()
}

#[test]
fn a_vault_begins_with_its_leaders_money_and_an_account_without_a_key() {
    let (chain, [leader, ..], vault) = market();
    assert_eq!(chain.collateral(&leader), Usd(9_000 * USD_ATOMS));
    assert_eq!(money(&chain, &vault), 1_000 * USD_ATOMS);
    let VaultState { shares, holders, allows_deposits, closed, .. } = state(&chain, &vault);
    assert_eq!((shares, holders, allows_deposits, closed), (100_000_000_000, 1, true, false));
    assert_eq!(holding(&chain, &vault, &leader), Some((100_000_000_000, 100_000_000_000)));
    let orders = AccountOrder::first(chain.account(&vault));
    assert!(chain.chain.tables.exchange.account_orders.peek(&orders).is_none());
}

#[test]
fn what_cannot_be_made_is_refused() {
    let (mut chain, [leader, other, ..], _) = market();
    let long = "x".repeat(65);
    let rows = [
        (create_vault("", 100 * USD_MICROS), Rejection::VaultProfile),
        (create_vault(&long, 100 * USD_MICROS), Rejection::VaultProfile),
        (create_vault("line\nbreak", 100 * USD_MICROS), Rejection::VaultProfile),
        (create_vault("small", 100 * USD_MICROS - 1), Rejection::VaultDepositTooSmall),
        (create_vault("large", 10_001 * USD_MICROS), Rejection::InsufficientWithdrawable),
        (create_vault("huge", u64::MAX), Rejection::AmountTooLarge),
    ];
    for (action, expected) in rows {
        assert_eq!(outcome(&chain.act(&other, &action)), Some(expected), "{action:?}");
    }
    for _ in 1..VAULTS_MAX {
        assert_eq!(outcome(&chain.act(&leader, &create_vault("more", 100 * USD_MICROS))), None);
    }
    let step = chain.act(&leader, &create_vault("too many", 100 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::TooManyVaults));
}

#[test]
fn a_deposit_gets_shares_at_the_price_of_the_day_and_stays_for_a_day() {
    let (mut chain, [leader, holder, giver, _], vault) = market();
    gift(&mut chain, &giver, &vault, "1000");
    chain.act(&holder, &vault_deposit(vault, 500 * USD_MICROS));
    // Each share is worth two atoms now.
    assert_eq!(holding(&chain, &vault, &holder), Some((25_000_000_000, 50_000_000_000)));
    let step = chain.act(&holder, &vault_withdraw(vault, USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultLocked));
    wait(&mut chain);
    let step = chain.act(&holder, &vault_withdraw(vault, 500 * USD_MICROS + 1));
    assert_eq!(outcome(&step), Some(Rejection::NoVaultHolding));
    assert_eq!(outcome(&chain.act(&holder, &vault_withdraw(vault, 200 * USD_MICROS))), None);
    assert_eq!(holding(&chain, &vault, &holder), Some((15_000_000_000, 30_000_000_000)));
    assert_eq!(chain.collateral(&holder), Usd(9_700 * USD_ATOMS), "nothing was gained, so nothing is shared");
    // A further deposit locks all of it again.
    chain.act(&holder, &vault_deposit(vault, 10 * USD_MICROS));
    let step = chain.act(&holder, &vault_withdraw(vault, USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultLocked));
    assert_eq!(chain.collateral(&leader), Usd(9_000 * USD_ATOMS));
}

#[test]
fn a_tenth_of_a_holders_profit_is_the_leaders_and_none_of_its_own() {
    let (mut chain, [leader, holder, giver, _], vault) = market();
    chain.act(&holder, &vault_deposit(vault, 1_000 * USD_MICROS));
    gift(&mut chain, &giver, &vault, "1000");
    wait(&mut chain);
    // Half of the holding: worth 750 USD, and cost 500.
    chain.act(&holder, &vault_withdraw(vault, 750 * USD_MICROS));
    assert_eq!(chain.collateral(&holder), Usd((9_000 + 725) * USD_ATOMS));
    assert_eq!(chain.collateral(&leader), Usd((9_000 + 25) * USD_ATOMS));
    assert_eq!(holding(&chain, &vault, &holder), Some((50_000_000_000, 50_000_000_000)));
    chain.act(&leader, &vault_withdraw(vault, 750 * USD_MICROS));
    assert_eq!(chain.collateral(&leader), Usd((9_025 + 750) * USD_ATOMS));
    // All of it: nothing of the holding is left.
    chain.act(&holder, &vault_withdraw(vault, 750 * USD_MICROS));
    assert_eq!(holding(&chain, &vault, &holder), None);
    assert_eq!(state(&chain, &vault).holders, 1);
}

#[test]
fn the_leader_keeps_a_twentieth() {
    let (mut chain, [leader, holder, second, _], vault) = market();
    chain.act(&holder, &vault_deposit(vault, 9_000 * USD_MICROS));
    let full = chain.act(&second, &vault_deposit(vault, 10_000 * USD_MICROS));
    assert_eq!(outcome(&full), None, "1,000 of 20,000");
    let more = chain.act(&holder, &vault_deposit(vault, 5 * USD_MICROS));
    assert_eq!(outcome(&more), Some(Rejection::VaultLeaderPart));
    wait(&mut chain);
    let step = chain.act(&leader, &vault_withdraw(vault, 1));
    assert_eq!(outcome(&step), Some(Rejection::VaultLeaderPart));
    chain.act(&second, &vault_withdraw(vault, 10_000 * USD_MICROS));
    assert_eq!(outcome(&chain.act(&leader, &vault_withdraw(vault, 500 * USD_MICROS))), None);
    let step = chain.act(&leader, &vault_withdraw(vault, 100 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultLeaderPart));
}

#[test]
fn only_the_leader_opens_closes_and_pays_out() {
    let (mut chain, [leader, holder, ..], vault) = market();
    for action in [vault_modify(vault, Some(false)), vault_distribute(vault, 1), vault_distribute(vault, 0)] {
        assert_eq!(outcome(&chain.act(&holder, &action)), Some(Rejection::UnknownVault));
    }
    chain.act(&leader, &vault_modify(vault, Some(false)));
    let step = chain.act(&holder, &vault_deposit(vault, 100 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultClosed));
    assert_eq!(outcome(&chain.act(&leader, &vault_deposit(vault, 100 * USD_MICROS))), None);
    chain.act(&leader, &vault_modify(vault, None));
    assert!(!state(&chain, &vault).allows_deposits);
    chain.act(&leader, &vault_modify(vault, Some(true)));
    let step = chain.act(&holder, &vault_deposit(vault, 5 * USD_MICROS - 1));
    assert_eq!(outcome(&step), Some(Rejection::VaultDepositTooSmall));
    assert_eq!(outcome(&chain.act(&holder, &vault_deposit(vault, 5 * USD_MICROS))), None);
    let nowhere = Signer::wallet(9).address();
    let step = chain.act(&holder, &vault_deposit(nowhere, 5 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::UnknownVault));
    let step = chain.act(&holder, &vault_deposit(holder.address(), 5 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::UnknownVault), "an account is no vault");
}

#[test]
fn a_distribution_pays_all_in_proportion_and_the_end_pays_all() {
    let (mut chain, [leader, holder, giver, _], vault) = market();
    chain.act(&holder, &vault_deposit(vault, 3_000 * USD_MICROS));
    gift(&mut chain, &giver, &vault, "400");
    // 4,400 USD are there. 1,100 go out, a quarter of all: 825 to the holder, 75 of it profit.
    let step = chain.act(&leader, &vault_distribute(vault, 1_100 * USD_MICROS));
    assert_eq!(outcome(&step), None, "also within the lockup");
    assert_eq!(chain.collateral(&holder), Usd(7_000 * USD_ATOMS + 81_750_000_000));
    assert_eq!(chain.collateral(&leader), Usd(9_000 * USD_ATOMS + 275 * USD_ATOMS + 750_000_000));
    assert_eq!(holding(&chain, &vault, &holder), Some((225_000_000_000, 225_000_000_000)));
    let step = chain.act(&leader, &vault_distribute(vault, 3_300 * USD_MICROS + 1));
    assert_eq!(outcome(&step), Some(Rejection::VaultFundsInUse));
    chain.act(&leader, &vault_distribute(vault, 0));
    assert_eq!(money(&chain, &vault), 0);
    let VaultState { shares, holders, closed, .. } = state(&chain, &vault);
    assert_eq!((shares, holders, closed), (0, 0, true));
    let paid = chain.collateral(&holder).0 + chain.collateral(&leader).0 + chain.collateral(&giver).0;
    assert_eq!(paid, 30_000 * USD_ATOMS);
    let step = chain.act(&leader, &vault_deposit(vault, 100 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultClosed));
    assert_eq!(outcome(&chain.act(&leader, &vault_distribute(vault, 0))), Some(Rejection::UnknownVault));
}

#[test]
fn the_leader_trades_with_the_vault_and_nobody_else_does() {
    let (mut chain, [leader, holder, other, _], vault) = market();
    chain.act(&holder, &vault_deposit(vault, 1_000 * USD_MICROS));
    let order = place(&[buy_perp(ETH, "2000", "1")]);
    let refused = chain.act_for(&holder, &vault, &order);
    assert_eq!(outcome(&refused), Some(Rejection::UnknownVault));
    chain.act(&other, &place(&[sell_perp(ETH, "2000", "1")]));
    let bought = chain.act_for(&leader, &vault, &order);
    assert!(matches!(bought.items(0), [ItemStatus::Filled { .. }]), "{bought:?}");
    let account = chain.account(&vault);
    let key = PositionKey { account, market: ETH };
    assert_eq!(chain.chain.tables.exchange.positions.peek(&key).map(|position| position.size.0), Some(100));
    // What the leader does for the vault moves no money out of it, and a vault leads and funds no vault.
    let out = [
        (create_vault("nested", 100 * USD_MICROS), Rejection::VaultInVault),
        (vault_deposit(vault, 10 * USD_MICROS), Rejection::VaultInVault),
        (vault_withdraw(vault, 10 * USD_MICROS), Rejection::NoVaultHolding),
        (vault_distribute(vault, USD_MICROS), Rejection::UnknownVault),
        (sub_account_transfer(&leader.address(), true, USD_MICROS), Rejection::UnknownSubAccount),
    ];
    for (action, expected) in out {
        let step = chain.act_for(&leader, &vault, &action);
        assert_eq!(outcome(&step), Some(expected), "{action:?}");
    }
    let built = place_built(&[buy_perp(ETH, "1900", "0.1")], &other.address(), 1);
    assert_eq!(outcome(&chain.act_for(&leader, &vault, &built)), Some(Rejection::BuilderNotApproved));
    // An open position keeps the vault from ending, and some of its money in it: a tenth of 2,000 USD.
    assert_eq!(outcome(&chain.act(&leader, &vault_distribute(vault, 0))), Some(Rejection::VaultFundsInUse));
    let step = chain.act(&leader, &vault_distribute(vault, 1_850 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultFundsInUse));
    let step = chain.act(&leader, &vault_distribute(vault, 100 * USD_MICROS));
    assert_eq!(outcome(&step), None);
}

#[test]
fn shares_are_worth_what_the_positions_are_at_mark_and_nothing_moves_while_prices_are_stale() {
    let (mut chain, [leader, holder, other, _], vault) = market();
    chain.act(&other, &place(&[sell_perp(ETH, "2000", "1")]));
    chain.act_for(&leader, &vault, &place(&[buy_perp(ETH, "2000", "1")]));
    // 1,000 USD less the fee of 0.9; the mark follows the oracle at once, as nobody quotes.
    for _ in 0..3 {
        chain.set_oracle(ETH, 22_000_000);
        chain.empty();
    }
    let mark = chain.chain.tables.exchange.perp_prices.peek(&ETH).unwrap().mark.0;
    let value = 1_000 * 100_000_000 - 90_000_000 + (mark - 20_000_000) * 10_000;
    let shares = state(&chain, &vault).shares;
    chain.act(&holder, &vault_deposit(vault, 500 * USD_MICROS));
    let expected = u128::from(500 * 100_000_000u64) * u128::from(shares) / u128::from(value);
    assert_eq!(holding(&chain, &vault, &holder).map(|(shares, _)| u128::from(shares)), Some(expected));
    chain.quotes.clear();
    chain.step_ms = 11_000;
    chain.empty();
    let step = chain.act(&holder, &vault_deposit(vault, 500 * USD_MICROS));
    assert_eq!(outcome(&step), Some(Rejection::VaultUnpriced));
}

/// A vault by hand: whoever has how many shares, what they cost, and when they are free.
#[derive(Debug)]
struct Twin {
    leader: u8,
    money: u128,
    held: BTreeMap<u8, (u128, u128, u64)>,
    collateral: BTreeMap<u8, u128>,
}

impl Twin {
    fn shares(&self) -> u128 {
        self.held.values().map(|(shares, ..)| shares).sum()
    }

    fn leader_has_enough(&self) -> bool {
        self.held.get(&self.leader).map_or(0, |(shares, ..)| *shares) * 20 >= self.shares()
    }

    fn deposit(&mut self, who: u8, micros: u64, now: u64) -> bool {
        let (amount, shares) = (u128::from(micros) * 100, self.shares());
        if amount < 500_000_000 || self.collateral[&who] < amount || (shares > 0 && self.money == 0) {
            return false;
        }
        let new = if shares == 0 { amount } else { amount * shares / self.money };
        let back = new * (self.money + amount) / (shares + new).max(1);
        if new == 0 || (shares > 0 && (amount - back) * 1_000_000 > amount) {
            return false;
        }
        let before = self.held.get(&who).copied();
        let (held, basis, _) = before.unwrap_or_default();
        self.held.insert(who, (held + new, basis + amount, now + 86_400_000));
        if !self.leader_has_enough() {
            match before {
                Some(before) => self.held.insert(who, before),
                None => self.held.remove(&who),
            };
            return false;
        }
        self.money += amount;
        *self.collateral.get_mut(&who).unwrap() -= amount;
        true
    }

    fn withdraw(&mut self, who: u8, micros: u64, now: u64) -> bool {
        let amount = u128::from(micros) * 100;
        let Some((held, basis, free)) = self.held.get(&who).copied() else { return false };
        let own = held * self.money / self.shares();
        if amount == 0 || free > now || amount > own || self.money == 0 {
            return false;
        }
        let gone = if own - amount < 100 { held } else { (amount * self.shares()).div_ceil(self.money) };
        let cost = basis * gone / held;
        self.held.insert(who, (held - gone, basis - cost, free));
        if held == gone {
            self.held.remove(&who);
        }
        if !self.leader_has_enough() {
            self.held.insert(who, (held, basis, free));
            return false;
        }
        let profit = if who == self.leader { 0 } else { amount.saturating_sub(cost) };
        self.money -= amount;
        *self.collateral.get_mut(&who).unwrap() += amount - profit.div_ceil(10);
        *self.collateral.get_mut(&self.leader).unwrap() += profit.div_ceil(10);
        true
    }
}

#[test]
fn random_deposits_and_withdrawals_do_what_the_naive_twin_does() {
    let mut refused: BTreeMap<String, u32> = BTreeMap::new();
    let mut done = 0;
    for seed in 0..3 {
        let (mut chain, people, vault) = market();
        let mut random = Random::seeded(seed);
        let thousand = 100_000_000_000u128;
        let first = chain.parent.time.0 + 86_400_000;
        let mut twin = Twin {
            leader: 1,
            money: thousand,
            held: BTreeMap::from([(1, (thousand, thousand, first))]),
            collateral: BTreeMap::from([
                (1, 9 * thousand),
                (2, 10 * thousand),
                (3, 10 * thousand),
                (4, 10 * thousand),
            ]),
        };
        for _ in 0..120 {
            chain.step_ms =
                [100, 100, 3_600_000, 40_000_000, 86_400_000][usize::try_from(random.below(5)).unwrap()];
            let at = usize::try_from(random.below(4)).unwrap();
            let (who, number) = (&people[at], u8::try_from(at + 1).unwrap());
            let digits = 20 + random.below(14);
            let micros = random.below(1 << digits);
            let own = twin.held.get(&number).map_or(0, |(held, ..)| held * twin.money / twin.shares());
            let own = u64::try_from(own / 100).unwrap();
            let now = chain.now().0;
            let (action, run): (Action, bool) = match random.below(8) {
                0..=3 => (vault_deposit(vault, micros), twin.deposit(number, micros, now)),
                4 => (vault_withdraw(vault, own), twin.withdraw(number, own, now)),
                5 | 6 => (vault_withdraw(vault, micros), twin.withdraw(number, micros, now)),
                _ => {
                    let atoms = u128::from(micros) * 100;
                    let possible = atoms > 0 && twin.collateral[&number] >= atoms;
                    if possible {
                        twin.money += atoms;
                        *twin.collateral.get_mut(&number).unwrap() -= atoms;
                    }
                    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
                    (usd_send(&vault, &text, now), possible)
                }
            };
            let signed = who.transaction(&action, now, &chain.identity.network);
            let step = chain.block(&[signed], &[]);
            assert_eq!(step.refused, []);
            let why = outcome(&step);
            assert_eq!(why.is_none(), run, "{number} {action:?} {why:?}");
            match why {
                Some(why) => *refused.entry(format!("{why:?}")).or_default() += 1,
                None => done += 1,
            }
            assert_eq!(u128::try_from(money(&chain, &vault)).unwrap(), twin.money, "{action:?}");
            for (at, person) in people.iter().enumerate() {
                let number = u8::try_from(at + 1).unwrap();
                let found = holding(&chain, &vault, person)
                    .map(|(shares, basis)| (u128::from(shares), u128::from(basis)));
                let expected = twin.held.get(&number).map(|(shares, basis, _)| (*shares, *basis));
                assert_eq!(found, expected, "{number} after {action:?}");
                let collateral = u128::try_from(chain.collateral(person).0).unwrap();
                assert_eq!(collateral, twin.collateral[&number], "{number} after {action:?}");
            }
        }
    }
    assert!(done > 60, "{done}");
    for what in ["VaultLocked", "NoVaultHolding", "VaultLeaderPart", "VaultDepositTooSmall"] {
        assert!(refused.contains_key(what), "streams without {what} show too little: {refused:?}");
    }
}
