/* The library, loaded by hand: after this, the functions of oarlock.h are those of
 * the copy that `api` names. To be included first. */
#ifndef LOADED_H
#define LOADED_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <dlfcn.h>

#include "oarlock.h"

#define LOADED_FUNCTIONS(X)                                                               \
  X(version) X(status_name) X(error_code) X(error_parties) X(manager_new)                 \
  X(manager_named) X(manager_free) X(owner_new) X(owner_id) X(owner_free) X(acquire)      \
  X(would_grant) X(try_acquire) X(release) X(queue_new) X(queue_free) X(queue_drain)      \
  X(queue_wait) X(queue_post) X(enqueue) X(enqueue_callback) X(enqueue_queue) X(upgrade)  \
  X(inspect) X(snapshot_count) X(snapshot_free) X(stats_get) X(watch_new) X(watch_free)   \
  X(now) X(lock_state) X(lock_token)

#define LOADED_FIELD(name) __typeof__(&oarlock_##name) name;
struct loaded {
  void *handle;
  LOADED_FUNCTIONS(LOADED_FIELD)
};

/* Written while no other thread of the test runs. */
static struct loaded *api;

/* A function's address, since ISO C has no way from a data pointer to it. */
#define LOADED_FIND(name)                                            \
  symbol = dlsym(loaded->handle, "oarlock_" #name);                  \
  if (symbol == NULL) return 0;                                      \
  memcpy(&loaded->name, &symbol, sizeof symbol);

/* Whether it could be loaded, with all of them. */
static inline int loaded_open(struct loaded *loaded, const char *path, int flags) {
  void *symbol = NULL;
  loaded->handle = dlopen(path, flags);
  if (loaded->handle == NULL) return 0;
  LOADED_FUNCTIONS(LOADED_FIND)
  return 1;
}

#define oarlock_version api->version
#define oarlock_status_name api->status_name
#define oarlock_error_code api->error_code
#define oarlock_error_parties api->error_parties
#define oarlock_manager_new api->manager_new
#define oarlock_manager_named api->manager_named
#define oarlock_manager_free api->manager_free
#define oarlock_owner_new api->owner_new
#define oarlock_owner_id api->owner_id
#define oarlock_owner_free api->owner_free
#define oarlock_acquire api->acquire
#define oarlock_would_grant api->would_grant
#define oarlock_try_acquire api->try_acquire
#define oarlock_release api->release
#define oarlock_queue_new api->queue_new
#define oarlock_queue_free api->queue_free
#define oarlock_queue_drain api->queue_drain
#define oarlock_queue_wait api->queue_wait
#define oarlock_queue_post api->queue_post
#define oarlock_enqueue api->enqueue
#define oarlock_enqueue_callback api->enqueue_callback
#define oarlock_enqueue_queue api->enqueue_queue
#define oarlock_upgrade api->upgrade
#define oarlock_inspect api->inspect
#define oarlock_snapshot_count api->snapshot_count
#define oarlock_snapshot_free api->snapshot_free
#define oarlock_watch_new api->watch_new
#define oarlock_watch_free api->watch_free
#define oarlock_now api->now
#define oarlock_lock_state api->lock_state
#define oarlock_lock_token api->lock_token
/* Like the struct oarlock_stats, which is no function. */
#define oarlock_stats_get api->stats_get

#endif
