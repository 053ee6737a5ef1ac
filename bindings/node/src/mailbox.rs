//! Outcomes of waiting requests, on their way to their environment.
//!
//! A waiting request ends on whatever thread releases, cancels or closes. That
//! thread must not run JavaScript of another one, so it posts the outcome here
//! and rings; the environment takes it when its event loop comes round. Several
//! outcomes share one ring. If the ending happened inside a call of the
//! environment's own (the usual case within one program), nothing rings: the
//! call returns with a mark that there is mail, and JavaScript takes it at once.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// The address of the mailbox whose environment is inside a call that takes
    /// its mail when it returns; 0 outside of such calls.
    static COLLECTING: Cell<usize> = const { Cell::new(0) };
}

/// Outcomes of type `T`, and a bell.
pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
    /// Called with no lock held, from any thread.
    ring: Box<dyn Fn() + Send + Sync>,
}

struct State<T> {
    letters: VecDeque<T>,
    /// A ring is on its way, and mail has not been found empty since.
    rung: bool,
    /// The environment is gone: whatever comes is dropped, which releases it.
    closed: bool,
}

impl<T> Mailbox<T> {
    /// An empty mailbox.
    pub(crate) fn new(ring: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                letters: VecDeque::new(),
                rung: false,
                closed: false,
            }),
            ring: Box::new(ring),
        })
    }

    /// Leaves a letter, from any thread. Never blocks for longer than a few
    /// instructions of another post.
    pub(crate) fn post(&self, letter: T) {
        let mut state = self.lock();
        if state.closed {
            // Dropping a guard runs the completions of others, which may post.
            drop(state);
            drop(letter);
            return;
        }
        state.letters.push_back(letter);
        let ring = !state.rung && COLLECTING.get() != self.address();
        state.rung |= ring;
        drop(state);
        if ring {
            (self.ring)();
        }
    }

    /// The oldest letter.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        let letter = state.letters.pop_front();
        if letter.is_none() {
            state.rung = false;
        }
        letter
    }

    /// Whether there is a letter.
    pub(crate) fn has_mail(&self) -> bool {
        !self.lock().letters.is_empty()
    }

    /// Drops what is here and what will come.
    pub(crate) fn close(&self) {
        let letters = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.letters)
        };
        drop(letters);
    }

    /// Runs a call after which JavaScript looks for mail, so that what this
    /// thread posts meanwhile needs no ring.
    pub(crate) fn collecting<R>(&self, call: impl FnOnce() -> R) -> R {
        /// Puts the mark back, also when the call panics.
        struct Restore(usize);
        impl Drop for Restore {
            fn drop(&mut self) {
                COLLECTING.set(self.0);
            }
        }
        let _restore = Restore(COLLECTING.replace(self.address()));
        call()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code of others runs under this lock, so a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn mailbox() -> (Arc<Mailbox<u32>>, Arc<AtomicUsize>) {
        let rings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&rings);
        let mailbox = Mailbox::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        (mailbox, rings)
    }

    #[test]
    fn letters_come_in_order_and_share_a_ring_until_the_box_was_empty() {
        let (mailbox, rings) = mailbox();
        mailbox.post(1);
        mailbox.post(2);
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.take(), Some(1));
        mailbox.post(3);
        assert_eq!(mailbox.take(), Some(2));
        assert_eq!(mailbox.take(), Some(3));
        assert_eq!(mailbox.take(), None);
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        mailbox.post(4);
        assert_eq!(rings.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_post_within_the_own_call_does_not_ring_but_one_from_another_thread_does() {
        let (mailbox, rings) = mailbox();
        mailbox.collecting(|| mailbox.post(1));
        assert_eq!(rings.load(Ordering::SeqCst), 0);
        assert!(mailbox.has_mail());
        let other = Arc::clone(&mailbox);
        mailbox.collecting(|| {
            assert!(std::thread::spawn(move || other.post(2)).join().is_ok());
        });
        assert_eq!(rings.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_closed_mailbox_drops_what_it_has_and_what_comes() {
        let mailbox = Mailbox::new(|| ());
        let letter = Arc::new(());
        mailbox.post(Arc::clone(&letter));
        mailbox.close();
        mailbox.post(Arc::clone(&letter));
        assert_eq!(Arc::strong_count(&letter), 1);
        assert!(!mailbox.has_mail());
    }
}
