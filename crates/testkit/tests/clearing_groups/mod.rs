//! Trade groups, to both.

use crate::{Run, SUB_ACCOUNT, Stream, TRADERS, sub_account};
use tandem_exchange::action::{Action, SetTradeGroup};
use tandem_testkit::{Signer, invite};
use tandem_types::Address;

/// What has to happen at least once.
pub(crate) const WANTED: [&str; 4] = ["FriendsMeet", "NotInvited", "LeadsTradeGroup", "NotInTradeGroup"];

fn address_of(who: u8) -> Address {
    if who == SUB_ACCOUNT { sub_account() } else { Signer::wallet(who).address() }
}

/// Whose group somebody would join: one that has invited it, if there is any.
fn inviting(stream: &Stream, who: u8) -> Option<u8> {
    let mut invited = stream.twin.groups.keys().filter(|(_, member)| *member == u32::from(who));
    invited.next().and_then(|(leader, _)| u8::try_from(*leader).ok())
}

/// Somebody invites or removes somebody, joins or leaves.
pub(crate) fn group(stream: &mut Stream, who: u8) -> (Action, Run) {
    let (other, what) = (stream.random.pick(&[1, 2, 3, TRADERS, SUB_ACCOUNT]), stream.random.below(12));
    let other = if what > 4 { inviting(stream, who).unwrap_or(other) } else { other };
    let (here, there, address) = (u32::from(who), u32::from(other), address_of(other));
    match what {
        0..=3 => {
            let controls = who == 1 && other == SUB_ACCOUNT;
            (invite(address, true), Box::new(move |twin| twin.invite(here, there, controls)))
        }
        4 => (invite(address, false), Box::new(move |twin| twin.remove(here, there))),
        5..=10 => {
            let join = SetTradeGroup { leader: Some(address) };
            (Action::SetTradeGroup(join), Box::new(move |twin| twin.join(there, here)))
        }
        _ => {
            let leave = SetTradeGroup { leader: None };
            (Action::SetTradeGroup(leave), Box::new(move |twin| twin.leave(here)))
        }
    }
}
