//! The library's own threads take no signals: those of the program are for its
//! own threads.

/// Runs what makes a thread, which inherits the mask that is set meanwhile.
#[cfg(unix)]
pub(crate) fn without_signals<T>(make: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    /// Puts the caller's mask back, also when `make` panics.
    struct Restore(libc::sigset_t);

    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: a mask that the system gave.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, null_mut()) };
        }
    }

    let mut all = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: `sigfillset` makes a set, and `pthread_sigmask` with a valid action
    // and set writes the one before. Both only fail for arguments that are wrong.
    let restore = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        // A thread's own faults cannot wait.
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
            libc::sigdelset(all.as_mut_ptr(), fault);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
        Restore(before.assume_init())
    };
    let made = make();
    drop(restore);
    made
}

/// There are none here.
#[cfg(not(unix))]
pub(crate) fn without_signals<T>(make: impl FnOnce() -> T) -> T {
    make()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn is_blocked(signal: libc::c_int) -> bool {
        let mut mask = std::mem::MaybeUninit::uninit();
        // SAFETY: with no new set the present one is written.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            libc::sigismember(mask.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn only_the_thread_that_is_made_has_them_blocked() {
        let before = is_blocked(libc::SIGUSR1);
        let thread = without_signals(|| {
            std::thread::spawn(|| (is_blocked(libc::SIGUSR1), is_blocked(libc::SIGSEGV)))
        });
        assert_eq!(thread.join().ok(), Some((true, false)));
        assert_eq!(is_blocked(libc::SIGUSR1), before);
    }
}
