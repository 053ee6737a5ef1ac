/*
 * Tells helgrind and drd what a lock of Oarlock orders.
 *
 * Both follow pthread's locks, and the library has none: its mutexes are futexes
 * behind atomic instructions, which neither tool takes for synchronisation. So a
 * test program is linked with the calls below in the place of the library's
 * (ld --wrap), and these say what the contract says: what was done before a
 * release or a cancel is seen by whoever has a lock of that manager later.
 * Whether two holders exclude each other is not told. The tools find that out:
 * two that write the same memory at once are a race, since neither has released.
 * (A completion does not say which manager it is of. So whoever fetches one is told
 * of the releases of all managers.)
 */
#include <stdlib.h>
#include <valgrind/helgrind.h>

#include "oarlock.h"

#define WRAPPED(name) __wrap_##name
#define REAL(name) __real_##name

/* Stands for all managers, and for what is given to a queue. */
static const char everything;

/* A release, or the end of a wait, on its way to others. */
static void tell(const void *object) {
  if (object != NULL) ANNOTATE_HAPPENS_BEFORE(object);
  ANNOTATE_HAPPENS_BEFORE(&everything);
}

/* A grant: all that was told of this manager is known from here on. */
static void learn(oarlock_status status, const void *object) {
  if (status == OARLOCK_OK) ANNOTATE_HAPPENS_AFTER(object);
}

oarlock_status REAL(oarlock_acquire)(const oarlock_manager *, const oarlock_claim *, size_t,
                                     const oarlock_request_options *, int64_t, oarlock_lock *,
                                     uint64_t *, oarlock_error **);
oarlock_status WRAPPED(oarlock_acquire)(const oarlock_manager *manager, const oarlock_claim *claims,
                                        size_t count, const oarlock_request_options *options,
                                        int64_t timeout_ns, oarlock_lock *lock, uint64_t *token,
                                        oarlock_error **error) {
  const oarlock_status status =
      REAL(oarlock_acquire)(manager, claims, count, options, timeout_ns, lock, token, error);
  learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_try_acquire)(const oarlock_manager *, const oarlock_claim *, size_t,
                                         const oarlock_request_options *, oarlock_lock *,
                                         uint64_t *, oarlock_error **);
oarlock_status WRAPPED(oarlock_try_acquire)(const oarlock_manager *manager,
                                            const oarlock_claim *claims, size_t count,
                                            const oarlock_request_options *options,
                                            oarlock_lock *lock, uint64_t *token,
                                            oarlock_error **error) {
  const oarlock_status status =
      REAL(oarlock_try_acquire)(manager, claims, count, options, lock, token, error);
  learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_enqueue)(const oarlock_manager *, const oarlock_claim *, size_t,
                                     const oarlock_request_options *, oarlock_lock *,
                                     oarlock_state *, uint64_t *, oarlock_error **);
oarlock_status WRAPPED(oarlock_enqueue)(const oarlock_manager *manager, const oarlock_claim *claims,
                                        size_t count, const oarlock_request_options *options,
                                        oarlock_lock *lock, oarlock_state *state, uint64_t *token,
                                        oarlock_error **error) {
  const oarlock_status status =
      REAL(oarlock_enqueue)(manager, claims, count, options, lock, state, token, error);
  if (state != NULL && *state == OARLOCK_GRANTED) learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_wait)(const oarlock_manager *, oarlock_lock, int64_t, uint64_t *,
                                  oarlock_error **);
oarlock_status WRAPPED(oarlock_wait)(const oarlock_manager *manager, oarlock_lock lock,
                                     int64_t timeout_ns, uint64_t *token, oarlock_error **error) {
  const oarlock_status status = REAL(oarlock_wait)(manager, lock, timeout_ns, token, error);
  learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_release)(const oarlock_manager *, oarlock_lock);
oarlock_status WRAPPED(oarlock_release)(const oarlock_manager *manager, oarlock_lock lock) {
  tell(manager);
  return REAL(oarlock_release)(manager, lock);
}

oarlock_status REAL(oarlock_cancel)(const oarlock_manager *, oarlock_lock);
oarlock_status WRAPPED(oarlock_cancel)(const oarlock_manager *manager, oarlock_lock lock) {
  tell(manager);
  const oarlock_status status = REAL(oarlock_cancel)(manager, lock);
  /* The grant won: the caller has the lock. */
  if (status == OARLOCK_ERR_GRANTED) learn(OARLOCK_OK, manager);
  return status;
}

/* A callback with what it needs to learn first. Gone with its `drop`. */
struct told {
  const oarlock_manager *manager;
  oarlock_callback callback;
  oarlock_drop drop;
  void *data;
};

static void call(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                 const oarlock_error *error) {
  struct told *const told = (struct told *)data;
  learn(OARLOCK_OK, told); /* what its registration saw */
  learn(status, told->manager);
  told->callback(told->data, status, lock, token, error);
}

static void drop(void *data) {
  struct told *const told = (struct told *)data;
  learn(OARLOCK_OK, told);
  if (told->drop != NULL) told->drop(told->data);
  free(told);
}

oarlock_status REAL(oarlock_enqueue_callback)(const oarlock_manager *, const oarlock_claim *, size_t,
                                              const oarlock_request_options *, int64_t,
                                              oarlock_callback, void *, oarlock_drop,
                                              oarlock_lock *, oarlock_state *, uint64_t *,
                                              oarlock_error **);
oarlock_status WRAPPED(oarlock_enqueue_callback)(const oarlock_manager *manager,
                                                 const oarlock_claim *claims, size_t count,
                                                 const oarlock_request_options *options,
                                                 int64_t timeout_ns, oarlock_callback callback,
                                                 void *data, oarlock_drop dropping,
                                                 oarlock_lock *lock, oarlock_state *state,
                                                 uint64_t *token, oarlock_error **error) {
  struct told *const told = (struct told *)malloc(sizeof *told);
  /* Without a callback or memory the call is the library's to refuse. */
  if (callback == NULL || told == NULL) {
    free(told);
    return REAL(oarlock_enqueue_callback)(manager, claims, count, options, timeout_ns, callback,
                                          data, dropping, lock, state, token, error);
  }
  told->manager = manager;
  told->callback = callback;
  told->drop = dropping;
  told->data = data;
  tell(told);
  const oarlock_status status =
      REAL(oarlock_enqueue_callback)(manager, claims, count, options, timeout_ns, call, told, drop,
                                     lock, state, token, error);
  if (status == OARLOCK_OK && state != NULL && *state == OARLOCK_GRANTED) learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_downgrade)(const oarlock_manager *, oarlock_lock);
oarlock_status WRAPPED(oarlock_downgrade)(const oarlock_manager *manager, oarlock_lock lock) {
  tell(manager);
  return REAL(oarlock_downgrade)(manager, lock);
}

oarlock_status REAL(oarlock_release_part)(const oarlock_manager *, oarlock_lock, oarlock_path,
                                          oarlock_error **);
oarlock_status WRAPPED(oarlock_release_part)(const oarlock_manager *manager, oarlock_lock lock,
                                             oarlock_path path, oarlock_error **error) {
  tell(manager);
  return REAL(oarlock_release_part)(manager, lock, path, error);
}

/* To see that a request is granted is as good as being told. */
oarlock_status REAL(oarlock_lock_state)(const oarlock_manager *, oarlock_lock, oarlock_state *);
oarlock_status WRAPPED(oarlock_lock_state)(const oarlock_manager *manager, oarlock_lock lock,
                                           oarlock_state *state) {
  const oarlock_status status = REAL(oarlock_lock_state)(manager, lock, state);
  if (state != NULL && *state == OARLOCK_GRANTED) learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_upgrade_state)(const oarlock_manager *, oarlock_lock, oarlock_state *,
                                           uint64_t *);
oarlock_status WRAPPED(oarlock_upgrade_state)(const oarlock_manager *manager, oarlock_lock lock,
                                              oarlock_state *state, uint64_t *token) {
  const oarlock_status status = REAL(oarlock_upgrade_state)(manager, lock, state, token);
  if (state != NULL && *state == OARLOCK_GRANTED) learn(status, manager);
  return status;
}

/* Upgrades: a grant of more. One that a callback or a queue is told of is learned
 * of there. */
oarlock_status REAL(oarlock_try_upgrade)(const oarlock_manager *, oarlock_lock, uint64_t *,
                                         oarlock_error **);
oarlock_status WRAPPED(oarlock_try_upgrade)(const oarlock_manager *manager, oarlock_lock lock,
                                            uint64_t *token, oarlock_error **error) {
  const oarlock_status status = REAL(oarlock_try_upgrade)(manager, lock, token, error);
  learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_upgrade)(const oarlock_manager *, oarlock_lock, int64_t, uint64_t *,
                                     oarlock_error **);
oarlock_status WRAPPED(oarlock_upgrade)(const oarlock_manager *manager, oarlock_lock lock,
                                        int64_t timeout_ns, uint64_t *token,
                                        oarlock_error **error) {
  const oarlock_status status = REAL(oarlock_upgrade)(manager, lock, timeout_ns, token, error);
  learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_upgrade_wait)(const oarlock_manager *, oarlock_lock, int64_t, uint64_t *,
                                          oarlock_error **);
oarlock_status WRAPPED(oarlock_upgrade_wait)(const oarlock_manager *manager, oarlock_lock lock,
                                             int64_t timeout_ns, uint64_t *token,
                                             oarlock_error **error) {
  const oarlock_status status = REAL(oarlock_upgrade_wait)(manager, lock, timeout_ns, token, error);
  learn(status, manager);
  return status;
}

/* What a queue is given is known to whoever fetches from one. */
oarlock_status REAL(oarlock_enqueue_queue)(const oarlock_manager *, const oarlock_claim *, size_t,
                                           const oarlock_request_options *, int64_t,
                                           const oarlock_queue *, void *, oarlock_lock *,
                                           oarlock_state *, uint64_t *, oarlock_error **);
oarlock_status WRAPPED(oarlock_enqueue_queue)(const oarlock_manager *manager,
                                              const oarlock_claim *claims, size_t count,
                                              const oarlock_request_options *options,
                                              int64_t timeout_ns, const oarlock_queue *queue,
                                              void *data, oarlock_lock *lock, oarlock_state *state,
                                              uint64_t *token, oarlock_error **error) {
  tell(NULL);
  const oarlock_status status =
      REAL(oarlock_enqueue_queue)(manager, claims, count, options, timeout_ns, queue, data, lock,
                                  state, token, error);
  if (status == OARLOCK_OK && state != NULL && *state == OARLOCK_GRANTED) learn(status, manager);
  return status;
}

oarlock_status REAL(oarlock_queue_post)(const oarlock_queue *, void *);
oarlock_status WRAPPED(oarlock_queue_post)(const oarlock_queue *queue, void *data) {
  tell(NULL);
  return REAL(oarlock_queue_post)(queue, data);
}

oarlock_status REAL(oarlock_queue_drain)(const oarlock_queue *, oarlock_completion *, size_t,
                                         size_t *);
oarlock_status WRAPPED(oarlock_queue_drain)(const oarlock_queue *queue, oarlock_completion *fetched,
                                            size_t capacity, size_t *count) {
  const oarlock_status status = REAL(oarlock_queue_drain)(queue, fetched, capacity, count);
  learn(status, &everything);
  return status;
}

oarlock_status REAL(oarlock_queue_wait)(const oarlock_queue *, int64_t, oarlock_completion *, size_t,
                                        size_t *);
oarlock_status WRAPPED(oarlock_queue_wait)(const oarlock_queue *queue, int64_t timeout_ns,
                                           oarlock_completion *fetched, size_t capacity,
                                           size_t *count) {
  const oarlock_status status = REAL(oarlock_queue_wait)(queue, timeout_ns, fetched, capacity, count);
  learn(status, &everything);
  return status;
}
