//! Managers by number.

use oarlock::Manager;

/// The managers that one environment has handles of.
#[derive(Default)]
pub(crate) struct Managers {
    list: Vec<Option<Manager>>,
    /// Numbers in `list` that are free.
    free: Vec<u32>,
}

impl Managers {
    /// Keeps a manager and gives its number.
    pub(crate) fn add(&mut self, manager: Manager) -> u32 {
        let number = self.free.pop().unwrap_or(self.list.len() as u32);
        match self.list.get_mut(number as usize) {
            Some(place) => *place = Some(manager),
            None => self.list.push(Some(manager)),
        }
        number
    }

    /// The manager of this number.
    pub(crate) fn get(&self, number: u32) -> Option<&Manager> {
        self.list.get(number as usize)?.as_ref()
    }

    /// Gives a manager back and frees its number. The caller drops it, after
    /// letting go of `self`.
    pub(crate) fn remove(&mut self, number: u32) -> Option<Manager> {
        let manager = self.list.get_mut(number as usize)?.take();
        if manager.is_some() {
            self.free.push(number);
        }
        manager
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_and_unknown_ones_are_nothing() {
        let mut managers = Managers::default();
        let first = managers.add(Manager::new());
        let second = managers.add(Manager::new());
        assert_ne!(first, second);
        assert!(managers.remove(first).is_some());
        assert!(managers.remove(first).is_none());
        assert!(managers.get(first).is_none());
        assert_eq!(managers.add(Manager::new()), first);
        assert!(managers.get(second).is_some());
        assert!(managers.get(7).is_none());
    }
}
