//! The handles of one run, and what is known of them.

use std::cell::RefCell;
use std::ptr::{null, null_mut};
use std::rc::Rc;

use oarlock_capi::lock::oarlock_release;
use oarlock_capi::look::{
    oarlock_inspect, oarlock_request_info, oarlock_snapshot_count, oarlock_snapshot_free,
    oarlock_snapshot_get,
};
use oarlock_capi::manager::{
    oarlock_manager, oarlock_manager_close, oarlock_manager_free, oarlock_manager_is_closed,
    oarlock_manager_named, oarlock_manager_new,
};
use oarlock_capi::options::oarlock_manager_options;
use oarlock_capi::owner::{oarlock_owner, oarlock_owner_free, oarlock_owner_id, oarlock_owner_new};
use oarlock_capi::path::oarlock_path;
use oarlock_capi::queue::{
    OARLOCK_COMPLETION_ACQUIRE, OARLOCK_COMPLETION_POST, OARLOCK_COMPLETION_UPGRADE,
    oarlock_completion, oarlock_queue, oarlock_queue_drain, oarlock_queue_fd, oarlock_queue_free,
    oarlock_queue_new, oarlock_queue_post, oarlock_queue_wait,
};
use oarlock_capi::stats::{oarlock_stats, oarlock_stats_get};
use oarlock_capi::status::{OARLOCK_ERR_STALE, OARLOCK_ERR_TIMEOUT, OARLOCK_OK};
use oarlock_capi::text::oarlock_str;

use super::args::{ErrorOut, Out, free_error};
use super::told::{Held, Record, Shadow};
use crate::bytes::Bytes;

/// A handle to a manager. The first two are to one manager.
pub(super) struct Place {
    pub(super) handle: *mut oarlock_manager,
    /// Which manager it is.
    pub(super) which: usize,
}

pub(super) struct World {
    pub(super) places: Vec<Place>,
    pub(super) owners: Vec<*mut oarlock_owner>,
    pub(super) queues: Vec<*mut oarlock_queue>,
    /// Posts that were not fetched, of each queue.
    posts: Vec<usize>,
    pub(super) shadow: Rc<RefCell<Shadow>>,
    pub(super) records: Vec<*mut Record>,
    /// Numbers of locks that were seen.
    pub(super) seen: Vec<u64>,
    /// Requests that wait without anybody being told of their end.
    pub(super) pending: Vec<(u64, Held)>,
}

/// All requests, of everything.
const ROOT: oarlock_path = oarlock_path {
    text: oarlock_str { ptr: null(), len: 0 },
    segments: null(),
    segment_count: 0,
    entry: 0,
    reserved: 0,
};

const QUEUES: usize = 2;

impl World {
    pub(super) fn new(bytes: &mut Bytes<'_>) -> Self {
        let mut places = Vec::new();
        for which in [0, 0, 1] {
            let mut handle = null_mut();
            // SAFETY: outputs are writable, and the options as large as they say.
            let status = unsafe {
                if which == 0 {
                    let name = oarlock_str { ptr: c"fuzz".as_ptr(), len: 4 };
                    oarlock_manager_named(name, &raw mut handle, null_mut())
                } else {
                    let mut options: oarlock_manager_options = std::mem::zeroed();
                    options.struct_size = size_of_val(&options) as u32;
                    options.shards = bytes.below(4);
                    options.max_claims = bytes.below(4);
                    options.max_waiting = bytes.below(4);
                    options.hold_times = 1;
                    oarlock_manager_new(&raw const options, &raw mut handle, null_mut())
                }
            };
            assert_eq!(status, OARLOCK_OK);
            places.push(Place { handle, which });
        }
        let mut world = Self {
            places,
            owners: Vec::new(),
            queues: Vec::new(),
            posts: vec![0; QUEUES],
            shadow: Rc::default(),
            records: Vec::new(),
            seen: Vec::new(),
            pending: Vec::new(),
        };
        for place in [0, 1, 2] {
            world.owners.push(world.new_owner(place));
        }
        for _ in 0..QUEUES {
            world.queues.push(new_queue());
        }
        world
    }

    fn new_owner(&self, place: usize) -> *mut oarlock_owner {
        let mut owner = null_mut();
        // SAFETY: a live handle and a writable output.
        unsafe {
            let handle = self.places[place].handle;
            assert_eq!(oarlock_owner_new(handle, &raw mut owner, null_mut()), OARLOCK_OK);
            assert_ne!(oarlock_owner_id(owner), 0);
        }
        owner
    }

    /// Mostly a live one; the place of the one that it is.
    pub(super) fn manager(&self, bytes: &mut Bytes<'_>) -> (*const oarlock_manager, usize) {
        let choice = bytes.next();
        let at = if choice & 3 == 3 { 2 } else { usize::from(choice & 1) };
        let handle = self.places[at].handle.cast_const();
        match choice {
            0xfc | 0xfd => (null(), at),
            0xfe | 0xff => (handle.cast::<u8>().wrapping_add(1).cast(), at),
            _ => (handle, at),
        }
    }

    pub(super) fn queue(&self, bytes: &mut Bytes<'_>) -> (*const oarlock_queue, usize) {
        let choice = bytes.next();
        let at = usize::from(choice) % QUEUES;
        let queue = self.queues[at].cast_const();
        match choice {
            0xfc | 0xfd => (null(), at),
            0xfe | 0xff => (queue.cast::<u8>().wrapping_add(1).cast(), at),
            _ => (queue, at),
        }
    }

    /// One that was seen, perhaps of another manager or ended; or any number.
    pub(super) fn lock(&self, bytes: &mut Bytes<'_>) -> u64 {
        let choice = bytes.next();
        let known = self.seen.len().min(24);
        if known == 0 || choice >= 0xf8 {
            return u64::from(choice & 7) << (bytes.next() & 63);
        }
        self.seen[self.seen.len() - 1 - usize::from(choice) % known]
    }

    pub(super) fn saw(&mut self, lock: u64) {
        if lock != 0 {
            self.seen.push(lock);
        }
    }

    /// Somebody has changed a lock that nobody was told of yet: what it holds when
    /// he is told is not known.
    pub(super) fn untrack(&mut self, which: usize, lock: u64) {
        for &record in &self.records {
            // SAFETY: a record of ours, which nobody else uses.
            let record = unsafe { &mut *record };
            if record.which == which && record.lock == lock {
                record.held = None;
            }
        }
    }

    /// A record that lives until the end.
    pub(super) fn record(&mut self, record: Record) -> *mut Record {
        let record = Box::into_raw(Box::new(record));
        self.records.push(record);
        record
    }

    /// Fetches from a queue, or posts to it.
    pub(super) fn fetch(&mut self, bytes: &mut Bytes<'_>) {
        let (queue, at) = self.queue(bytes);
        let how = bytes.next();
        if how & 7 == 0 {
            // SAFETY: a handle that is live, NULL or misaligned.
            let status = unsafe { oarlock_queue_post(queue, null_mut()) };
            self.posts[at] += usize::from(status == OARLOCK_OK);
            return;
        }
        let capacity = usize::from(how >> 5);
        let mut room = vec![junk(); capacity];
        let mut count = Out::new(bytes, 99);
        // SAFETY: the room is as large as is said.
        let status = unsafe {
            match how & 7 {
                1..=4 => oarlock_queue_drain(queue, room.as_mut_ptr(), capacity, count.pointer()),
                5 => oarlock_queue_wait(queue, 0, room.as_mut_ptr(), capacity, count.pointer()),
                6 => oarlock_queue_wait(queue, 1, room.as_mut_ptr(), capacity, count.pointer()),
                _ => {
                    let mut fd = 99;
                    let status = oarlock_queue_fd(queue, &raw mut fd);
                    assert_eq!(status == OARLOCK_OK, fd != -1);
                    return;
                }
            }
        };
        let count = count.read(99, 0);
        assert!(count <= capacity && (status == OARLOCK_OK || count == 0));
        assert!(count > 0 || status != OARLOCK_OK || how & 7 <= 4, "a wait is for one");
        for (index, completion) in room.iter().enumerate() {
            if index < count {
                self.completion(at, completion);
            } else {
                assert_eq!(completion.kind, 99, "no more is written than there are");
            }
        }
    }

    fn completion(&mut self, queue: usize, completion: &oarlock_completion) {
        let &oarlock_completion { user_data, lock, token, error, status, kind } = completion;
        free_error(error, status);
        if kind == OARLOCK_COMPLETION_POST {
            assert!(user_data.is_null() && lock == 0 && token == 0 && status == OARLOCK_OK);
            assert!(self.posts[queue] > 0, "a post that was none");
            self.posts[queue] -= 1;
            return;
        }
        assert!(self.records.contains(&user_data.cast()), "user data that is nobody's");
        // SAFETY: a record of ours, which nobody else uses.
        let record = unsafe { &mut *user_data.cast::<Record>() };
        assert_eq!(record.queue, Some(queue), "it is of another queue");
        assert_eq!(kind == OARLOCK_COMPLETION_UPGRADE, record.is_upgrade);
        assert_eq!(kind == OARLOCK_COMPLETION_ACQUIRE, !record.is_upgrade);
        record.told(status, lock, token);
    }

    /// A queue, an owner or a name anew; or the end of a manager's requests.
    pub(super) fn make_or_free(&mut self, bytes: &mut Bytes<'_>) {
        let what = bytes.next();
        let at = usize::from(what >> 3);
        match what & 7 {
            0 | 1 => {
                let at = at % QUEUES;
                self.forget_queue(at);
                // SAFETY: used no more: it is replaced.
                unsafe { oarlock_queue_free(self.queues[at]) };
                self.queues[at] = new_queue();
            }
            2 | 3 => {
                let at = at % self.owners.len();
                // SAFETY: as above.
                unsafe { oarlock_owner_free(self.owners[at]) };
                self.owners[at] = self.new_owner(at);
            }
            4 if what > 0xe0 => {
                // SAFETY: a live handle.
                unsafe { assert_eq!(oarlock_manager_close(self.places[2].handle), OARLOCK_OK) };
            }
            _ => {
                // One of two handles to a manager: the other one keeps it.
                let mut handle = null_mut();
                let mut error = ErrorOut::new(bytes);
                // SAFETY: as above; the name is readable.
                unsafe {
                    let name = oarlock_str { ptr: c"fuzz".as_ptr(), len: 4 };
                    let status = oarlock_manager_named(name, &raw mut handle, error.pointer());
                    assert_eq!(status == OARLOCK_OK, !handle.is_null());
                    error.check(status);
                    oarlock_manager_free(handle);
                }
            }
        }
    }

    /// What waits for it is cancelled and what lies in it released, all untold.
    fn forget_queue(&mut self, at: usize) {
        self.posts[at] = 0;
        for &record in &self.records {
            // SAFETY: a record of ours, which nobody else uses.
            let record = unsafe { &mut *record };
            if record.queue == Some(at) {
                record.queue = None;
                record.waits = false;
            }
        }
    }

    /// What must always be so.
    pub(super) fn look(&mut self) {
        // Callbacks hand over what they were given.
        for at in 0..self.records.len() {
            // SAFETY: a record of ours, which nobody else uses.
            let given = unsafe { std::mem::take(&mut (*self.records[at]).given) };
            self.saw(given);
        }
        for at in [0, 2] {
            let place = &self.places[at];
            let (granted, waiting) = count(place.handle);
            // SAFETY: a live handle, and an output that says its size.
            let stats = unsafe {
                let mut stats: oarlock_stats = std::mem::zeroed();
                stats.struct_size = size_of_val(&stats) as u32;
                assert_eq!(oarlock_stats_get(place.handle, &raw mut stats), OARLOCK_OK);
                stats
            };
            assert_eq!((stats.held, stats.waiting), (granted.len() as u64, waiting.len() as u64));
            let mut shadow = self.shadow.borrow_mut();
            self.pending.retain(|(lock, held)| {
                if held.manager == place.which && granted.contains(lock) {
                    shadow.grant(*lock, held.clone());
                    return false;
                }
                held.manager != place.which || waiting.contains(lock)
            });
            for lock in shadow.of(place.which) {
                assert!(granted.contains(&lock), "{lock:x} was granted and not released");
            }
        }
    }

    pub(super) fn finish(&mut self) {
        for at in 0..QUEUES {
            self.forget_queue(at);
            // SAFETY: used no more.
            unsafe { oarlock_queue_free(self.queues[at]) };
        }
        // SAFETY: live handles, each freed once; what they are for was freed before,
        // or outlives them.
        unsafe {
            for at in [0, 2] {
                let handle = self.places[at].handle;
                // What a release lets in is released in its turn.
                for _ in 0..1000 {
                    let (granted, waiting) = count(handle);
                    if granted.is_empty() {
                        assert!(waiting.is_empty(), "they wait for nobody");
                        break;
                    }
                    for lock in granted {
                        drop(self.shadow.borrow_mut().take(self.places[at].which, lock));
                        let status = oarlock_release(handle, lock);
                        assert!(matches!(status, OARLOCK_OK | OARLOCK_ERR_STALE), "{status}");
                    }
                }
                let mut closed = 9;
                assert_eq!(oarlock_manager_is_closed(handle, &raw mut closed), OARLOCK_OK);
                assert!(closed == 0 || closed == 1);
            }
            for place in &self.places {
                oarlock_manager_free(place.handle);
            }
            for &owner in &self.owners {
                oarlock_owner_free(owner);
            }
            for &record in &self.records {
                let record = Box::from_raw(record);
                record.check_end();
            }
        }
    }
}

fn new_queue() -> *mut oarlock_queue {
    let mut queue = null_mut();
    // SAFETY: a writable output.
    let status = unsafe { oarlock_queue_new(&raw mut queue, null_mut()) };
    assert_eq!(status, OARLOCK_OK);
    queue
}

/// A completion that the library did not write.
fn junk() -> oarlock_completion {
    oarlock_completion {
        user_data: null_mut(),
        lock: 99,
        token: 99,
        error: null_mut(),
        status: OARLOCK_ERR_TIMEOUT,
        kind: 99,
    }
}

/// The granted requests of a manager, and those that wait.
fn count(handle: *const oarlock_manager) -> (Vec<u64>, Vec<u64>) {
    let (mut granted, mut waiting) = (Vec::new(), Vec::new());
    let mut snapshot = null_mut();
    // SAFETY: a live handle, and outputs that are writable and say their size.
    unsafe {
        assert_eq!(oarlock_inspect(handle, ROOT, &raw mut snapshot, null_mut()), OARLOCK_OK);
        for index in 0..oarlock_snapshot_count(snapshot) {
            let mut info: oarlock_request_info = std::mem::zeroed();
            info.struct_size = size_of_val(&info) as u32;
            assert_eq!(oarlock_snapshot_get(snapshot, index, &raw mut info), OARLOCK_OK);
            assert!(info.lock != 0 && info.claim_count > 0);
            match info.token {
                0 => waiting.push(info.lock),
                _ => granted.push(info.lock),
            }
        }
        oarlock_snapshot_free(snapshot);
    }
    (granted, waiting)
}
