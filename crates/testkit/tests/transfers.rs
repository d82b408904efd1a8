//! Sending tokens, and scheduled cancels: what moves without trading.

use tandem_exchange::action::Action;
use tandem_exchange::{
    BalanceKey, CloseReason, Event, ItemStatus, Rejection, SCHEDULE_LEAD_MIN_MS, SCHEDULE_USES_MAX, TREASURY,
};
use tandem_testkit::{BTC, Harness, PURR, Signer, USD, buy, place, sell, send};
use tandem_types::{BlockTime, QuoteAtoms, TokenAtoms, TokenId};

/// What a new account costs here.
const FEE: TokenAtoms = TokenAtoms(100_000_000);

fn send_now(
    chain: &mut Harness,
    from: &Signer,
    to: &Signer,
    token: TokenId,
    amount: &str,
) -> tandem_testkit::Step {
    let nonce = chain.now().0;
    chain.act(from, &send(&to.address(), token, amount, nonce))
}

#[test]
fn tokens_reach_accounts_old_and_new() {
    let mut chain = Harness::default();
    let (from, old, new) = (Signer::wallet(1), Signer::wallet(2), Signer::wallet(77));
    send_now(&mut chain, &from, &old, USD, "1.5");
    assert_eq!(chain.balance(&old, USD).total, TokenAtoms((1_000_000 * 100_000_000) + 150_000_000));
    let step = send_now(&mut chain, &from, &new, BTC, "0.0000000001");
    let account = chain.account(&new.address());
    let created = Event::AccountCreated { account, address: new.address(), fee: FEE };
    assert!(step.receipts()[0].events.contains(&created));
    assert_eq!(chain.balance(&new, BTC).total, TokenAtoms(1));
    // The new account acts for itself, and its emptied balance is forgotten.
    send_now(&mut chain, &new, &from, BTC, "0.0000000001");
    assert_eq!(chain.balance(&from, BTC).total, TokenAtoms(100_000_000_000));
}

#[test]
fn a_new_account_costs_its_sender_the_activation_fee_once() {
    let mut chain = Harness::default();
    let (from, new) = (Signer::wallet(1), Signer::wallet(77));
    let before = chain.balance(&from, USD).total.0;
    send_now(&mut chain, &from, &new, PURR, "1");
    assert_eq!(chain.balance(&from, USD).total.0, before - FEE.0);
    let treasury = BalanceKey { account: TREASURY, token: USD };
    assert_eq!(chain.chain.tables.exchange.balances.peek(&treasury).unwrap().total, FEE);
    send_now(&mut chain, &from, &new, USD, "2");
    assert_eq!(chain.balance(&from, USD).total.0, before - FEE.0 - 200_000_000);
    assert_eq!(chain.balance(&new, USD).total, TokenAtoms(200_000_000));
}

#[test]
fn whoever_cannot_pay_for_a_new_account_makes_none() {
    let mut chain = Harness::default();
    let (poor, old, new) = (Signer::wallet(1), Signer::wallet(2), Signer::wallet(77));
    // All but 3 USD stand behind a bid.
    chain.act(&poor, &place(&[buy(PURR, "1", "999997")]));
    let accounts = chain.chain.tables.exchange.accounts.len();
    let rejected = [(USD, "2.00000001"), (USD, "3")];
    for (token, amount) in rejected {
        let step = send_now(&mut chain, &poor, &new, token, amount);
        assert_eq!(step.rejection(0), Rejection::ActivationFee, "{amount}");
    }
    assert_eq!(
        send_now(&mut chain, &poor, &new, USD, "3.00000001").rejection(0),
        Rejection::InsufficientBalance
    );
    send_now(&mut chain, &poor, &old, USD, "2.5");
    assert_eq!(send_now(&mut chain, &poor, &new, PURR, "1").rejection(0), Rejection::ActivationFee);
    assert_eq!(chain.chain.tables.exchange.accounts.len(), accounts, "a rejected transfer makes no account");
    // To the last atom: the amount beside the fee.
    send_now(&mut chain, &old, &poor, USD, "0.6");
    assert_eq!(send_now(&mut chain, &poor, &new, USD, "0.1").items(0), [ItemStatus::Done]);
    assert_eq!(chain.balance(&poor, USD).available(), TokenAtoms::ZERO);
}

#[test]
fn an_activation_fee_of_nothing_moves_nothing() {
    let mut genesis = tandem_testkit::genesis();
    genesis.exchange.config.activation_fee = QuoteAtoms::ZERO;
    let mut chain = Harness::new(genesis);
    let (from, new) = (Signer::wallet(1), Signer::wallet(77));
    send_now(&mut chain, &from, &new, PURR, "1");
    assert_eq!(chain.balance(&from, USD).total, TokenAtoms(1_000_000 * 100_000_000));
    assert_eq!(chain.balance(&new, PURR).total, TokenAtoms(100_000));
}

#[test]
fn what_can_not_be_sent_is_rejected_by_its_first_fault() {
    let mut chain = Harness::default();
    let (from, to, stranger) = (Signer::wallet(1), Signer::wallet(2), Signer::wallet(88));
    chain.act(&from, &place(&[sell(PURR, "1", "999999")]));
    let accounts = chain.chain.tables.exchange.accounts.len();
    let rows = [
        (&to, TokenId(9), "1", Rejection::UnknownToken),
        (&to, PURR, "0", Rejection::AmountZero),
        (&to, PURR, "0.000001", Rejection::AmountDust),
        (&to, PURR, "18446744073709551615", Rejection::AmountTooLarge),
        (&to, PURR, "1.00001", Rejection::InsufficientBalance),
        (&stranger, PURR, "1.00001", Rejection::InsufficientBalance),
        (&from, PURR, "1", Rejection::SelfTransfer),
    ];
    for (to, token, amount, expected) in rows {
        assert_eq!(send_now(&mut chain, &from, to, token, amount).rejection(0), expected, "{amount}");
    }
    assert_eq!(chain.chain.tables.exchange.accounts.len(), accounts, "a rejected transfer makes no account");
    send_now(&mut chain, &from, &to, PURR, "1.00000");
}

#[test]
fn a_scheduled_cancel_comes_due_and_takes_all_orders() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let now = chain.now();
    let soon = Action::ScheduleCancel(Some(now.plus_ms(SCHEDULE_LEAD_MIN_MS - 1)));
    assert_eq!(chain.act(&trader, &soon).rejection(0), Rejection::ScheduleTooSoon);
    chain.act(&trader, &place(&[buy(PURR, "1", "100"), sell(PURR, "2", "100"), sell(BTC, "60000", "1")]));
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    assert_eq!(chain.act(&trader, &Action::ScheduleCancel(Some(due))).items(0), [ItemStatus::Done]);
    // Set later, then cleared, then set again: the last word holds.
    chain.act(&trader, &Action::ScheduleCancel(Some(due.plus_ms(1_000))));
    chain.act(&trader, &Action::ScheduleCancel(None));
    assert!(chain.chain.tables.exchange.scheduled_cancels.is_empty());
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    chain.act(&trader, &Action::ScheduleCancel(Some(due)));

    chain.step_ms = due.0 - 1 - chain.parent.time.0;
    assert!(chain.empty().outcome.receipts.due.is_empty());
    chain.step_ms = 1;
    let step = chain.empty();
    let closed = step
        .outcome
        .receipts
        .due
        .iter()
        .filter(|event| matches!(event, Event::Closed { reason: CloseReason::ScheduledCancel, .. }));
    assert_eq!(closed.count(), 3);
    assert!(chain.chain.tables.exchange.scheduled_cancels.is_empty());
    assert!(chain.chain.tables.exchange.orders.is_empty());
}

#[test]
fn due_work_that_does_not_fit_goes_on_in_the_next_block() {
    let mut genesis = tandem_testkit::genesis();
    genesis.exchange.config.open_orders_max = 10_000;
    let mut chain = Harness::new(genesis);
    let trader = Signer::wallet(1);
    let batch: Vec<_> = (0..125).map(|_| buy(PURR, "0.001", "10000")).collect();
    for _ in 0..16 {
        let actions: Vec<_> = (0..1).map(|_| (&trader, place(&batch))).collect();
        chain.act_all(&actions);
    }
    assert_eq!(chain.chain.tables.exchange.orders.len(), 2_000);
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    chain.act(&trader, &Action::ScheduleCancel(Some(due)));
    chain.step_ms = SCHEDULE_LEAD_MIN_MS;
    let first = chain.empty().outcome.receipts.due.len();
    let left = chain.chain.tables.exchange.orders.len();
    assert!(first > 1_000 && left > 0 && first + left == 2_000, "{first} cancelled, {left} left");
    chain.empty();
    assert!(chain.chain.tables.exchange.orders.is_empty());
    assert!(chain.chain.tables.exchange.scheduled_cancels.is_empty());
}

#[test]
fn scheduled_cancels_are_used_up_in_a_day() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let day = 24 * 3_600_000;
    chain.step_ms = day - chain.parent.time.0 % day;
    chain.empty();
    chain.step_ms = SCHEDULE_LEAD_MIN_MS;
    for _ in 0..SCHEDULE_USES_MAX {
        let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
        assert_eq!(chain.act(&trader, &Action::ScheduleCancel(Some(due))).items(0), [ItemStatus::Done]);
        chain.empty();
    }
    let due = |chain: &Harness| -> Option<BlockTime> { Some(chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS)) };
    let again = Action::ScheduleCancel(due(&chain));
    assert_eq!(chain.act(&trader, &again).rejection(0), Rejection::ScheduleUsedUp);
    chain.step_ms = day;
    let again = Action::ScheduleCancel(due(&chain));
    assert_eq!(chain.act(&trader, &again).items(0), [ItemStatus::Done]);
}
