//! Shares and money: `value` atoms belong to `shares` shares.
//!
//! All that is rounded is rounded against who acts, so that no deposit and no withdrawal, in whatever number and order,
//! takes anything from the other holders. With 64-bit shares and amounts no product leaves 128 bits.

/// Of every share, what a deposit may lose to rounding: a millionth of itself.
const ROUNDING_PART: u128 = 1_000_000;
/// The leader's part of a holder's profit: a tenth.
const PROFIT_PART: u64 = 10;

/// Shares issued for `amount`, rounded down. The first shares cost an atom each. `None` if they can't be counted, or
/// rounding would take more than a millionth of the amount.
#[must_use]
pub fn issued(amount: u64, shares: u64, value: u64) -> Option<u64> {
    if shares == 0 {
        return Some(amount);
    }
    let wide = u128::from(amount).checked_mul(u128::from(shares))?;
    let issued = u64::try_from(wide.checked_div(u128::from(value))?).ok()?;
    let (all, held) = (shares.checked_add(issued)?, value.checked_add(amount)?);
    let lost = u128::from(amount.checked_sub(worth(issued, all, held)?)?);
    (issued > 0 && lost.checked_mul(ROUNDING_PART)? <= u128::from(amount)).then_some(issued)
}

/// What `part` of the shares is worth, rounded down.
#[must_use]
pub fn worth(part: u64, shares: u64, value: u64) -> Option<u64> {
    let wide = u128::from(part).checked_mul(u128::from(value))?;
    u64::try_from(wide.checked_div(u128::from(shares))?).ok()
}

/// Shares redeemed for `amount`, rounded up.
#[must_use]
pub fn redeemed(amount: u64, shares: u64, value: u64) -> Option<u64> {
    if value == 0 {
        return None;
    }
    let wide = u128::from(amount).checked_mul(u128::from(shares))?;
    u64::try_from(wide.div_ceil(u128::from(value))).ok()
}

/// What the leader gets of `profit`, rounded up.
#[must_use]
pub const fn profit_share(profit: u64) -> u64 {
    profit.div_ceil(PROFIT_PART)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn shares_follow_value_and_round_against_who_acts() {
        // Amount, shares, value: shares issued.
        let rows = [
            (100, 0, 0, Some(100)),
            (100, 0, 7, Some(100)),
            (100, 1_000, 1_000, Some(100)),
            (100, 1_000, 2_000, Some(50)),
            (101, 1_000, 2_000, None),
            (2_000_001, 1_000, 2_000, Some(1_000_000)),
            (100, 1_000, 500, Some(200)),
            (100, 1_000, 0, None),
            (1, 1, u64::MAX, None),
            (u64::MAX, u64::MAX, 1, None),
        ];
        for (amount, shares, value, expected) in rows {
            assert_eq!(issued(amount, shares, value), expected, "{amount} {shares} {value}");
        }
        assert_eq!((worth(1, 3, 10), redeemed(3, 3, 10), redeemed(4, 3, 10)), (Some(3), Some(1), Some(2)));
        assert_eq!((worth(1, 0, 10), redeemed(1, 3, 0)), (None, None));
        assert_eq!([0, 1, 10, 11].map(profit_share), [0, 1, 1, 2]);
    }

    /// So many that the exact comparisons below fit 128 bits.
    const SHARES_MAX: u64 = 1 << 41;

    /// Holders' shares, and the money behind all.
    #[derive(Clone, Debug, Default)]
    struct Vault {
        held: [u64; 4],
        value: u64,
    }

    impl Vault {
        fn shares(&self) -> u64 {
            self.held.iter().sum()
        }

        /// Exact worth of each: a fraction over the sum of shares.
        fn is_no_poorer(&self, before: &Self, but: usize) -> bool {
            let (now, then) = (u128::from(self.shares()), u128::from(before.shares()));
            (0..4).filter(|who| *who != but).all(|who| {
                let of = |vault: &Self| u128::from(vault.held[who]) * u128::from(vault.value);
                of(self) * then >= of(before) * now
            })
        }
    }

    #[derive(Clone, Debug)]
    enum Act {
        Deposit(usize, u64),
        Withdraw(usize, u64),
        Gift(u64),
        Lose(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        let amount = (1u64..1 << 36, 0u32..36).prop_map(|(amount, shift)| (amount >> shift).max(1));
        (0u8..8, 0usize..4, amount).prop_map(|(kind, who, amount)| match kind {
            0..=2 => Act::Deposit(who, amount),
            3..=5 => Act::Withdraw(who, amount),
            6 => Act::Gift(amount),
            _ => Act::Lose(amount),
        })
    }

    proptest! {
        /// Whatever anyone does, the others' shares are worth no less than before, and nobody takes out more by
        /// coming and going than came in.
        #[test]
        fn nobody_gains_by_deposits_and_withdrawals_and_nobody_else_loses(
            acts in proptest::collection::vec(act(), 1..60),
        ) {
            let mut vault = Vault { held: [1 << 30, 0, 0, 0], value: 1 << 30 };
            for act in acts {
                let before = vault.clone();
                match act {
                    Act::Deposit(who, amount) => {
                        let Some(new) = issued(amount, vault.shares(), vault.value) else { continue };
                        if vault.shares().checked_add(new).is_none_or(|all| all > SHARES_MAX) {
                            continue;
                        }
                        vault.held[who] += new;
                        vault.value += amount;
                        prop_assert!(vault.is_no_poorer(&before, who));
                        let own = |vault: &Vault| worth(vault.held[who], vault.shares(), vault.value).unwrap();
                        let gained = u128::from(own(&vault)) + u128::from(amount) / 1_000_000 + 1;
                        let had = worth(before.held[who], before.shares().max(1), before.value).unwrap();
                        prop_assert!(gained >= u128::from(had) + u128::from(amount));
                        // What an empty vault was given belongs to whoever comes next.
                        prop_assert!(own(&vault) <= had + amount + 1 || before.shares() == 0);
                    }
                    Act::Withdraw(who, amount) => {
                        let own = worth(vault.held[who], vault.shares().max(1), vault.value).unwrap();
                        let Some(gone) = redeemed(amount.min(own), vault.shares(), vault.value) else { continue };
                        prop_assert!(gone <= vault.held[who]);
                        vault.held[who] -= gone;
                        vault.value -= amount.min(own);
                        prop_assert!(vault.is_no_poorer(&before, who));
                    }
                    Act::Gift(amount) => vault.value += amount,
                    Act::Lose(amount) => vault.value = vault.value.saturating_sub(amount),
                }
            }
            let all: Vec<u64> =
                vault.held.iter().map(|held| worth(*held, vault.shares().max(1), vault.value).unwrap()).collect();
            prop_assert!(all.iter().sum::<u64>() <= vault.value);
        }

        /// Who inflates the price of shares before another's deposit pays for it alone: the deposit is refused, or is
        /// worth what was paid to a millionth and an atom.
        #[test]
        fn the_first_depositor_cannot_take_from_the_next(
            own in 1u64..1 << 34, left in 1u64..1 << 34, gift in 0u64..1 << 50, amount in 1u64..1 << 45,
        ) {
            let left = left.min(own);
            let (shares, value) = (left, left + gift);
            if let Some(new) = issued(amount, shares, value) {
                let back = worth(new, shares + new, value + amount).unwrap();
                prop_assert!(u128::from(back) + u128::from(amount) / 1_000_000 + 1 > u128::from(amount));
            }
        }
    }
}
