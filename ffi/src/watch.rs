//! The C object `oarlock_watch`: tells of locks that are held or awaited for long.

use crate::callback::{UserData, oarlock_drop};
use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::fork;
use crate::handle::{self, Handle};
use crate::look::{View, oarlock_request_info};
use crate::manager::oarlock_manager;
use crate::quiet::without_signals;
use crate::status::{OARLOCK_ERR_INTERNAL, oarlock_status};
use engine::Watch;
use std::ffi::c_void;
use std::time::Duration;

/// A watch over a manager. Does not keep it alive.
///
/// Threads: only oarlock_watch_free takes it, once.
pub struct oarlock_watch {
    watch: Watch,
    generation: u32,
}

impl Handle for oarlock_watch {
    const NAME: &'static str = "watch";

    #[inline]
    fn generation(&self) -> u32 {
        self.generation
    }
}

/// Told of a request that is held or has waited for long. `info` and all it points
/// to are valid until this returns. May call any function of this library. Must not
/// leave in another way than by returning.
pub type oarlock_watch_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, info: *const oarlock_request_info)>;

/// Calls `callback` for every request that has been held, or has waited, for longer
/// than `threshold_ns` nanoseconds: once for the wait and once for the hold, up to
/// a quarter of the threshold late.
///
/// Ownership: *out_watch is the caller's, to free with oarlock_watch_free; NULL on
///   failure. `user_data` is the library's from the call on, whatever it returns:
///   it is given to `drop`, unless that is NULL, exactly once: when the watch ends,
///   or inside this call if it fails. *out_error, where given, is the caller's on
///   failure.
/// Lifetimes: `user_data` and both functions must live until `drop` is called. The
///   watch may outlive the manager, and does nothing then.
/// Threads: any. `callback` runs on a thread that the watch makes for itself, with
///   no internal lock held; `drop` there or inside oarlock_watch_free.
/// Blocks: never. Each look of the watch goes over all live requests, a few at a
///   time.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for a NULL `callback` or a negative
///   threshold); INTERNAL (no thread); FORKED; PANIC.
///
/// `user_data`, `drop` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_watch_new(
    manager: *const oarlock_manager,
    threshold_ns: i64,
    callback: oarlock_watch_callback,
    user_data: *mut c_void,
    drop: oarlock_drop,
    out_watch: *mut *mut oarlock_watch,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    // Outside the checks: the data is given back however they end.
    let data = UserData::new(user_data, drop);
    entry!(on [manager]; out [out_watch]; error out_error; {
        let Some(function) = callback else {
            return Err(Failure::argument("`callback` is NULL"));
        };
        let Ok(threshold) = u64::try_from(threshold_ns) else {
            return Err(Failure::argument("`threshold_ns` is negative"));
        };
        let hook = move |info: &engine::RequestInfo| {
            // The whole, not only its pointer.
            let data = &data;
            let view = View::new(info.clone());
            // The caller's function with the caller's data, alive until `data` is
            // dropped.
            function(data.pointer(), &view.shown());
        };
        let threshold = Duration::from_nanos(threshold);
        let watch = without_signals(|| manager.manager.watch(threshold, hook));
        let watch = watch.map_err(|error| {
            let sentence = format!("the system gives no thread for the watch: {error}");
            Failure::new(OARLOCK_ERR_INTERNAL, sentence)
        })?;
        out_watch.write(Box::into_raw(Box::new(oarlock_watch {
            watch,
            generation: fork::generation(),
        })));
        Ok(())
    })
}

/// Ends a watch. Does nothing when `watch` is NULL.
///
/// Ownership: takes the watch.
/// Lifetimes: the watch must not be used afterwards; its callback is not running
///   and will not be called again when this returns.
/// Threads: any, once; inside the watch's own callback, too: then that call is its
///   last.
/// Blocks: until a callback that is running has returned, except inside it.
/// Statuses: none. In a forked child a watch from before the fork is left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_watch_free(watch: *mut oarlock_watch) {
    entry!({
        if let Some(watch) = handle::take(watch) {
            drop(watch.watch);
        }
        Ok(())
    });
}
