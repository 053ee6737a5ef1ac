//! Rounds, in which every contender of a workload has its turn, so that whatever
//! else the machine does hits all of them alike.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A short run: the same workloads, with fewer and shorter rounds.
    pub quick: bool,
    /// Only workloads whose name contains this.
    pub only: Option<String>,
}

impl Plan {
    /// The rounds of a workload that takes `full` of them in a full run.
    #[must_use]
    pub fn rounds(&self, full: usize) -> usize {
        if self.quick { (full / 3).max(2) } else { full }
    }

    /// How long the threads of one sample run.
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::from_millis(if self.quick { 40 } else { 80 })
    }

    /// How long a loop on one thread takes.
    #[must_use]
    pub fn slice(&self) -> Duration {
        Duration::from_millis(if self.quick { 4 } else { 10 })
    }
}

/// What one turn found: figures by name.
pub type Figures = Vec<(&'static str, f64)>;

/// Something that is measured: its name, and one turn of it.
pub struct Contender<'a> {
    /// Who.
    pub name: &'static str,
    /// One turn.
    pub turn: Box<dyn FnMut() -> Figures + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender with any figures.
    pub fn new(name: &'static str, turn: impl FnMut() -> Figures + 'a) -> Self {
        Self {
            name,
            turn: Box::new(turn),
        }
    }
}

/// The clock of a loop on one thread. How many operations a loop has is found the
/// first time, so that it takes about as long as wanted.
pub struct Loop {
    slice: Duration,
    count: u64,
}

impl Loop {
    /// For loops of this length.
    #[must_use]
    pub fn new(slice: Duration) -> Self {
        Self { slice, count: 0 }
    }

    /// Warms up, then times `run`, which does so many operations. The figure is `ns`,
    /// the nanoseconds of one.
    pub fn time(&mut self, mut run: impl FnMut(u64)) -> Figures {
        if self.count == 0 {
            self.count = calibrate(self.slice, &mut run);
        }
        run(black_box(self.count / 4));
        let watch = Watch::start();
        let begin = Instant::now();
        run(black_box(self.count));
        let nanos = begin.elapsed().as_nanos() as f64;
        vec![("ns", nanos / self.count as f64), watch.stop()]
    }
}

/// How many operations take about `slice`; warms up on the way.
fn calibrate(slice: Duration, run: &mut impl FnMut(u64)) -> u64 {
    let mut count = 64;
    loop {
        let begin = Instant::now();
        run(black_box(count));
        let elapsed = begin.elapsed();
        if elapsed * 2 > slice {
            let wanted = count as f64 * slice.as_secs_f64() / elapsed.as_secs_f64();
            return (wanted as u64).max(1);
        }
        count *= 2;
    }
}

/// All that was found about one figure of one contender.
#[derive(Clone, Debug)]
pub struct Series {
    /// Who.
    pub contender: &'static str,
    /// What.
    pub figure: &'static str,
    /// One number a round.
    pub samples: Vec<f64>,
    /// Whether nobody else had the processor meanwhile.
    pub calm: bool,
}

/// The figure by which a turn says how much of its time its threads were ready to
/// run and did not, because others had the processor. It is not reported.
pub const DISTURBED: &str = "disturbed";

/// The most of it that a calm turn may have.
const CALM: f64 = 0.03;

/// So few calm turns are enough to leave out the others.
const ENOUGH: usize = 3;

/// How often turns that were not calm are repeated, for each that is wanted.
const PATIENCE: usize = 3;

/// One contender's turns.
#[derive(Default)]
struct Turns {
    calm: Vec<Figures>,
    others: Vec<Figures>,
}

impl Turns {
    fn take(&mut self, figures: Figures) {
        let disturbed = figures
            .iter()
            .any(|&(name, share)| name == DISTURBED && share > CALM);
        let kind = if disturbed {
            &mut self.others
        } else {
            &mut self.calm
        };
        kind.push(figures);
    }

    fn satisfied(&self, rounds: usize) -> bool {
        self.calm.len() >= rounds || self.calm.len() + self.others.len() >= rounds * PATIENCE
    }

    /// The calm ones, or all if there are hardly any; and whether they are calm.
    fn counted(self) -> (Vec<Figures>, bool) {
        if self.calm.len() >= ENOUGH || self.others.is_empty() {
            (self.calm, true)
        } else {
            (self.calm.into_iter().chain(self.others).collect(), false)
        }
    }
}

/// One turn each that does not count, then `rounds` of them that do. Turns in which
/// others had the processor are repeated, up to a bound.
pub fn interleave(rounds: usize, contenders: &mut [Contender<'_>]) -> Vec<Series> {
    let mut turns: Vec<Turns> = contenders.iter().map(|_| Turns::default()).collect();
    for contender in &mut *contenders {
        (contender.turn)();
    }
    while turns.iter().any(|turns| !turns.satisfied(rounds)) {
        for (contender, turns) in contenders.iter_mut().zip(&mut turns) {
            if !turns.satisfied(rounds) {
                turns.take((contender.turn)());
            }
        }
    }
    let mut found: Vec<Series> = Vec::new();
    for (contender, turns) in contenders.iter().zip(turns) {
        let first = found.len();
        let (counted, calm) = turns.counted();
        for (figure, sample) in counted.into_iter().flatten() {
            if figure == DISTURBED {
                continue;
            }
            match found[first..]
                .iter_mut()
                .find(|series| series.figure == figure)
            {
                Some(series) => series.samples.push(sample),
                None => found.push(Series {
                    contender: contender.name,
                    figure,
                    samples: vec![sample],
                    calm,
                }),
            }
        }
    }
    found
}

/// What one thread of a race did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Operations.
    pub count: u64,
    /// Grants to a thread that was not the one before, where that is asked.
    pub switches: u64,
    /// For how long it ran.
    pub seconds: f64,
    /// Which part of the machine's time others took meanwhile, beyond the
    /// processors that were left to them.
    pub others: f64,
}

/// Finds out how [`DISTURBED`] the calling thread is.
pub struct Watch {
    begin: Instant,
    ready: f64,
}

impl Watch {
    /// From now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            ready: ready_so_far(),
            begin: Instant::now(),
        }
    }

    /// To now.
    #[must_use]
    pub fn stop(self) -> (&'static str, f64) {
        let seconds = self.begin.elapsed().as_secs_f64();
        (DISTURBED, (ready_so_far() - self.ready) / seconds)
    }
}

/// For how many seconds the calling thread was ready to run and others had the
/// processor, so far. 0 where the system does not say.
fn ready_so_far() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = schedstat
        .split(' ')
        .nth(1)
        .and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or(0.0) / 1e9
}

/// Lets `threads` threads run for `window`, all starting at once. `enter` is
/// called on each thread, before the start, and gives what it does over and over.
/// That returns whether the grant changed owner.
pub fn race<F, G>(threads: usize, window: Duration, enter: F) -> Vec<Done>
where
    F: Fn(usize) -> G + Sync,
    G: FnMut() -> bool,
{
    let stop = AtomicBool::new(false);
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let runners: Vec<_> = (0..threads)
            .map(|thread| {
                let (enter, stop, start) = (&enter, &stop, &start);
                scope.spawn(move || {
                    pin(thread, threads);
                    let mut step = enter(thread);
                    let mut done = Done::default();
                    start.wait();
                    let begin = Instant::now();
                    loop {
                        done.switches += u64::from(step());
                        done.count += 1;
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    done.seconds = begin.elapsed().as_secs_f64();
                    done
                })
            })
            .collect();
        start.wait();
        let others = Others::start();
        std::thread::sleep(window);
        stop.store(true, Ordering::Relaxed);
        let others = others.stop(threads);
        runners
            .into_iter()
            .map(|runner| Done {
                others,
                ..runner.join().unwrap()
            })
            .collect()
    })
}

/// Operations a second of all threads together, in millions.
#[must_use]
pub fn rate(done: &[Done]) -> f64 {
    done.iter()
        .map(|one| one.count as f64 / one.seconds)
        .sum::<f64>()
        / 1e6
}

/// Gives each thread a processor of its own, if there are enough: on a machine that
/// does other things, too, new threads often begin on one and the same.
fn pin(thread: usize, threads: usize) {
    // SAFETY: all zeros is the empty set.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `allowed` is a place for the result, of the size given.
    if unsafe { libc::sched_getaffinity(0, size_of_val(&allowed), &mut allowed) } != 0 {
        return;
    }
    let processors: Vec<usize> = (0..libc::CPU_SETSIZE as usize)
        // SAFETY: the number is below the size of the set.
        .filter(|&processor| unsafe { libc::CPU_ISSET(processor, &allowed) })
        .collect();
    if threads > processors.len() {
        return;
    }
    // SAFETY: all zeros is the empty set; the number is that of a member of a set.
    unsafe {
        let mut own: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processors[thread], &mut own);
        libc::sched_setaffinity(0, size_of_val(&own), &own);
    }
}

/// Whether others took so much of the machine that threads cannot have run side by
/// side all the time. The system counts their time in hundredths of a second, so
/// there has to be some of it.
#[must_use]
pub fn disturbed(done: &[Done]) -> f64 {
    let most = done.iter().map(|one| one.others).fold(0.0, f64::max);
    if most > 0.12 { most } else { 0.0 }
}

/// Finds out how much of the machine others take. Threads that hand a lock to each
/// other are ready without running now and then, so [`Watch`] would not do.
struct Others {
    begin: Instant,
    all: f64,
    ours: f64,
}

impl Others {
    fn start() -> Self {
        let (all, ours) = Self::used();
        Self {
            begin: Instant::now(),
            all,
            ours,
        }
    }

    /// Beyond the processors that so many threads leave free.
    fn stop(self, threads: usize) -> f64 {
        let seconds = self.begin.elapsed().as_secs_f64();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let free = processors.saturating_sub(threads) as f64 * seconds;
        let (all, ours) = Self::used();
        let others = (all - self.all) - (ours - self.ours) - free;
        (others / (seconds * processors as f64)).max(0.0)
    }

    /// Seconds of all processors that were not idle, and those of this process. 0
    /// where the system does not say.
    fn used() -> (f64, f64) {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields = stat.lines().next().unwrap_or_default().split_whitespace();
        let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
        // user, nice, system, (idle, waiting,) two kinds of interrupts, stolen
        let busy: f64 = [0, 1, 2, 5, 6, 7]
            .iter()
            .filter_map(|&i| ticks.get(i))
            .sum();
        // SAFETY: all zeros is a value of this struct of numbers.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is a place for the result.
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        // SAFETY: nothing is asked of the caller.
        let tick = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
        (
            busy / tick,
            seconds(usage.ru_utime) + seconds(usage.ru_stime),
        )
    }
}

/// The smallest share that a thread had of all operations, in percent.
#[must_use]
pub fn smallest_share(done: &[Done]) -> f64 {
    let all: u64 = done.iter().map(|one| one.count).sum();
    let least = done.iter().map(|one| one.count).min().unwrap_or(0);
    100.0 * least as f64 / all.max(1) as f64
}

/// How many of the grants changed owner, in percent.
#[must_use]
pub fn switched(done: &[Done]) -> f64 {
    let all: u64 = done.iter().map(|one| one.count).sum();
    let switches: u64 = done.iter().map(|one| one.switches).sum();
    100.0 * switches as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_take_turns_and_the_first_turn_does_not_count() {
        let log = std::cell::RefCell::new(Vec::new());
        let contender = |name: &'static str| {
            let (log, mut n) = (&log, 0.0);
            Contender::new(name, move || {
                log.borrow_mut().push(name);
                n += 1.0;
                vec![("ns", n)]
            })
        };
        let found = interleave(2, &mut [contender("a"), contender("b")]);
        assert_eq!(*log.borrow(), ["a", "b", "a", "b", "a", "b"]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|series| series.samples == [2.0, 3.0]));
    }

    #[test]
    fn disturbed_turns_are_repeated_and_left_out() {
        let mut n = 0;
        let found = interleave(
            4,
            &mut [Contender::new("a", || {
                n += 1;
                vec![("ns", f64::from(n)), (DISTURBED, f64::from(n % 2))]
            })],
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].samples, [2.0, 4.0, 6.0, 8.0]);
        assert!(found[0].calm);
    }

    #[test]
    fn where_no_turn_is_calm_all_count_and_it_ends() {
        let found = interleave(
            4,
            &mut [Contender::new("a", || vec![("ns", 1.0), (DISTURBED, 1.0)])],
        );
        assert_eq!(found[0].samples.len(), 4 * PATIENCE);
        assert!(!found[0].calm);
    }

    #[test]
    fn a_race_counts_each_thread() {
        let done = race(2, Duration::from_millis(5), |thread| move || thread == 0);
        assert_eq!(done.len(), 2);
        assert!(done.iter().all(|one| one.count > 0 && one.seconds > 0.0));
        assert_eq!(done[0].switches, done[0].count);
        assert_eq!(done[1].switches, 0);
        assert!(rate(&done) > 0.0 && smallest_share(&done) <= 50.0 && switched(&done) <= 100.0);
    }
}
