//! Counts by address, within bounds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Places for connections, or for anything else that an address takes.
#[derive(Debug, Default)]
pub struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// A place taken; free again when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Places {
    /// Takes a place for `ip`; `None` if there is none left, in all or for it.
    pub fn take(self: &Arc<Self>, ip: IpAddr, max: usize, per_ip_max: usize) -> Option<Place> {
        // An address may have a spelling in each version of the protocol.
        let ip = ip.to_canonical();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_ip = taken.by_ip.get(&ip).copied().unwrap_or(0);
        if taken.all >= max || of_ip >= per_ip_max {
            return None;
        }
        taken.all += 1;
        taken.by_ip.insert(ip, of_ip + 1);
        Some(Place { places: Arc::clone(self), ip })
    }

    /// Places taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_ip) = taken.by_ip.get_mut(&self.ip) {
            *of_ip = of_ip.saturating_sub(1);
            if *of_ip == 0 {
                taken.by_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_by_address_and_come_back() {
        let places = Arc::<Places>::default();
        let take = |ip: &str| places.take(ip.parse().unwrap(), 3, 2);
        let held = [take("127.0.0.1"), take("::ffff:127.0.0.1"), take("127.0.0.1"), take("::1"), take("::2")];
        assert_eq!(held.each_ref().map(Option::is_some), [true, true, false, true, false]);
        assert_eq!(places.taken(), 3);
        drop(held);
        assert_eq!(places.taken(), 0);
        assert!(places.taken.lock().unwrap().by_ip.is_empty());
    }
}
