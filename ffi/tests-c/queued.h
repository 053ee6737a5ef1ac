/* Helpers for tests of queues of completions. */
#ifndef QUEUED_H
#define QUEUED_H

#include "check.h"

static inline oarlock_queue *queued_new(void) {
  oarlock_queue *queue = NULL;
  const oarlock_status status = oarlock_queue_new(&queue, NULL);
  assert(status == OARLOCK_OK && queue != NULL);
  return queue;
}

/* A request on one claim whose outcome goes to the queue; it must have to wait. */
static inline oarlock_lock queued_waits(const oarlock_manager *manager, oarlock_claim claim,
                                        int64_t timeout_ns, const oarlock_queue *queue,
                                        void *user_data) {
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  uint64_t token = 9;
  const oarlock_status status = oarlock_enqueue_queue(manager, &claim, 1, NULL, timeout_ns, queue,
                                                      user_data, &lock, &state, &token, NULL);
  assert(status == OARLOCK_OK && lock != 0 && state == OARLOCK_WAITING && token == 0);
  return lock;
}

/* The next completion, which must be there. */
static inline oarlock_completion queued_next(const oarlock_queue *queue) {
  oarlock_completion done;
  size_t count = 99;
  const oarlock_status status = oarlock_queue_drain(queue, &done, 1, &count);
  assert(status == OARLOCK_OK && count == 1);
  return done;
}

/* The next completion, whenever it comes. */
static inline oarlock_completion queued_await(const oarlock_queue *queue) {
  oarlock_completion done;
  size_t count = 99;
  const oarlock_status status = oarlock_queue_wait(queue, OARLOCK_FOREVER, &done, 1, &count);
  assert(status == OARLOCK_OK && count == 1);
  return done;
}

static inline int queued_none(const oarlock_queue *queue) {
  oarlock_completion done;
  size_t count = 99;
  const oarlock_status status = oarlock_queue_drain(queue, &done, 1, &count);
  assert(status == OARLOCK_OK && count <= 1);
  return count == 0;
}

/* Checks a completion of this kind that is no success. */
static inline int queued_failed(const oarlock_completion *done, int32_t kind,
                                oarlock_status status, const void *user_data) {
  return done->kind == kind && done->status == status && done->user_data == user_data &&
         done->token == 0 && (kind == OARLOCK_COMPLETION_UPGRADE || done->lock == 0);
}

#endif
