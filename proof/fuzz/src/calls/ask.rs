//! Requests, in every way to wait, and questions.

use std::ptr::null_mut;

use oarlock_capi::enqueue::{oarlock_enqueue, oarlock_enqueue_callback, oarlock_enqueue_queue};
use oarlock_capi::lock::{
    OARLOCK_GRANTED, OARLOCK_WAITING, oarlock_acquire, oarlock_lock_state, oarlock_lock_token,
    oarlock_try_acquire, oarlock_wait, oarlock_would_grant,
};
use oarlock_capi::look::{
    oarlock_blockers, oarlock_inspect, oarlock_inspect_lock, oarlock_snapshot_count,
    oarlock_snapshot_free,
};
use oarlock_capi::manager::{oarlock_manager_check, oarlock_manager_name};
use oarlock_capi::status::{OARLOCK_ERR_PANIC, OARLOCK_OK, oarlock_status_name};
use oarlock_capi::text::oarlock_str;

use super::args::{ErrorOut, Out, PathArg, RequestArg, timeout};
use super::told::{Record, on_drop, on_outcome};
use super::world::World;
use crate::bytes::Bytes;

/// What lies in outputs before a call.
const JUNK: u64 = 0x5a5a_5a5a_5a5a_5a5a;
const STATE: i32 = 0x5a5a;

/// A status is one that has a name, and no bug.
pub(super) fn sane(status: i32) {
    // SAFETY: the text is static.
    let name = unsafe { std::ffi::CStr::from_ptr(oarlock_status_name(status)) };
    assert_ne!(name, c"unknown", "{status}");
    assert_ne!(status, OARLOCK_ERR_PANIC);
}

impl World {
    /// Asks for something.
    pub(super) fn request(&mut self, bytes: &mut Bytes<'_>) {
        let (manager, at) = self.manager(bytes);
        let which = self.places[at].which;
        let way = bytes.below(8);
        let asked = RequestArg::new(bytes, &self.owners);
        let (claims, count, options) = (asked.claims(), asked.count(), asked.options());
        let mut lock = Out::new(bytes, JUNK);
        let mut token = Out::new(bytes, JUNK);
        let mut state = Out::new(bytes, STATE);
        let mut error = ErrorOut::new(bytes);
        if way == 2 {
            // SAFETY: all arguments are such as the header gives a meaning.
            let status = unsafe {
                let out = state.pointer();
                oarlock_would_grant(manager, claims, count, options, out, error.pointer())
            };
            sane(status);
            let would = state.read(STATE, 0);
            assert!(would == 0 || (would == 1 && status == OARLOCK_OK));
            error.check(status);
            return;
        }
        let mut record = Record::new(&self.shadow, which, self.places[at].handle);
        record.held = Some(asked.held(which));
        record.releases = bytes.next() & 1 == 0;
        record.has_drop = matches!(way, 4 | 5) && bytes.next() & 3 != 0;
        let (queue, queue_at) = self.queue(bytes);
        record.queue = (way > 5).then_some(queue_at);
        let record = self.record(record);
        // SAFETY: all arguments are such as the header gives a meaning; records live
        // until the end.
        let status = unsafe {
            let (l, t, e) = (lock.pointer(), token.pointer(), error.pointer());
            let s = state.pointer();
            let drop = if (*record).has_drop { Some(on_drop as _) } else { None };
            match way {
                0 => {
                    let timeout = timeout(bytes, false);
                    oarlock_acquire(manager, claims, count, options, timeout, l, t, e)
                }
                1 => oarlock_try_acquire(manager, claims, count, options, l, t, e),
                3 => oarlock_enqueue(manager, claims, count, options, l, s, t, e),
                4 | 5 => {
                    let timeout = timeout(bytes, true);
                    let callback = (bytes.next() != 0xff).then_some(on_outcome as _);
                    let data = record.cast();
                    oarlock_enqueue_callback(
                        manager, claims, count, options, timeout, callback, data, drop, l, s, t, e,
                    )
                }
                _ => {
                    let timeout = timeout(bytes, true);
                    let data = record.cast();
                    oarlock_enqueue_queue(
                        manager, claims, count, options, timeout, queue, data, l, s, t, e,
                    )
                }
            }
        };
        sane(status);
        error.check(status);
        let number = lock.read(JUNK, 0);
        let granted = token.is_right().then(|| token.read(JUNK, 0) != 0);
        let state =
            if way < 3 { i32::from(number != 0) * OARLOCK_GRANTED } else { state.read(STATE, 0) };
        assert_eq!(status == OARLOCK_OK, number != 0);
        assert_eq!(status == OARLOCK_OK, state != 0);
        assert!(granted.is_none_or(|granted| granted == (state == OARLOCK_GRANTED)));
        // SAFETY: a record of ours, which nobody else uses.
        let record = unsafe { &mut *record };
        record.begun(number, way > 3 && state == OARLOCK_WAITING);
        self.saw(number);
        if state == OARLOCK_GRANTED {
            let held = record.held.take();
            self.shadow.borrow_mut().grant(number, held.unwrap_or_else(|| asked.held(which)));
        } else if way == 3 && state == OARLOCK_WAITING {
            self.pending.push((number, asked.held(which)));
        }
    }

    /// Asks about something.
    pub(super) fn ask(&mut self, bytes: &mut Bytes<'_>) {
        let (manager, _) = self.manager(bytes);
        let lock = self.lock(bytes);
        let what = bytes.below(8);
        let path = PathArg::new(bytes);
        let mut state = Out::new(bytes, STATE);
        let mut token = Out::new(bytes, JUNK);
        let mut count = Out::new(bytes, usize::MAX);
        let mut snapshot = Out::new(bytes, null_mut());
        let mut error = ErrorOut::new(bytes);
        // SAFETY: all arguments are such as the header gives a meaning, and outputs
        // that were written are used once.
        unsafe {
            let status = match what {
                0 => oarlock_lock_state(manager, lock, state.pointer()),
                1 => oarlock_lock_token(manager, lock, token.pointer()),
                2 => {
                    let mut room = [JUNK; 4];
                    let capacity = bytes.below(5);
                    let out = count.pointer();
                    let status = oarlock_blockers(manager, lock, room.as_mut_ptr(), capacity, out);
                    let written = count.read(usize::MAX, 0).min(capacity);
                    assert!(status == OARLOCK_OK || written == 0);
                    assert!(room[..written].iter().all(|&lock| lock != JUNK && lock != 0));
                    assert!(room[written..].iter().all(|&lock| lock == JUNK));
                    status
                }
                3 => {
                    let timeout = timeout(bytes, false);
                    let status =
                        oarlock_wait(manager, lock, timeout, token.pointer(), error.pointer());
                    error.check(status);
                    let token = token.is_right().then(|| token.read(JUNK, 0) != 0);
                    assert!(token.is_none_or(|token| token == (status == OARLOCK_OK)));
                    status
                }
                4 | 5 => {
                    let (out, e) = (snapshot.pointer(), error.pointer());
                    let status = match what {
                        4 => oarlock_inspect(manager, path.path(), out, e),
                        _ => oarlock_inspect_lock(manager, lock, out, e),
                    };
                    error.check(status);
                    if snapshot.is_right() {
                        let snapshot = snapshot.peek();
                        assert_eq!(snapshot.is_null(), status != OARLOCK_OK);
                        assert!(what == 4 || oarlock_snapshot_count(snapshot) <= 1);
                        oarlock_snapshot_free(snapshot);
                    }
                    status
                }
                6 => oarlock_manager_check(manager),
                _ => {
                    let mut name = oarlock_str { ptr: c"x".as_ptr(), len: 1 };
                    let status = oarlock_manager_name(manager, &raw mut name);
                    assert!(status == OARLOCK_OK || name.ptr.is_null());
                    assert_eq!(name.len, if name.ptr.is_null() { 0 } else { 4 });
                    status
                }
            };
            sane(status);
            if what == 0 {
                assert_eq!(status == OARLOCK_OK, state.read(STATE, 0) != 0);
            }
            if what == 1 {
                assert_eq!(status == OARLOCK_OK, token.read(JUNK, 0) != 0);
            }
        }
    }
}
