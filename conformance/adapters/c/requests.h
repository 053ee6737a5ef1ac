/*
 * The requests of a scenario by their names, and the ways to wait for them. A
 * program would choose one; here the same steps go through each.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "words.h"

/* How what has to wait is waited for. */
enum way {
  BY_WAITING,  /* oarlock_enqueue, then oarlock_wait for no time */
  BY_CALLBACK, /* oarlock_enqueue_callback */
  BY_QUEUE     /* oarlock_enqueue_queue */
};

/* Where a request stands. */
enum standing { WAITS, HELD, UPGRADING, CLOSED, ENDED };

/* A request and the name that the steps give it. Lives until `forget_all`. */
struct request {
  char *name;
  oarlock_lock lock;
  enum standing standing; /* as it was told last */
  uint64_t token;         /* likewise */
  int untold;             /* outcomes that a callback or the queue still owes */
  struct request *next;
};

extern oarlock_manager *manager;

/* A new manager in which so many may wait, 0 for any number. All that was before
 * is gone. An untold outcome of it is INTERNAL. */
oarlock_status start_anew(enum way way, size_t max_waiting);
void forget_all(void);

/* The newest request of this name, or of this lock; NULL if there is none. */
struct request *find(const char *name);
struct request *find_lock(oarlock_lock lock);

/* A request arrives. It gets its name if it is not refused, and is in `out`. With
 * `trying` it does not wait: TIMEOUT or WOULD_BLOCK. */
oarlock_status arrive(const char *name, const struct asked *asked, int trying, struct request **out,
                      oarlock_error **error);
oarlock_status would_grant(const struct asked *asked, int32_t *would);

oarlock_status upgrade(struct request *request, oarlock_error **error);
oarlock_status cancel_upgrade(struct request *request);
oarlock_status downgrade(struct request *request);
oarlock_status release_part(struct request *request, oarlock_path path);
oarlock_status unlock(struct request *request);
oarlock_status close_manager(void);

/* Where it stands now. */
oarlock_status look(struct request *request);

#endif
