//! A file descriptor that is readable while something is to be fetched.
//!
//! The queue sets it when it becomes non-empty and clears it when it becomes
//! empty, under its mutex: so it is never set twice, and never full.

/// The kind of this system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use event::Signal;
#[cfg(not(unix))]
pub(crate) use none::Signal;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) use pipe::Signal;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod event {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::fd::{AsRawFd, OwnedFd};
    use std::io;

    /// A counter of the kernel's: readable while it is not 0.
    pub(crate) struct Signal(OwnedFd);

    impl Signal {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(eventfd(
                0,
                EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC,
            )?))
        }

        pub(crate) fn set(&self) {
            // Adding 1 to 0 or 1 neither fails nor blocks.
            rustix::io::write(&self.0, &1u64.to_ne_bytes()).ok();
        }

        pub(crate) fn clear(&self) {
            // Nothing there: a signal handler's fork or a caller has read it.
            rustix::io::read(&self.0, &mut [0u8; 8]).ok();
        }

        pub(crate) fn fd(&self) -> Option<i32> {
            Some(self.0.as_raw_fd())
        }
    }
}

#[cfg(all(unix, any(test, not(any(target_os = "linux", target_os = "android")))))]
mod pipe {
    use rustix::fd::{AsRawFd, OwnedFd};
    use rustix::io::{FdFlags, fcntl_setfd};
    use rustix::pipe::pipe;
    use std::io;

    /// A pipe: readable while a byte is in it.
    pub(crate) struct Signal {
        reader: OwnedFd,
        writer: OwnedFd,
    }

    impl Signal {
        pub(crate) fn new() -> io::Result<Self> {
            let (reader, writer) = pipe()?;
            for end in [&reader, &writer] {
                fcntl_setfd(end, FdFlags::CLOEXEC)?;
                rustix::io::ioctl_fionbio(end, true)?;
            }
            Ok(Self { reader, writer })
        }

        pub(crate) fn set(&self) {
            // At most one byte is in it.
            rustix::io::write(&self.writer, &[1]).ok();
        }

        pub(crate) fn clear(&self) {
            rustix::io::read(&self.reader, &mut [0u8; 8]).ok();
        }

        pub(crate) fn fd(&self) -> Option<i32> {
            Some(self.reader.as_raw_fd())
        }
    }
}

#[cfg(not(unix))]
mod none {
    use std::io;

    /// There are no file descriptors here; queues are waited for in the library.
    pub(crate) struct Signal;

    impl Signal {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn set(&self) {}

        pub(crate) fn clear(&self) {}

        pub(crate) fn fd(&self) -> Option<i32> {
            None
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fd::BorrowedFd;

    fn is_readable(fd: Option<i32>) -> bool {
        let fd = fd.expect("a descriptor");
        // SAFETY: it is open while the signal lives.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let mut polled = [PollFd::new(&fd, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).expect("poll") == 1
    }

    macro_rules! follows_its_setter {
        ($name:ident, $kind:ty) => {
            #[test]
            fn $name() {
                let signal = <$kind>::new().expect("a descriptor");
                for _ in 0..3 {
                    assert!(!is_readable(signal.fd()));
                    signal.clear();
                    assert!(!is_readable(signal.fd()));
                    signal.set();
                    assert!(is_readable(signal.fd()));
                    assert!(is_readable(signal.fd()));
                    signal.clear();
                }
            }
        };
    }

    follows_its_setter!(the_kind_of_this_system, super::Signal);
    follows_its_setter!(a_pipe, super::pipe::Signal);
}
