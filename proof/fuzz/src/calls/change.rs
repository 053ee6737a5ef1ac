//! Upgrades, and whatever else changes a lock.

use oarlock_capi::lock::{OARLOCK_GRANTED, OARLOCK_WAITING, oarlock_cancel, oarlock_release};
use oarlock_capi::part::{oarlock_downgrade, oarlock_release_part};
use oarlock_capi::status::{OARLOCK_ERR_GRANTED, OARLOCK_OK};
use oarlock_capi::upgrade::{
    oarlock_try_upgrade, oarlock_upgrade, oarlock_upgrade_callback, oarlock_upgrade_cancel,
    oarlock_upgrade_enqueue, oarlock_upgrade_queue, oarlock_upgrade_state, oarlock_upgrade_wait,
};

use super::args::{ErrorOut, Out, PathArg, timeout};
use super::ask::sane;
use super::told::{Record, on_drop, on_outcome};
use super::world::World;
use crate::bytes::Bytes;

const JUNK: u64 = 0x5a5a_5a5a_5a5a_5a5a;
const STATE: i32 = 0x5a5a;

impl World {
    /// Something about an upgrade.
    pub(super) fn upgrade(&mut self, bytes: &mut Bytes<'_>) {
        let (manager, at) = self.manager(bytes);
        let which = self.places[at].which;
        let lock = self.lock(bytes);
        let what = bytes.below(8);
        let mut token = Out::new(bytes, JUNK);
        let mut state = Out::new(bytes, STATE);
        let mut error = ErrorOut::new(bytes);
        let mut record = Record::new(&self.shadow, which, self.places[at].handle);
        record.is_upgrade = true;
        record.has_drop = what == 4 && bytes.next() & 3 != 0;
        let (queue, queue_at) = self.queue(bytes);
        record.queue = (what == 5).then_some(queue_at);
        let record = self.record(record);
        // SAFETY: all arguments are such as the header gives a meaning; records live
        // until the end.
        let status = unsafe {
            let (t, s, e) = (token.pointer(), state.pointer(), error.pointer());
            let data = record.cast();
            let drop = if (*record).has_drop { Some(on_drop as _) } else { None };
            match what {
                0 => oarlock_try_upgrade(manager, lock, t, e),
                1 => oarlock_upgrade(manager, lock, timeout(bytes, false), t, e),
                2 => oarlock_upgrade_enqueue(manager, lock, s, t, e),
                3 => oarlock_upgrade_wait(manager, lock, timeout(bytes, false), t, e),
                4 => {
                    let timeout = timeout(bytes, true);
                    let callback = (bytes.next() != 0xff).then_some(on_outcome as _);
                    oarlock_upgrade_callback(manager, lock, timeout, callback, data, drop, s, t, e)
                }
                5 => {
                    let timeout = timeout(bytes, true);
                    oarlock_upgrade_queue(manager, lock, timeout, queue, data, s, t, e)
                }
                6 => oarlock_upgrade_state(manager, lock, s, t),
                _ => oarlock_upgrade_cancel(manager, lock),
            }
        };
        sane(status);
        if what < 6 {
            error.check(status);
        }
        let ok = status == OARLOCK_OK;
        let told = matches!(what, 2 | 4 | 5 | 6).then(|| state.read(STATE, 0));
        assert!(told.is_none_or(|state| ok == (state != 0)));
        let granted =
            if what == 7 { false } else { ok && told.is_none_or(|s| s == OARLOCK_GRANTED) };
        if what != 7 && token.is_right() {
            assert_eq!(token.read(JUNK, 0) != 0, granted);
        }
        // SAFETY: a record of ours, which nobody else uses.
        unsafe { (*record).begun(lock, matches!(what, 4 | 5) && told == Some(OARLOCK_WAITING)) };
        if granted && self.shadow.borrow().knows(which, lock) {
            self.shadow.borrow_mut().upgrade(which, lock);
        } else if granted {
            self.untrack(which, lock);
        }
    }

    /// Ends a lock, or gives back a part of it.
    pub(super) fn change(&mut self, bytes: &mut Bytes<'_>) {
        let (manager, at) = self.manager(bytes);
        let which = self.places[at].which;
        let lock = self.lock(bytes);
        let what = bytes.below(5);
        let path = PathArg::new(bytes);
        let mut error = ErrorOut::new(bytes);
        // Before the call, since what it lets in is told inside of it.
        let before = {
            let mut shadow = self.shadow.borrow_mut();
            match what {
                0 | 1 => shadow.take(which, lock),
                2 => shadow.downgrade(which, lock),
                3 => shadow.release_part(which, lock, &path.plain),
                _ => None,
            }
        };
        // SAFETY: all arguments are such as the header gives a meaning.
        let status = unsafe {
            match what {
                0 | 1 => oarlock_release(manager, lock),
                2 => oarlock_downgrade(manager, lock),
                3 => oarlock_release_part(manager, lock, path.path(), error.pointer()),
                _ => oarlock_cancel(manager, lock),
            }
        };
        sane(status);
        if what == 3 {
            error.check(status);
        }
        if status != OARLOCK_OK {
            self.shadow.borrow_mut().put_back(lock, before);
        } else if before.is_none() {
            self.untrack(which, lock);
        }
        assert!(what == 4 || status != OARLOCK_ERR_GRANTED);
    }
}
