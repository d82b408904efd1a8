//! Trade groups: a list of who was invited by whom, and has joined.

use crate::Clearing;

impl Clearing {
    /// Whose group someone is in.
    fn leader_of(&self, who: u32) -> Option<u32> {
        let leads = self.groups.keys().any(|(leader, _)| *leader == who);
        let joined = self.groups.iter().find(|((_, member), joined)| *member == who && **joined);
        if leads { Some(who) } else { joined.map(|((leader, _), _)| *leader) }
    }

    /// Whether two don't trade with each other.
    pub(crate) fn are_friends(&self, a: u32, b: u32) -> bool {
        self.leader_of(a).is_some() && self.leader_of(a) == self.leader_of(b)
    }

    /// Invites someone, who is in at once if the leader controls it.
    pub fn invite(&mut self, leader: u32, who: u32, controls: bool) -> bool {
        let follows = self.leader_of(leader).is_some_and(|of| of != leader);
        let leads = self.leader_of(who) == Some(who);
        if leader == who || follows || (controls && leads) {
            return false;
        }
        self.groups.entry((leader, who)).or_insert(false);
        !controls || self.join(leader, who)
    }

    /// Takes back an invitation.
    pub fn remove(&mut self, leader: u32, who: u32) -> bool {
        self.groups.remove(&(leader, who)).is_some()
    }

    /// Joins a group, out of another.
    pub fn join(&mut self, leader: u32, who: u32) -> bool {
        if !self.groups.contains_key(&(leader, who)) || self.leader_of(who) == Some(who) {
            return false;
        }
        self.groups.retain(|(other, member), joined| *member != who || !*joined || *other == leader);
        self.groups.insert((leader, who), true);
        true
    }

    /// Leaves whatever group it is in.
    pub fn leave(&mut self, who: u32) -> bool {
        let count = self.groups.len();
        self.groups.retain(|(_, member), joined| *member != who || !*joined);
        self.groups.len() < count
    }
}
