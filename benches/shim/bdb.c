// Berkeley DB's lock subsystem behind functions that need none of its types.
// Every function returns 0, or the library's error.

#include <db.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 32 };

struct shim_bdb_lock {
  DB_LOCK lock;
};
_Static_assert(sizeof(struct shim_bdb_lock) <= 32, "room for a lock on the other side");

// An environment in the memory of this process: locks, no transactions.
int shim_bdb_open(uint32_t most_locks, DB_ENV **out) {
  DB_ENV *env;
  int error = db_env_create(&env, 0);
  if (error != 0)
    return error;
  env->set_errfile(env, stderr);
  if ((error = env->set_lk_max_locks(env, most_locks)) != 0 ||
      (error = env->set_lk_max_objects(env, most_locks)) != 0 ||
      (error = env->set_lk_max_lockers(env, 1000)) != 0 ||
      // As many chains as there will be objects: short chains throughout.
      (error = env->set_lk_tablesize(env, most_locks)) != 0 ||
      (error = env->open(env, NULL, DB_CREATE | DB_INIT_LOCK | DB_PRIVATE | DB_THREAD, 0)) != 0) {
    env->close(env, 0);
    return error;
  }
  *out = env;
  return 0;
}

int shim_bdb_close(DB_ENV *env) { return env->close(env, 0); }

int shim_bdb_locker(DB_ENV *env, uint32_t *locker) { return env->lock_id(env, locker); }

int shim_bdb_locker_free(DB_ENV *env, uint32_t locker) { return env->lock_id_free(env, locker); }

int shim_bdb_get(DB_ENV *env, uint32_t locker, const void *name, uint32_t length, int write,
                 struct shim_bdb_lock *lock) {
  DBT object;
  memset(&object, 0, sizeof object);
  object.data = (void *)name;
  object.size = length;
  return env->lock_get(env, locker, 0, &object, write ? DB_LOCK_WRITE : DB_LOCK_READ, &lock->lock);
}

int shim_bdb_put(DB_ENV *env, struct shim_bdb_lock *lock) { return env->lock_put(env, &lock->lock); }

// Locks all paths in one vector, then unlocks all that the locker has in another.
// A path is `depth` names in one piece of memory: name i is lengths[i] bytes from
// offsets[i]. The last one is written, those above intend it.
int shim_bdb_vector(DB_ENV *env, uint32_t locker, const char *const *paths, uint32_t count,
                    const uint32_t *offsets, const uint32_t *lengths, uint32_t depth) {
  DB_LOCKREQ requests[MOST_NAMES];
  DBT objects[MOST_NAMES];
  DB_LOCKREQ *failed;
  uint32_t n = 0;
  int error;
  if (count * depth > MOST_NAMES)
    return -1;
  memset(requests, 0, sizeof requests[0] * count * depth);
  memset(objects, 0, sizeof objects[0] * count * depth);
  for (uint32_t path = 0; path < count; path++) {
    for (uint32_t level = 0; level < depth; level++, n++) {
      objects[n].data = (void *)(paths[path] + offsets[level]);
      objects[n].size = lengths[level];
      requests[n].op = DB_LOCK_GET;
      requests[n].mode = level + 1 == depth ? DB_LOCK_WRITE : DB_LOCK_IWRITE;
      requests[n].obj = &objects[n];
    }
  }
  if ((error = env->lock_vec(env, locker, 0, requests, (int)n, &failed)) != 0)
    return error;
  DB_LOCKREQ all;
  memset(&all, 0, sizeof all);
  all.op = DB_LOCK_PUT_ALL;
  return env->lock_vec(env, locker, 0, &all, 1, &failed);
}
