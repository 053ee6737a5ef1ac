#include "requests.h"

#include <stdlib.h>
#include <string.h>

/* An owner and its name. */
struct owner {
  char *name;
  oarlock_owner *owner;
  struct owner *next;
};

oarlock_manager *manager;

static enum way way;
static oarlock_queue *queue;
static struct request *requests;
static struct owner *owners;

static char *copy(const char *text) {
  char *const made = (char *)allocate(strlen(text), 1);
  memcpy(made, text, strlen(text));
  return made;
}

/* The outcome of a request or an upgrade. */
static void told(struct request *request, oarlock_status status, uint64_t token) {
  --request->untold;
  if (request->standing == ENDED) return;
  if (status == OARLOCK_OK) {
    request->standing = HELD;
    request->token = token;
  } else if (request->standing == UPGRADING) {
    request->standing = HELD;
  } else {
    request->standing = status == OARLOCK_ERR_CLOSED ? CLOSED : ENDED;
  }
}

static void called(void *user_data, oarlock_status status, oarlock_lock lock, uint64_t token,
                   const oarlock_error *error) {
  struct request *const request = (struct request *)user_data;
  /* Says the same as the status, and the lock is the one that it is. */
  if (oarlock_error_code(error) != status || (lock != 0 && lock != request->lock)) abort();
  told(request, status, token);
}

/* Fetches what lies in the queue. Every outcome of a call is there when the call
 * returns. */
static void drain(void) {
  oarlock_completion got[4];
  size_t count = 0;
  if (queue == NULL) return;
  do {
    if (oarlock_queue_drain(queue, got, 4, &count) != OARLOCK_OK) abort();
    for (size_t i = 0; i < count; ++i) {
      told((struct request *)got[i].user_data, got[i].status, got[i].token);
      oarlock_error_free(got[i].error);
    }
  } while (count > 0);
}

void forget_all(void) {
  oarlock_manager_free(manager);
  manager = NULL;
  oarlock_queue_free(queue);
  queue = NULL;
  while (requests != NULL) {
    struct request *const next = requests->next;
    free(requests->name);
    free(requests);
    requests = next;
  }
  while (owners != NULL) {
    struct owner *const next = owners->next;
    oarlock_owner_free(owners->owner);
    free(owners->name);
    free(owners);
    owners = next;
  }
}

oarlock_status start_anew(enum way chosen, size_t max_waiting) {
  oarlock_manager_free(manager); /* which ends what waits */
  manager = NULL;
  drain();
  int untold = 0;
  for (const struct request *at = requests; at != NULL; at = at->next) untold |= at->untold;
  forget_all();
  if (untold) return OARLOCK_ERR_INTERNAL;
  way = chosen;
  if (way == BY_QUEUE) {
    const oarlock_status status = oarlock_queue_new(&queue, NULL);
    if (status != OARLOCK_OK) return status;
  }
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_waiting = max_waiting;
  return oarlock_manager_new(&options, &manager, NULL);
}

struct request *find(const char *name) {
  struct request *at = requests;
  while (at != NULL && strcmp(at->name, name) != 0) at = at->next;
  return at;
}

struct request *find_lock(oarlock_lock lock) {
  struct request *at = requests;
  while (at != NULL && at->lock != lock) at = at->next;
  return at;
}

/* The owner of this name, made if there is none; NULL for no name. */
static const oarlock_owner *owner_of(const char *name) {
  if (name == NULL) return NULL;
  for (const struct owner *at = owners; at != NULL; at = at->next) {
    if (strcmp(at->name, name) == 0) return at->owner;
  }
  struct owner *const made = (struct owner *)allocate(1, sizeof *made);
  if (oarlock_owner_new(manager, &made->owner, NULL) != OARLOCK_OK) abort();
  made->name = copy(name);
  made->next = owners;
  owners = made;
  return made->owner;
}

static oarlock_request_options options_of(const struct asked *asked) {
  oarlock_request_options options = OARLOCK_REQUEST_OPTIONS_INIT;
  options.owner = owner_of(asked->owner);
  options.label = asked->label;
  return options;
}

/* Calls what the way wants. */
static oarlock_status place(const struct asked *asked, int trying, struct request *request,
                            oarlock_state *state, oarlock_error **error) {
  const oarlock_request_options options = options_of(asked);
  const int64_t timeout = trying ? 0 : OARLOCK_FOREVER;
  oarlock_lock *const lock = &request->lock;
  uint64_t *const token = &request->token;
  switch (way) {
    case BY_CALLBACK:
      return oarlock_enqueue_callback(manager, asked->claims, asked->claim_count, &options, timeout,
                                      called, request, NULL, lock, state, token, error);
    case BY_QUEUE:
      return oarlock_enqueue_queue(manager, asked->claims, asked->claim_count, &options, timeout,
                                   queue, request, lock, state, token, error);
    default:
      if (!trying) {
        return oarlock_enqueue(manager, asked->claims, asked->claim_count, &options, lock, state,
                               token, error);
      }
      *state = OARLOCK_GRANTED;
      return oarlock_try_acquire(manager, asked->claims, asked->claim_count, &options, lock, token,
                                 error);
  }
}

oarlock_status arrive(const char *name, const struct asked *asked, int trying, struct request **out,
                      oarlock_error **error) {
  struct request *const request = (struct request *)allocate(1, sizeof *request);
  oarlock_state state = 0;
  request->name = copy(name);
  request->next = requests;
  const oarlock_status status = place(asked, trying, request, &state, error);
  *out = request;
  if (status != OARLOCK_OK) {
    free(request->name);
    free(request);
    *out = NULL;
  } else {
    request->standing = state == OARLOCK_GRANTED ? HELD : WAITS;
    request->untold = way != BY_WAITING && state == OARLOCK_WAITING;
    requests = request;
  }
  drain(); /* a request with an owner may let in, or end, others */
  return status;
}

oarlock_status would_grant(const struct asked *asked, int32_t *would) {
  const oarlock_request_options options = options_of(asked);
  return oarlock_would_grant(manager, asked->claims, asked->claim_count, &options, would, NULL);
}

oarlock_status upgrade(struct request *request, oarlock_error **error) {
  const enum standing before = request->standing;
  oarlock_state state = 0;
  uint64_t token = 0;
  oarlock_status status;
  if (before == HELD) request->standing = UPGRADING;
  ++request->untold;
  switch (way) {
    case BY_CALLBACK:
      status = oarlock_upgrade_callback(manager, request->lock, OARLOCK_FOREVER, called, request,
                                        NULL, &state, &token, error);
      break;
    case BY_QUEUE:
      status = oarlock_upgrade_queue(manager, request->lock, OARLOCK_FOREVER, queue, request,
                                     &state, &token, error);
      break;
    default:
      status = oarlock_upgrade_enqueue(manager, request->lock, &state, &token, error);
  }
  if (way == BY_WAITING || state != OARLOCK_WAITING) --request->untold;
  if (state != OARLOCK_WAITING) request->standing = before;
  if (state == OARLOCK_GRANTED) request->token = token;
  drain();
  return status;
}

oarlock_status cancel_upgrade(struct request *request) {
  const oarlock_status status = oarlock_upgrade_cancel(manager, request->lock);
  drain();
  return status;
}

oarlock_status downgrade(struct request *request) {
  const oarlock_status status = oarlock_downgrade(manager, request->lock);
  drain();
  return status;
}

oarlock_status release_part(struct request *request, oarlock_path path) {
  const oarlock_status status = oarlock_release_part(manager, request->lock, path, NULL);
  oarlock_state state = 0;
  if (status == OARLOCK_OK &&
      oarlock_lock_state(manager, request->lock, &state) == OARLOCK_ERR_STALE)
    request->standing = ENDED;
  drain();
  return status;
}

oarlock_status unlock(struct request *request) {
  const int waits = way != BY_WAITING && request->standing == WAITS;
  const oarlock_status status =
      waits ? oarlock_cancel(manager, request->lock) : oarlock_release(manager, request->lock);
  drain();
  if (status == OARLOCK_OK) request->standing = ENDED;
  return status;
}

oarlock_status close_manager(void) {
  const oarlock_status status = oarlock_manager_close(manager);
  drain();
  return status;
}

/* Without a callback or a queue the library has to be asked. */
static oarlock_status ask(struct request *request) {
  oarlock_state state = 0;
  oarlock_status status = oarlock_wait(manager, request->lock, 0, &request->token, NULL);
  switch (status) {
    case OARLOCK_ERR_TIMEOUT: request->standing = WAITS; return OARLOCK_OK;
    case OARLOCK_ERR_CLOSED: request->standing = CLOSED; return OARLOCK_OK;
    case OARLOCK_OK: break;
    default: return status;
  }
  status = oarlock_upgrade_state(manager, request->lock, &state, NULL);
  request->standing = state == OARLOCK_WAITING ? UPGRADING : HELD;
  return status;
}

oarlock_status look(struct request *request) {
  if (request->standing == ENDED || request->standing == CLOSED) return OARLOCK_OK;
  if (way == BY_WAITING) return ask(request);
  /* What was told is what the library says when it is asked. */
  oarlock_state state = 0;
  const oarlock_status status = oarlock_lock_state(manager, request->lock, &state);
  if (status == OARLOCK_OK && (request->standing == WAITS) != (state == OARLOCK_WAITING))
    return OARLOCK_ERR_INTERNAL;
  return status;
}
