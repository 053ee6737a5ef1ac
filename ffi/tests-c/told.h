/* What a callback was told, and how often; awaited, where it runs elsewhere. */
#ifndef TOLD_H
#define TOLD_H

#include "check.h"

struct told {
  oarlock_manager *manager; /* read-only; for callbacks that call back */
  pthread_mutex_t mutex;    /* guards what follows */
  pthread_cond_t dropped;
  int calls, drops;
  int after_drop; /* calls after a drop: there must be none */
  oarlock_status status;
  oarlock_lock lock;
  uint64_t token;
  oarlock_status error_code; /* of the error, while it could be read; OK without one */
  size_t parties;
  pthread_t thread; /* on which it was called */
};

#define TOLD_INIT(manager)                                                            \
  { manager, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 99, 99, 99, \
    99, 99, 0 }

static inline void on_outcome(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                              const oarlock_error *error) {
  struct told *const told = (struct told *)data;
  pthread_mutex_lock(&told->mutex);
  told->calls++;
  told->after_drop += told->drops != 0;
  told->status = status;
  told->lock = lock;
  told->token = token;
  told->error_code = oarlock_error_code(error);
  oarlock_error_parties(error, &told->parties);
  told->thread = pthread_self();
  pthread_mutex_unlock(&told->mutex);
}

static inline void on_drop(void *data) {
  struct told *const told = (struct told *)data;
  pthread_mutex_lock(&told->mutex);
  told->drops++;
  pthread_cond_broadcast(&told->dropped);
  pthread_mutex_unlock(&told->mutex);
}

/* Waits until the data is given back: nothing is called after that. */
static inline void told_await(struct told *told) {
  pthread_mutex_lock(&told->mutex);
  while (told->drops == 0) pthread_cond_wait(&told->dropped, &told->mutex);
  pthread_mutex_unlock(&told->mutex);
}

/* Whether nothing was called, and nothing given back. */
static inline int told_nothing(struct told *told) {
  pthread_mutex_lock(&told->mutex);
  const int nothing = told->calls == 0 && told->drops == 0;
  pthread_mutex_unlock(&told->mutex);
  return nothing;
}

/* Whether it was called this often in all, and the data given back once, after it. */
static inline int told_times(struct told *told, int calls) {
  pthread_mutex_lock(&told->mutex);
  const int right = told->calls == calls && told->drops == 1 && told->after_drop == 0;
  pthread_mutex_unlock(&told->mutex);
  return right;
}

/* Enqueues one claim with these functions. */
static inline oarlock_status told_enqueue(struct told *told, oarlock_claim claim,
                                          const oarlock_request_options *options,
                                          int64_t timeout_ns, oarlock_lock *lock,
                                          oarlock_state *state) {
  return oarlock_enqueue_callback(told->manager, &claim, 1, options, timeout_ns, on_outcome, told,
                                  on_drop, lock, state, NULL, NULL);
}

#endif
