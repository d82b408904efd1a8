//! What the accounts of a replay must have, so that no order fails for want of funds.

use crate::flow::{Command, Flow};
use crate::lobster::Message;
use crate::traders::Traders;
use std::collections::HashMap;

/// In a free run orders trade that did not in the record, and trades that were do so later: an account may need a
/// multiple of what the record says.
const HEADROOM: u128 = 2;
/// Units of the file's prices in a dollar.
const UNITS_PER_DOLLAR: u128 = 10_000;

/// What an account must have at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Quote token, in whole dollars.
    pub dollars: u64,
    /// Base token, in whole shares.
    pub shares: u64,
}

/// An open order, as the file tells it.
struct Open {
    owner: usize,
    buys: bool,
    price: u64,
    size: u64,
}

/// What an account uses of either token.
#[derive(Clone, Copy, Default)]
struct Account {
    /// In units of the file's prices.
    dollars: Purse,
    shares: Purse,
}

/// What is in open orders, what was spent, and the most that both were together. What was earned is left out: in a free
/// run it may come later than in the record.
#[derive(Clone, Copy, Default)]
struct Purse {
    open: u128,
    spent: u128,
    most: u128,
}

/// What each account needs for its part of these messages.
#[must_use]
pub fn needs(messages: &[Message], traders: &Traders) -> Vec<Need> {
    let (mut flow, mut open) = (Flow::default(), HashMap::new());
    let mut accounts = vec![Account::default(); traders.count()];
    for command in messages.iter().filter_map(|message| flow.command(message)) {
        apply(&command, traders.sender(&command), &mut open, &mut accounts);
    }
    accounts.iter().map(Account::need).collect()
}

fn apply(command: &Command, sender: usize, open: &mut HashMap<u64, Open>, accounts: &mut [Account]) {
    match *command {
        Command::Place { id, buys, price, size } => {
            purse(accounts, sender, buys).lock(worth(buys, price, size));
            open.insert(id, Open { owner: sender, buys, price, size });
        }
        Command::Reduce { id, size, .. } => {
            let Some(order) = open.get_mut(&id) else { return };
            let less = order.size.saturating_sub(size);
            order.size = size;
            purse(accounts, order.owner, order.buys).unlock(worth(order.buys, order.price, less));
        }
        Command::Cancel { id } => {
            let Some(order) = open.remove(&id) else { return };
            let left = worth(order.buys, order.price, order.size);
            purse(accounts, order.owner, order.buys).unlock(left);
        }
        Command::Take { against, buys, price, size } => {
            let taken = worth(buys, price, size);
            purse(accounts, sender, buys).lock(taken);
            purse(accounts, sender, buys).spend(taken);
            let Some(order) = open.get_mut(&against) else { return };
            order.size = order.size.saturating_sub(size);
            purse(accounts, order.owner, order.buys).spend(worth(order.buys, order.price, size));
            if order.size == 0 {
                open.remove(&against);
            }
        }
    }
}

/// What an order takes from its owner: dollars to buy, shares to sell.
fn worth(buys: bool, price: u64, size: u64) -> u128 {
    if buys { u128::from(price) * u128::from(size) } else { u128::from(size) }
}

fn purse(accounts: &mut [Account], owner: usize, buys: bool) -> &mut Purse {
    let account = &mut accounts[owner];
    if buys { &mut account.dollars } else { &mut account.shares }
}

impl Purse {
    fn lock(&mut self, amount: u128) {
        self.open = self.open.saturating_add(amount);
        self.most = self.most.max(self.open.saturating_add(self.spent));
    }

    const fn unlock(&mut self, amount: u128) {
        self.open = self.open.saturating_sub(amount);
    }

    const fn spend(&mut self, amount: u128) {
        self.unlock(amount);
        self.spent = self.spent.saturating_add(amount);
    }
}

impl Account {
    fn need(&self) -> Need {
        let whole = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
        Need {
            dollars: whole(self.dollars.most.saturating_mul(HEADROOM).div_ceil(UNITS_PER_DOLLAR)),
            shares: whole(self.shares.most.saturating_mul(HEADROOM)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RequestKey;
    use crate::lobster::read_messages;
    use tandem_crypto::secp256k1::SigningKey;

    /// With two accounts, orders of even ids are the first's, and the second takes from them.
    fn needs_of(lines: &str) -> [Need; 2] {
        let key = |seed| RequestKey::Secp256k1(SigningKey::from_bytes(&[seed; 32]).unwrap());
        let traders = Traders::new(vec![key(1), key(2)], 10_000).unwrap();
        needs(&read_messages(lines.as_bytes()).unwrap(), &traders).try_into().unwrap()
    }

    #[test]
    fn needs_are_the_most_that_was_open_and_spent_together() {
        let need = |dollars: u64, shares: u64| Need { dollars: 2 * dollars, shares: 2 * shares };
        let rows = [
            ("", [need(0, 0), need(0, 0)]),
            // 10 shares at 2 dollars, cancelled, then 4 at 3 dollars.
            ("1,1,2,10,20000,1\n2,3,2,10,20000,1\n3,1,4,4,30000,1\n", [need(20, 0), need(0, 0)]),
            // Both at once.
            ("1,1,2,10,20000,1\n3,1,4,4,30000,1\n", [need(32, 0), need(0, 0)]),
            // An offer of 5 shares, of which 2 are sold, the rest reduced and cancelled, and one of 9 after it.
            (
                "1,1,2,5,20000,-1\n2,4,2,2,20000,-1\n3,2,2,1,20000,-1\n4,3,2,2,20000,-1\n5,1,4,9,20000,-1\n",
                [need(0, 11), need(4, 0)],
            ),
        ];
        for (lines, expected) in rows {
            assert_eq!(needs_of(lines), expected, "{lines}");
        }
    }
}
