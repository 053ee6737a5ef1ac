//! The way of a request into its shards.

use smallvec::SmallVec;

use crate::claim::Claim;
use crate::deadlock::Field;
use crate::delivery::Deliveries;
use crate::engine::{OutOfReach, RequestId, State, Submitted, Tangle};
use crate::error::{AcquireError, Circle, InvalidRequest};
use crate::id::LockId;
use crate::owner::{OwnerId, OwnerState};
use crate::prepared::{self, Prepared, PreparedClaim, Steps};
use crate::route::Place;
use crate::shard::{About, Held, Part, Shard};
use crate::shared::Shared;
use crate::stats::Tally;
use crate::sync::Arc;
use crate::waiter::{Kind, Listener, Outcome, Waiter};

/// What to do if the request cannot be granted at once.
///
/// It is lent to the submission, which takes the listener out only if the
/// request has to wait: what is left is foreign, and is dropped by the caller
/// when no lock is held any more.
pub(crate) enum Admission {
    /// Refuse it.
    Try,
    /// Only say what a try would do.
    Look,
    /// Queue it, and tell this listener in the end.
    Queue(Listener),
}

impl Admission {
    /// The listener of a request that has to wait; `None` after a try.
    fn take_listener(&mut self) -> Option<Listener> {
        match self {
            Self::Try | Self::Look => None,
            Self::Queue(listener) => Some(std::mem::replace(listener, Listener::None)),
        }
    }
}

/// What became of the request.
pub(crate) enum Submission {
    Granted {
        id: LockId,
        token: u64,
    },
    Waiting(Arc<Waiter>),
    /// Not after [`Admission::Queue`].
    Refused,
    /// After [`Admission::Look`]: it would be granted.
    WouldGrant,
}

/// Where the claims of a request lie.
type Places = SmallVec<[Place; 12]>;

/// Why a request was not submitted.
enum NotSubmitted {
    Refused(AcquireError),
    /// A search needs a shard that others use: to be done again with that locked, too.
    /// Nothing has changed.
    OutOfReach(usize),
}

impl<E: Into<AcquireError>> From<E> for NotSubmitted {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Shards that are locked, ascending.
pub(crate) type Locked<'m> = SmallVec<[(usize, Held<'m>); 8]>;

impl Shared {
    /// Submits a request of one claim that nothing else is said of: the common
    /// case.
    pub(crate) fn submit_one(
        &self,
        claim: &Claim<'_>,
        admission: &mut Admission,
    ) -> Result<Submission, AcquireError> {
        let limits = &self.settings.limits;
        if limits.max_claims == 0 {
            return Err(InvalidRequest::TooManyClaims { limit: 0 }.into());
        }
        let mut steps = Steps::new();
        prepared::push_steps(&mut steps, claim, limits, &self.hasher)?;
        let steps = steps.as_slice();
        let ready = PreparedClaim {
            mode: claim.mode(),
            limit: claim.checked_limit()?,
            steps,
        };
        let place = match self.routes.plain_home(steps) {
            Some(home) => Place::One(home),
            None => self.routes.place(steps),
        };
        let now = self.clock.now();
        if let Place::One(mut index) = place {
            let mut shard = match self.shards.try_lock(index) {
                Some(shard) => shard,
                None => self.lock_contended(index, &ready, &mut index),
            };
            let still = self.routes.plain_home(steps) == Some(index)
                || self.routes.place(steps) == Place::One(index);
            if still && !shard.closed && !shard.engine.is_full() {
                shard.engine.set_now(now);
                if let Some(Submitted { id, state }) = shard.engine.try_simple(&ready)
                    && let State::Granted { token } = state
                {
                    shard.tally.granted_at_once(id);
                    let id = LockId::new(index, id);
                    return Ok(Submission::Granted { id, token });
                }
            }
        }
        let mut prepared = Prepared::new();
        prepared.fill(std::slice::from_ref(claim), limits, &self.hasher)?;
        let mut nobody = Deliveries::new();
        let submission = self.submit(&prepared, &About::default(), admission, &mut nobody);
        debug_assert!(nobody.is_empty(), "without an owner nobody makes way");
        submission
    }

    /// Submits any claims.
    pub(crate) fn submit_all(
        &self,
        claims: &[Claim<'_>],
        about: &About,
        admission: &mut Admission,
        deliveries: &mut Deliveries,
    ) -> Result<Submission, AcquireError> {
        let mut prepared = Prepared::new();
        prepared.fill(claims, &self.settings.limits, &self.hasher)?;
        self.submit(&prepared, about, admission, deliveries)
    }

    /// Waits for a shard's mutex, which others use much. If that has happened
    /// often, the claim's stripe may be taken into use: then the lock returned is
    /// that of the stripe's shard, whose index is put into `locked`.
    #[cold]
    fn lock_contended(
        &self,
        index: usize,
        claim: &PreparedClaim<'_, '_>,
        locked: &mut usize,
    ) -> Held<'_> {
        let mut shard = self.shards.lock(index);
        shard.contended += 1;
        if shard.contended < self.settings.spread_after {
            return shard;
        }
        match self.spread(index, &mut shard, claim) {
            Some((stripe, other)) => {
                *locked = stripe;
                other
            }
            None => shard,
        }
    }

    /// Takes the claim's stripe into use, if its class is idle at home now.
    fn spread(
        &self,
        home: usize,
        shard: &mut Shard,
        claim: &PreparedClaim<'_, '_>,
    ) -> Option<(usize, Held<'_>)> {
        let first = claim.steps.first()?;
        let class = crate::engine::class(first.hash);
        if self.routes.home(class) != home
            || self.routes.place(claim.steps) != Place::One(home)
            || !shard.engine.is_class_idle(class)
        {
            return None;
        }
        let wanted = self.routes.wanted(claim.steps)?;
        if wanted.shard == home {
            self.routes.take_into_use(&wanted);
            return None;
        }
        // Not in the order of locking, so without waiting.
        let mut other = self.shards.try_lock(wanted.shard)?;
        other.engine.observe(shard.engine.clock());
        self.routes.take_into_use(&wanted);
        shard.contended = 0;
        Some((wanted.shard, other))
    }

    /// Submits a request to every shard that it lies in: the locks of all are
    /// taken, in ascending order, before the first part is submitted. What is put
    /// into `deliveries` is to be delivered when they are let go.
    pub(crate) fn submit(
        &self,
        prepared: &Prepared<'_>,
        about: &About,
        admission: &mut Admission,
        deliveries: &mut Deliveries,
    ) -> Result<Submission, AcquireError> {
        // One claim has been tried alone.
        if about.is_nothing()
            && prepared.len() > 1
            && !matches!(admission, Admission::Look)
            && let Some(granted) = self.try_plain(prepared)
        {
            return Ok(granted);
        }
        if let Some(owner) = &about.owner
            && owner.manager != self.identity
        {
            return Err(InvalidRequest::ForeignOwner.into());
        }
        // Shards that a search has come to while others used them.
        let mut searched: SmallVec<[usize; 4]> = SmallVec::new();
        loop {
            let (mut shards, places) = self.lock_for(prepared, &searched);
            let submitted =
                self.submit_locked(&mut shards, prepared, &places, about, admission, deliveries);
            match submitted {
                Ok(submission) => return Ok(submission),
                Err(NotSubmitted::Refused(error)) => return Err(error),
                // Once for each shard at most.
                Err(NotSubmitted::OutOfReach(shard)) => searched.push(shard),
            }
        }
    }

    /// Grants a request without an owner whose claims are at home, if that is
    /// possible at once; else nothing has changed.
    fn try_plain(&self, prepared: &Prepared<'_>) -> Option<Submission> {
        let mut homes: SmallVec<[usize; 12]> = SmallVec::new();
        for claim in prepared.iter() {
            homes.push(self.routes.plain_home(claim.steps)?);
        }
        let mut indices = homes.clone();
        indices.sort_unstable();
        indices.dedup();
        let now = self.clock.now();
        let mut shards = Locked::new();
        for &index in &indices {
            shards.push((index, self.shards.lock(index)));
        }
        let mut claims = prepared.iter().zip(&homes);
        if !claims.all(|(claim, &home)| self.routes.plain_home(claim.steps) == Some(home)) {
            return None;
        }
        let mut ids: SmallVec<[LockId; 8]> = SmallVec::new();
        let mut greatest = 0;
        for (index, shard) in &mut shards {
            let claims = prepared.iter().zip(&homes);
            let here = claims.filter(|(_, home)| *home == index);
            let submitted = if shard.closed || shard.engine.is_full() {
                None
            } else {
                shard.engine.set_now(now);
                shard.engine.try_record(here.map(|(claim, _)| claim))
            };
            match submitted.map(|it| (it.id, it.state)) {
                Some((id, State::Granted { token })) => {
                    ids.push(LockId::new(*index, id));
                    greatest = greatest.max(token);
                }
                _ => {
                    take_back(&mut shards, &ids, &mut Deliveries::new());
                    return None;
                }
            }
        }
        let (id, token) = (ids[0], greatest);
        attach(&mut shards, &ids, &About::default(), None);
        if let Some(tally) = tally_of(&mut shards, id) {
            tally.granted_at_once(id.request());
        }
        Some(Submission::Granted { id, token })
    }

    /// Locks all shards that the claims lie in, and others that are wanted with them,
    /// and says where each claim lies.
    fn lock_for(&self, prepared: &Prepared<'_>, others: &[usize]) -> (Locked<'_>, Places) {
        let mut places = self.places(prepared);
        // Each round that fails has seen a class change its stripes meanwhile.
        for _ in 0..4 {
            let mut shards = Locked::new();
            let mut indices = self.indices(&places);
            indices.extend_from_slice(others);
            indices.sort_unstable();
            indices.dedup();
            for index in indices {
                shards.push((index, self.shards.lock(index)));
            }
            let now = self.places(prepared);
            if now == places {
                if self.take_idle_out_of_use(&mut shards, &places) {
                    places = self.places(prepared);
                }
                return (shards, places);
            }
            places = now;
        }
        let shards = self.shards.lock_all().into_iter().enumerate().collect();
        (shards, self.places(prepared))
    }

    fn places(&self, prepared: &Prepared<'_>) -> Places {
        let claims = prepared.iter();
        claims.map(|claim| self.routes.place(claim.steps)).collect()
    }

    fn indices(&self, places: &[Place]) -> SmallVec<[usize; 8]> {
        let mut indices: SmallVec<[usize; 8]> = SmallVec::new();
        for &place in places {
            match place {
                Place::One(index) => indices.push(index),
                Place::Everywhere => return (0..self.shards.len()).collect(),
                Place::Spread { class, stripes } => {
                    indices.push(self.routes.home(class));
                    let stripes = self.routes.stripes(class, stripes);
                    indices.extend(stripes.map(|(_, shard)| shard));
                }
            }
        }
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// A claim above the stripes of its class has to visit them all: those where
    /// the class is idle now go out of use. Says whether there were any.
    fn take_idle_out_of_use(&self, shards: &mut Locked<'_>, places: &[Place]) -> bool {
        let mut any = false;
        for &place in places {
            let Place::Spread { class, stripes } = place else {
                continue;
            };
            for (stripe, index) in self.routes.stripes(class, stripes) {
                let Some((_, shard)) = shards.iter().find(|(at, _)| *at == index) else {
                    continue;
                };
                if !shard.engine.is_class_idle(class) {
                    continue;
                }
                let clock = shard.engine.clock();
                let home = self.routes.home(class);
                if let Some((_, home)) = shards.iter_mut().find(|(at, _)| *at == home) {
                    home.engine.observe(clock);
                    self.routes.take_out_of_use(class, stripe);
                    any = true;
                }
            }
        }
        any
    }

    fn would_pass(
        &self,
        shards: &mut Locked<'_>,
        prepared: &Prepared<'_>,
        places: &[Place],
        owner: Option<OwnerId>,
    ) -> bool {
        shards.iter_mut().all(|(index, shard)| {
            let claims = prepared.iter().zip(places);
            let here = claims.filter(|(_, place)| self.routes.is_in(**place, *index));
            let mut here = here.map(|(claim, _)| claim).peekable();
            here.peek().is_none() || shard.engine.would_pass(here, owner)
        })
    }

    /// Submits a request whose shards are locked, and perhaps others with them.
    fn submit_locked<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        prepared: &Prepared<'_>,
        places: &[Place],
        about: &About,
        admission: &mut Admission,
        deliveries: &mut Deliveries,
    ) -> Result<Submission, NotSubmitted> {
        let here = |index: usize| places.iter().any(|place| self.routes.is_in(*place, index));
        let is_ours = |(index, _): &&(usize, Held<'_>)| here(*index);
        if shards.iter().filter(is_ours).any(|(_, shard)| shard.closed) {
            return Err(AcquireError::Closed.into());
        }
        if shards.iter().any(|(_, shard)| shard.engine.is_full()) {
            return Err(InvalidRequest::TooManyRequests.into());
        }
        let owner = about.owner.as_deref();
        // Of an owner that has nothing else nobody waits for it, so it stands on no cycle.
        let has_more = owner.is_some_and(|owner| owner.shards().next().is_some());
        // Looked at once: another thread may tell the last of its waiters meanwhile.
        let waits = owner.is_some_and(OwnerState::waits);
        let is_look = matches!(admission, Admission::Look);
        if is_look || owner.is_some() {
            // Decided before anything is changed: taking in what an owner holds
            // already would change the places of others.
            let free = self.would_pass(shards, prepared, places, owner.map(|owner| owner.id));
            // A grant at once may have to be refused, if something of the owner waits.
            let is_clear = free && !waits;
            if is_look && (is_clear || !has_more) {
                return Ok(if free {
                    Submission::WouldGrant
                } else {
                    Submission::Refused
                });
            }
            if !free && !has_more && matches!(admission, Admission::Try) {
                count_refused(shards);
                return Ok(Submission::Refused);
            }
        }
        let Submitting {
            ids,
            blocked,
            token,
        } = self.submit_parts(shards, prepared, places, owner.map(|it| it.id), deliveries);
        let id = ids[0];
        if blocked == 0 {
            attach(shards, &ids, about, None);
            // Or since: see below.
            let waits = waits || owner.is_some_and(OwnerState::waits);
            if waits && let Err(refused) = self.untangle_granted(shards, &ids, is_look, deliveries)
            {
                take_back(shards, &ids, deliveries);
                let queues = matches!(admission, Admission::Queue(_));
                return self.refused(shards, id, refused, queues, admission);
            }
            if let Some(tally) = tally_of(shards, id) {
                tally.granted_at_once(id.request());
            }
            return Ok(Submission::Granted { id, token });
        }
        let begins = matches!(admission, Admission::Queue(_)) && self.begins_waiting();
        if !begins && !has_more {
            take_back(shards, &ids, deliveries);
            return self.refuse(shards, id, admission);
        }
        let listener = admission.take_listener();
        let waiter = Waiter::new(
            id,
            Kind::Request,
            blocked,
            token,
            about.owner.clone(),
            self.next_place(),
            listener.unwrap_or(Listener::None),
        );
        attach(shards, &ids, about, Some(&waiter));
        // Or has since: another thread may ask for the same owner in other shards at the
        // same time. Each says first that it is here (`attach`), and looks then whether
        // the other one is: one of the two at least sees that it has to search, and
        // whoever comes to wait for what the other got finds this wait.
        let has_more = has_more || owner.is_some_and(|owner| has_elsewhere(owner, &ids));
        let refused = if has_more {
            self.untangle(shards, &ids, &waiter, (begins, is_look), deliveries)
        } else {
            None
        };
        if refused.is_none() && !waiter.is_complete() {
            if let Some(tally) = tally_of(shards, id) {
                tally.waits += 1;
            }
            return Ok(Submission::Waiting(waiter));
        }
        if begins {
            self.stops_waiting();
        }
        let listener = waiter.settle(Outcome::Cancelled);
        if let Admission::Queue(place) = admission {
            *place = listener;
        }
        match refused {
            // It was granted by the change of an order.
            None => {
                attach(shards, &ids, about, None);
                if let Some(tally) = tally_of(shards, id) {
                    tally.granted_at_once(id.request());
                }
                let token = waiter.token();
                Ok(Submission::Granted { id, token })
            }
            Some(refused) => {
                take_back(shards, &ids, deliveries);
                self.refused(shards, id, refused, begins, admission)
            }
        }
    }

    /// The answer to a request that was taken back.
    fn refused(
        &self,
        shards: &mut Locked<'_>,
        id: LockId,
        refused: Refused,
        tell_deadlock: bool,
        admission: &Admission,
    ) -> Result<Submission, NotSubmitted> {
        match refused {
            Refused::OutOfReach(shard) => Err(NotSubmitted::OutOfReach(shard)),
            Refused::WouldGrant => Ok(Submission::WouldGrant),
            Refused::Stuck(circle) if tell_deadlock => {
                if let Some(tally) = tally_of(shards, id) {
                    tally.deadlocks += 1;
                }
                Err(AcquireError::Deadlock(circle).into())
            }
            Refused::WouldWait | Refused::Stuck(_) => self.refuse(shards, id, admission),
        }
    }

    /// Keeps a request that was granted at once from leaving its owner stuck, of whom
    /// something else waits: by a permit that the owner held already.
    fn untangle_granted<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        ids: &[LockId],
        look: bool,
        deliveries: &mut Deliveries,
    ) -> Result<(), Refused> {
        let inherits = |id: &LockId| {
            let shard = shards.iter().find(|(index, _)| *index == id.shard());
            shard.is_some_and(|(_, it)| it.engine.has_inherited_permits(id.request()))
        };
        let tangle = if ids.iter().any(inherits) {
            let mut field = Field {
                shared: self,
                shards: &mut *shards,
            };
            match field.tangle(ids[0]) {
                Err(OutOfReach { engine }) => return Err(Refused::OutOfReach(engine)),
                Ok(Tangle::Stuck(cycle)) => return Err(Refused::Stuck(field.named(&cycle))),
                Ok(tangle) => tangle,
            }
        } else {
            Tangle::Clear
        };
        if look {
            return Err(Refused::WouldGrant);
        }
        if let Tangle::Knot(knot) = tangle {
            self.open(shards, &knot, |shard, granted| {
                shard.tell_granted(granted, deliveries);
            });
        }
        Ok(())
    }

    /// Submits the parts of a request to the engines of their shards.
    fn submit_parts(
        &self,
        shards: &mut Locked<'_>,
        prepared: &Prepared<'_>,
        places: &[Place],
        owner: Option<OwnerId>,
        deliveries: &mut Deliveries,
    ) -> Submitting {
        let now = self.clock.now();
        let mut parts = Submitting {
            ids: SmallVec::new(),
            blocked: 0,
            token: 0,
        };
        for (index, shard) in &mut *shards {
            let here = |place: &Place| self.routes.is_in(*place, *index);
            if !places.iter().any(here) {
                continue;
            }
            shard.engine.set_now(now);
            let claims = prepared.iter().zip(places);
            let claims = claims.filter(|(_, place)| here(place)).map(|(it, _)| it);
            let mut again: SmallVec<[RequestId; 1]> = SmallVec::new();
            let submitted = shard.engine.submit_record(claims, owner, &mut again);
            shard.tell_granted(&again, deliveries);
            parts.ids.push(LockId::new(*index, submitted.id));
            match submitted.state {
                State::Waiting => parts.blocked += 1,
                State::Granted { token } => parts.token = parts.token.max(token),
            }
        }
        parts
    }

    /// Keeps a request that has begun to wait from leaving its owner stuck. With
    /// `begins` it may wait; else it has to be granted at once, and is only looked at
    /// for a `look`. Why it may not stay, if it may not; nothing has changed then.
    fn untangle<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        ids: &[LockId],
        waiter: &Arc<Waiter>,
        (begins, look): (bool, bool),
        deliveries: &mut Deliveries,
    ) -> Option<Refused> {
        let mut field = Field {
            shared: self,
            shards,
        };
        match field.tangle(ids[0]) {
            Err(OutOfReach { engine }) => Some(Refused::OutOfReach(engine)),
            Ok(Tangle::Clear) => (!begins).then_some(Refused::WouldWait),
            Ok(Tangle::Stuck(cycle)) => Some(Refused::Stuck(field.named(&cycle))),
            Ok(Tangle::Knot(knot)) => {
                if !begins && !field.grants(&knot, ids) {
                    return Some(Refused::WouldWait);
                }
                if look {
                    return Some(Refused::WouldGrant);
                }
                self.open(shards, &knot, |shard, granted| {
                    shard.tell_others(granted, Some(waiter), deliveries);
                });
                None
            }
        }
    }

    /// The answer to a request that may not wait.
    fn refuse(
        &self,
        shards: &mut Locked<'_>,
        id: LockId,
        admission: &Admission,
    ) -> Result<Submission, NotSubmitted> {
        if let Admission::Queue(_) = admission {
            if let Some(tally) = tally_of(shards, id) {
                tally.refused += 1;
            }
            let limit = self.settings.max_waiting;
            return Err(AcquireError::TooManyWaiting { limit }.into());
        }
        if let Admission::Try = admission {
            count_refused(shards);
        }
        Ok(Submission::Refused)
    }
}

/// A request whose parts have been submitted.
struct Submitting {
    ids: SmallVec<[LockId; 8]>,
    /// How many parts wait.
    blocked: u32,
    /// The greatest token of the others.
    token: u64,
}

/// Why a request that would have to wait may not stay.
enum Refused {
    OutOfReach(usize),
    /// For ever.
    Stuck(Circle),
    WouldWait,
    /// It was only asked whether it would be granted.
    WouldGrant,
}

/// Whether an owner has something in other shards than those of these parts.
fn has_elsewhere(owner: &OwnerState, ids: &[LockId]) -> bool {
    if cfg!(oarlock_mutation = "enter_late") {
        return false;
    }
    let mut shards = owner.shards();
    shards.any(|shard| ids.iter().all(|id| id.shard() != shard))
}

/// Takes back what was submitted last, under the same locks. Nobody is granted by
/// it: whoever had to make way may only be where it was.
fn take_back(shards: &mut Locked<'_>, ids: &[LockId], deliveries: &mut Deliveries) {
    for id in ids {
        if let Some((_, shard)) = shards.iter_mut().find(|(index, _)| *index == id.shard()) {
            shard.end_part(id.request(), deliveries);
        }
    }
}

fn count_refused(shards: &mut Locked<'_>) {
    if let Some((_, shard)) = shards.first_mut() {
        shard.tally.refused += 1;
    }
}

/// Attaches to each part what has to be known of the request there.
fn attach(shards: &mut Locked<'_>, ids: &[LockId], about: &About, waiter: Option<&Arc<Waiter>>) {
    if ids.len() == 1 && waiter.is_none() && about.is_nothing() {
        return;
    }
    for (place, id) in ids.iter().enumerate() {
        let Some((_, shard)) = shards.iter_mut().find(|(index, _)| *index == id.shard()) else {
            continue;
        };
        let mut part = Part {
            waiter: waiter.cloned(),
            about: about.clone(),
            ..Part::default()
        };
        if place == 0 {
            part.others.extend_from_slice(&ids[1..]);
        } else {
            part.known_as = Some(ids[0]);
        }
        shard.attach(id.request(), part);
        // What it has passed in a shard where it does not wait.
        if waiter.is_some() && ids.len() > 1 {
            shard.engine.list_part(id.request());
        }
    }
}

/// The counts of the shard by which a request is known.
fn tally_of<'l>(shards: &'l mut Locked<'_>, id: LockId) -> Option<&'l mut Tally> {
    let mut shards = shards.iter_mut();
    let (_, shard) = shards.find(|(index, _)| *index == id.shard())?;
    Some(&mut shard.tally)
}
