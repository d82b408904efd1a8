//! Roles, naively: a history of everything that was signed, looked through anew for each question. It shares no code
//! with the rules.

/// Two days, and two days and one: the ages of nonces, written out again.
const SAFE_MS: u64 = (2 + 1) * 24 * 3_600_000;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signed {
    Approve { agent: usize, named: bool, until: u64 },
    Revoke { named: bool },
    Send { to: usize },
    Noop { names: Option<usize> },
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Refused,
    Took { account: usize, done: bool },
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
enum Past {
    Account {
        of: usize,
    },
    Agent {
        of: usize,
        master: usize,
        named: bool,
        until: u64,
        time: u64,
    },
    /// A slot was emptied.
    Empty {
        master: usize,
        named: bool,
    },
    /// A master struck an agent off.
    Struck {
        of: usize,
        master: usize,
        time: u64,
    },
    /// A hundredth of a token went from one to another.
    Paid {
        from: usize,
        to: usize,
    },
    /// Signed with a wallet's signature.
    Wallet {
        by: usize,
    },
    /// Acted for another, having no account.
    Served {
        by: usize,
        master: usize,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Twin {
    past: Vec<Past>,
    now: u64,
}

/// An approval, as far as it goes.
#[derive(Clone, Copy, Debug)]
struct Approval {
    at: usize,
    master: usize,
    until: u64,
    ended: Option<u64>,
}

impl Twin {
    pub(crate) fn new(accounts: &[usize]) -> Self {
        Self { past: accounts.iter().map(|of| Past::Account { of: *of }).collect(), now: 0 }
    }

    pub(crate) const fn pass(&mut self, now: u64) {
        self.now = now;
    }

    pub(crate) fn has_account(&self, who: usize) -> bool {
        self.past.iter().any(|past| matches!(past, Past::Account { of } if *of == who))
    }

    pub(crate) fn ever_served(&self, who: usize) -> bool {
        self.past.iter().any(|past| matches!(past, Past::Served { by, .. } if *by == who))
    }

    /// The last approval of `agent`, and when it was struck off.
    fn approval(&self, agent: usize) -> Option<Approval> {
        let found = self.past.iter().enumerate().rev().find_map(|(at, past)| match past {
            Past::Agent { of, master, until, .. } if *of == agent => {
                Some(Approval { at, master: *master, until: *until, ended: None })
            }
            _ => None,
        })?;
        let ended = self.past[found.at..].iter().find_map(|past| match past {
            Past::Struck { of, master, time } if (*of, *master) == (agent, found.master) => Some(*time),
            _ => None,
        });
        Some(Approval { ended, ..found })
    }

    /// What a person has, in hundredths: those of the beginning have plenty.
    fn holding(&self, who: usize) -> i64 {
        let moves = self.past.iter().map(|past| match past {
            Past::Paid { from, to } => i64::from(*to == who) - i64::from(*from == who),
            _ => 0,
        });
        moves.sum::<i64>() + if who < 2 { 1_000_000 } else { 0 }
    }

    fn master(&self, who: usize) -> Option<usize> {
        self.approval(who).filter(|a| a.ended.is_none() && a.until >= self.now).map(|a| a.master)
    }

    /// Whether what it signs without naming anybody is for its master though it has an account: it has served him since
    /// an approval from which on he renewed it each time before it ended, and signed nothing as a wallet since.
    fn is_engaged(&self, who: usize) -> bool {
        let Some(approval) = self.approval(who) else { return false };
        let mut first = approval.at;
        while let Some(before) = self.renewed(who, first) {
            first = before;
        }
        let since = &self.past[first..];
        let served = since.iter().rposition(
            |p| matches!(p, Past::Served { by, master } if *by == who && *master == approval.master),
        );
        let wallet = since.iter().rposition(|p| matches!(p, Past::Wallet { by } if *by == who));
        served.is_some_and(|served| wallet.is_none_or(|wallet| wallet < served))
    }

    /// The approval that the one at `at` renewed before it ended.
    fn renewed(&self, who: usize, at: usize) -> Option<usize> {
        let Past::Agent { master, time, .. } = self.past[at] else { return None };
        let before = Self { past: self.past[..at].to_vec(), now: time }.approval(who)?;
        let unbroken = before.ended.is_none() && before.until >= time;
        (unbroken && before.master == master).then_some(before.at)
    }

    /// Who holds the slot: the last put there and not struck off.
    fn holder(&self, master: usize, named: bool) -> Option<usize> {
        self.past.iter().rev().find_map(|past| match past {
            Past::Agent { of, master: m, named: n, .. } if (*m, *n) == (master, named) => Some(Some(*of)),
            Past::Empty { master: m, named: n } if (*m, *n) == (master, named) => Some(None),
            _ => None,
        })?
    }

    pub(crate) fn sign(&mut self, by: usize, what: Signed) -> Verdict {
        let wallet = !matches!(what, Signed::Noop { .. });
        let own = self.has_account(by).then_some(by);
        let master = self.master(by);
        let names = match what {
            Signed::Noop { names } => names,
            Signed::Approve { .. } | Signed::Revoke { .. } | Signed::Send { .. } => None,
        };
        let named = names.filter(|name| own == Some(*name) || master == Some(*name));
        let usual =
            if own.is_none() || (!wallet && master.is_some() && self.is_engaged(by)) { master } else { own };
        let Some(account) = named.or(usual) else { return Verdict::Refused };
        let for_other = own != Some(account);
        let to_nobody = names.is_some() && named.is_none();
        if wallet {
            self.past.push(Past::Wallet { by });
        } else if for_other && own.is_none() && !to_nobody {
            self.past.push(Past::Served { by, master: account });
        }
        let may = !(to_nobody || wallet && for_other);
        let done = may && self.execute(by, what);
        Verdict::Took { account, done }
    }

    fn execute(&mut self, by: usize, what: Signed) -> bool {
        let time = self.now;
        match what {
            Signed::Noop { .. } => true,
            Signed::Send { to } => {
                let may = self.holding(by) > 0 && to != by;
                if may && !self.has_account(to) {
                    self.past.push(Past::Account { of: to });
                }
                if may {
                    self.past.push(Past::Paid { from: by, to });
                }
                may
            }
            Signed::Revoke { named } => {
                self.strike(by, named, None);
                self.past.push(Past::Empty { master: by, named });
                true
            }
            Signed::Approve { agent, named, until } => {
                let last = self.approval(agent);
                let renews = self.holder(by, named) == Some(agent)
                    && last.is_some_and(|last| last.master == by && last.ended.is_none());
                let free = last.is_none_or(|last| {
                    last.ended.map_or(last.until, |ended| ended.min(last.until)) + SAFE_MS < time
                });
                let may = renews || (!self.has_account(agent) && free);
                if may {
                    self.strike(by, named, Some(agent));
                    self.past.push(Past::Agent { of: agent, master: by, named, until, time });
                }
                may
            }
        }
    }

    /// Strikes the holder of a slot off, unless it is the one to be put there.
    fn strike(&mut self, master: usize, named: bool, next: Option<usize>) {
        let former = self.holder(master, named).filter(|former| next != Some(*former));
        self.past.extend(former.map(|of| Past::Struck { of, master, time: self.now }));
    }
}
