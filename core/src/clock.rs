//! The coarse clock: cheap enough to be read at every grant.

/// Units in a second.
const PER_SECOND: u32 = 64;

/// A manager's time, in 64ths of a second since it was made. Comes round after
/// two years.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoarseClock {
    #[cfg(not(any(loom, shuttle)))]
    start: coarsetime::Instant,
}

impl CoarseClock {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(not(any(loom, shuttle)))]
            start: coarsetime::Instant::now_without_cache_update(),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u32 {
        #[cfg(not(any(loom, shuttle)))]
        {
            let now = coarsetime::Instant::now_without_cache_update();
            // Ticks are 2⁻³² seconds.
            (now.duration_since(self.start).as_ticks() >> 26) as u32
        }
        #[cfg(any(loom, shuttle))]
        0
    }

    /// How long one moment of this clock is before another one; nothing, if it is not.
    pub(crate) fn between(&self, then: u32, now: u32) -> std::time::Duration {
        let units = now.wrapping_sub(then);
        // More than half of the clock's round: it is after the other.
        let units = if units > u32::MAX / 2 { 0 } else { units };
        std::time::Duration::from_secs(1) * units / PER_SECOND
    }
}
