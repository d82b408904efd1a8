//! What moved into and out of accounts, other than by trades and funding.

use crate::kept::Kept;
use tandem_exchange::{Event, VaultWithdrawal};
use tandem_types::{AccountId, BlockTime, QuoteAtoms, TokenAtoms, TokenId, TxId, Usd};

/// Entries kept of each account.
pub const LEDGER_PER_ACCOUNT: usize = 2_000;
/// Entries kept in all.
pub const LEDGER_KEPT: usize = 500_000;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerEntry {
    /// Tokens went from one spot balance to another.
    SpotTransfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// What.
        token: TokenId,
        /// How much.
        amount: TokenAtoms,
        /// What the sender paid for the receiver's new account, of the quote.
        fee: TokenAtoms,
    },
    /// USD went from one collateral to another.
    UsdTransfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// How much.
        amount: QuoteAtoms,
        /// What the sender paid for the receiver's new account, of the quote.
        fee: TokenAtoms,
    },
    /// USD went from one collateral to another, of which one is a sub-account's and the other its master's.
    SubAccountTransfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// How much.
        amount: QuoteAtoms,
    },
    /// An account paid for a new sub-account.
    ActivationFee {
        /// Who paid.
        account: AccountId,
        /// How much, of the quote.
        fee: TokenAtoms,
    },
    /// USD went from an account's spot balance to its collateral, or with a negative amount back.
    ClassTransfer {
        /// Whose.
        account: AccountId,
        /// What the collateral gained.
        to_perp: Usd,
    },
    /// Somebody put USD into a vault, which began with it if `created`.
    VaultDeposit {
        /// The vault.
        vault: AccountId,
        /// Whose it was.
        account: AccountId,
        /// How much.
        amount: QuoteAtoms,
        /// Whether it made the vault.
        created: bool,
    },
    /// A referrer was paid what it had earned.
    RewardsClaimed {
        /// The referrer.
        account: AccountId,
        /// How much, of the quote.
        amount: TokenAtoms,
    },
    /// A holder of a vault was paid.
    VaultWithdrawal {
        /// What left it.
        paid: VaultWithdrawal,
        /// Whether all were, by the leader.
        distributed: bool,
    },
}

/// An entry with when and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// When.
    pub time: BlockTime,
    /// By which action; zero if it was due work.
    pub tx: TxId,
    /// What.
    pub entry: LedgerEntry,
}

impl LedgerRow {
    /// Whose ledgers it is in: one account, or two.
    #[must_use]
    pub fn accounts(&self) -> (AccountId, Option<AccountId>) {
        match self.entry {
            LedgerEntry::SpotTransfer { from, to, .. }
            | LedgerEntry::UsdTransfer { from, to, .. }
            | LedgerEntry::SubAccountTransfer { from, to, .. } => (from, Some(to).filter(|to| *to != from)),
            LedgerEntry::ClassTransfer { account, .. }
            | LedgerEntry::ActivationFee { account, .. }
            | LedgerEntry::RewardsClaimed { account, .. } => (account, None),
            LedgerEntry::VaultDeposit { vault, account, .. } => (account, Some(vault)),
            LedgerEntry::VaultWithdrawal { paid, .. } => (paid.account, Some(paid.vault)),
        }
    }
}

/// The entries of one action's events.
pub(crate) fn entries(events: &[Event], tx: TxId, time: BlockTime) -> Vec<LedgerRow> {
    let mut fee = TokenAtoms::ZERO;
    let mut created = false;
    let is_withdrawal = |event: &&Event| matches!(event, Event::VaultWithdrawal(_));
    let distributed = events.iter().filter(is_withdrawal).count() > 1;
    let mut rows = Vec::new();
    for event in events {
        let entry = match *event {
            Event::AccountCreated { fee: paid, .. } => {
                fee = paid;
                continue;
            }
            Event::Transfer { from, to, token, amount } => {
                LedgerEntry::SpotTransfer { from, to, token, amount, fee }
            }
            Event::UsdTransfer { from, to, amount } => LedgerEntry::UsdTransfer { from, to, amount, fee },
            Event::ClassTransfer { account, to_perp } => LedgerEntry::ClassTransfer { account, to_perp },
            Event::SubAccountTransfer { from, to, amount } => {
                LedgerEntry::SubAccountTransfer { from, to, amount }
            }
            Event::SubAccountNamed { master, .. } if !fee.is_zero() => {
                LedgerEntry::ActivationFee { account: master, fee }
            }
            Event::VaultCreated { .. } => {
                created = true;
                continue;
            }
            Event::VaultDeposit { vault, account, amount } => {
                LedgerEntry::VaultDeposit { vault, account, amount, created }
            }
            Event::RewardsClaimed { account, amount } => LedgerEntry::RewardsClaimed { account, amount },
            Event::VaultWithdrawal(paid) => LedgerEntry::VaultWithdrawal { paid, distributed },
            _ => continue,
        };
        rows.push(LedgerRow { time, tx, entry });
    }
    rows
}

/// The last entries; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug)]
pub struct Ledger(Kept<LedgerRow>);

impl Default for Ledger {
    fn default() -> Self {
        Self(Kept::new(LEDGER_PER_ACCOUNT, LEDGER_KEPT))
    }
}

impl Ledger {
    pub(crate) fn add(&mut self, row: LedgerRow) {
        let (first, second) = row.accounts();
        self.0.add(first, row);
        if let Some(second) = second {
            self.0.add(second, row);
        }
    }

    /// The entries of an account, the last first.
    pub fn of(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &LedgerRow> {
        self.0.of(account)
    }
}
