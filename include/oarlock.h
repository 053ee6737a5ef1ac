/*
 * oarlock.h: the C interface of Oarlock, a lock manager that a program links in.
 *
 * Generated from the source of the library: change that, not this file.
 *
 * A resource is a path such as accounts/42/cards; a claim reads or writes a path
 * and everything below it; a request holds one or more claims and is granted as
 * a whole. Requests that conflict are served first in, first out; requests that
 * do not conflict never wait for each other. A program in which every thread
 * holds one request at a time cannot deadlock.
 *
 * IF YOU READ ONLY ONE PAGE:
 *
 *     #include <oarlock.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       oarlock_manager *locks = NULL;
 *       if (oarlock_manager_new(NULL, &locks, NULL) != OARLOCK_OK) return 1;
 *
 *       // Both together, within a second (in nanoseconds), or neither.
 *       const oarlock_claim claims[] = {oarlock_write("accounts/42"), oarlock_read("rates")};
 *       oarlock_lock lock = 0;
 *       oarlock_error *error = NULL;
 *       const oarlock_status status =
 *           oarlock_acquire(locks, claims, 2, 1000000000, &lock, NULL, &error);
 *       if (status == OARLOCK_OK) {
 *         puts("accounts/42 and all below it is ours, and nobody writes the rates");
 *         oarlock_release(locks, lock);
 *       } else if (status == OARLOCK_ERR_TIMEOUT) {
 *         puts("somebody else has it");
 *       } else {
 *         puts(oarlock_error_message(error));
 *       }
 *       oarlock_error_free(error);
 *       oarlock_manager_free(locks);
 *       return status == OARLOCK_OK ? 0 : 1;
 *     }
 *
 * It is built by: cc program.c $(pkg-config --cflags --libs oarlock)
 *
 * CALLS. Every function that can fail returns an oarlock_status: OARLOCK_OK (0)
 * or a negative number. Outputs come last and are always written: 0 or NULL when
 * the call fails. An output that a comment does not allow to be NULL must be
 * given. In the comments statuses are named without OARLOCK_ERR_.
 *
 * OWNERSHIP. What a function hands out through an oarlock_X ** is the caller's,
 * to give to oarlock_X_free, which ignores NULL. What a function takes by a
 * pointer to const it only reads, during the call, and does not keep: strings,
 * claims and options may live on the stack. A lock is a number and needs no
 * freeing, but ending: oarlock_release.
 *
 * THREADS. A manager may be used by any number of threads at once. A lock belongs
 * to no thread: one may acquire it and another release it. The library starts no
 * threads. Callbacks run with no internal lock held.
 *
 * FORK. In a child made by fork(), a manager of the parent is refused with
 * OARLOCK_ERR_FORKED by every function; the parent's locks are not touched. The
 * child may make managers of its own; a name gives it another manager than the
 * parent's. (fork() is seen by pthread_atfork: vfork, _Fork and clone are not.)
 *
 * ERRORS. Some functions take an oarlock_error ** as their last parameter. Where
 * it is not NULL, a failure leaves an oarlock_error there with the status and a
 * message about this very case; success leaves NULL. There is no last error of a
 * thread. A bug in the library comes back as OARLOCK_ERR_PANIC, not as a crash.
 *
 * VERSIONS. OARLOCK_VERSION is the header's version, oarlock_version() that of
 * the library that is loaded. A status number is never used for something else
 * and structs only grow at their end, told by their struct_size. Before 1.0 the
 * ABI may change with the minor version, and the soname with it.
 */


#ifndef OARLOCK_H
#define OARLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The version of the header as text: "0.1.0". */
#define OARLOCK_VERSION \
  OARLOCK_DOTTED_(OARLOCK_VERSION_MAJOR, OARLOCK_VERSION_MINOR, OARLOCK_VERSION_PATCH)
#define OARLOCK_DOTTED_(major, minor, patch) OARLOCK_QUOTED_(major.minor.patch)
#define OARLOCK_QUOTED_(text) #text

/** The version of the header as a number that compares: 0.1.0 is 1000. */
#define OARLOCK_VERSION_NUMBER \
  (OARLOCK_VERSION_MAJOR * 1000000 + OARLOCK_VERSION_MINOR * 1000 + OARLOCK_VERSION_PATCH)

/** What an oarlock_manager_options starts as: everything at its default. */
#define OARLOCK_MANAGER_OPTIONS_INIT \
  { sizeof(oarlock_manager_options), 0, 0, 0, 0, 0, 0 }

/**
 * The major version of the header.
 */
#define OARLOCK_VERSION_MAJOR 0

/**
 * The minor version of the header.
 */
#define OARLOCK_VERSION_MINOR 1

/**
 * The patch version of the header.
 */
#define OARLOCK_VERSION_PATCH 0

/**
 * Shared: conflicts with writes of the path, above it and below it.
 */
#define OARLOCK_READ 1

/**
 * Exclusive: conflicts with reads and writes of the path, above and below it.
 */
#define OARLOCK_WRITE 2

/**
 * As a timeout: wait for as long as it takes.
 */
#define OARLOCK_FOREVER (-1)

/**
 * The details of one failure: its status and a message for a person. Made by
 * the functions that have an `oarlock_error **` as their last parameter, which
 * may be NULL; freed with oarlock_error_free.
 *
 * Threads: may be read by several threads at once and freed by any one.
 * It outlives the manager whose call made it.
 */
typedef struct oarlock_error oarlock_error;

/**
 * A handle to a lock manager: a tree of paths with the locks on it.
 *
 * Threads: every function may be called on one handle by any number of threads
 * at once, except oarlock_manager_free, which must be the last.
 */
typedef struct oarlock_manager oarlock_manager;

/**
 * The result of a call: 0 for success, a negative number for an error.
 */
typedef int32_t oarlock_status;

/**
 * Options for oarlock_manager_new. Start from OARLOCK_MANAGER_OPTIONS_INIT and
 * set what should differ; 0 in a field means its default. Later versions add
 * fields at the end: struct_size says which of them the caller knows.
 */
typedef struct {
  /**
   * sizeof(oarlock_manager_options), as the caller compiled it.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The most claims in one request (default 4096).
   */
  size_t max_claims;
  /**
   * The most segments in one path (default 1024).
   */
  size_t max_segments;
  /**
   * The most bytes in one path, separators not counted (default 65536).
   */
  size_t max_path_bytes;
  /**
   * How many parts the tree is divided into, by first segments, so that
   * threads under different ones rarely meet at an internal lock: 1 to 256
   * (default 32); a greater number counts as 256. The number changes no
   * answer.
   */
  size_t shards;
  /**
   * The most segments in all the paths of one request together (default
   * 16384).
   */
  size_t max_request_segments;
} oarlock_manager_options;

/**
 * A string of bytes: a pointer and a length, with no NUL at the end needed.
 * It is borrowed for the call that it is passed to and not kept. {NULL, 0} is
 * the empty string; {NULL, n} with n > 0 is an error.
 */
typedef struct {
  /**
   * The first byte; may be NULL when len is 0.
   */
  const char *ptr;
  /**
   * The number of bytes.
   */
  size_t len;
} oarlock_str;

/**
 * A path and a mode. A claim covers the path and everything below it. It and
 * all it points to are borrowed for the call only.
 *
 * The path is given in one of two forms:
 * - as text, split at '/': set `path`, leave `segments` NULL. The empty text
 *   is the root. An empty segment ("a//b", "/a", "a/") is an error.
 * - as a list of segments, taken as they are (a segment may hold '/', NUL or
 *   nothing): set `segments` and `segment_count`, leave `path` empty. A list
 *   of no segments is the root.
 */
typedef struct {
  /**
   * OARLOCK_READ or OARLOCK_WRITE.
   */
  int32_t mode;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The path as text.
   */
  oarlock_str path;
  /**
   * The path as a list, or NULL.
   */
  const oarlock_str *segments;
  /**
   * The number of segments in the list.
   */
  size_t segment_count;
} oarlock_claim;

/**
 * One request of one manager, waiting or granted: a number, never 0, that is
 * checked at every use. Once the request has ended, or with another manager,
 * it is OARLOCK_ERR_STALE and never somebody else's lock.
 *
 * Threads: any thread may use it, whichever one acquired it.
 */
typedef uint64_t oarlock_lock;

/**
 * Where a request stands: OARLOCK_WAITING or OARLOCK_GRANTED.
 */
typedef int32_t oarlock_state;

/**
 * Told the outcome of a request that had to wait. On OARLOCK_OK the request is
 * granted: `lock` is now the callee's, to end with oarlock_release, and `token`
 * its fencing token. On CANCELLED or CLOSED both are 0.
 *
 * Runs with no internal lock held, so it may call any function of this library
 * but oarlock_manager_free; runs inside the release, cancel, close or free that
 * decided the outcome, so it should be short. Must not unwind or longjmp out.
 */
typedef void (*oarlock_callback)(void *user_data,
                                 oarlock_status status,
                                 oarlock_lock lock,
                                 uint64_t token);

/**
 * Gives the user data back: called once, when nothing will use it any more.
 * Must not unwind or longjmp out.
 */
typedef void (*oarlock_drop)(void *user_data);

/**
 * Success.
 */
#define OARLOCK_OK 0

/**
 * The lock is not free at once, and the call was one that does not wait.
 */
#define OARLOCK_ERR_WOULD_BLOCK (-1)

/**
 * The timeout passed before the request was granted.
 */
#define OARLOCK_ERR_TIMEOUT (-2)

/**
 * The request was cancelled while it waited.
 */
#define OARLOCK_ERR_CANCELLED (-3)

/**
 * Reserved: waiting would close a circle of owners. Not returned yet.
 */
#define OARLOCK_ERR_DEADLOCK (-4)

/**
 * The manager is closed.
 */
#define OARLOCK_ERR_CLOSED (-5)

/**
 * The lock is not one of this manager's, or it has ended already.
 */
#define OARLOCK_ERR_STALE (-6)

/**
 * The manager was made before a fork and is used in the child.
 */
#define OARLOCK_ERR_FORKED (-7)

/**
 * A bug in the library: a panic was caught at the boundary.
 */
#define OARLOCK_ERR_PANIC (-8)

/**
 * Cancelling came too late: the request is granted and the caller holds it.
 */
#define OARLOCK_ERR_GRANTED (-9)

/**
 * The system refused something that the library needs, or an error of a kind
 * that this version of the header has no number for.
 */
#define OARLOCK_ERR_INTERNAL (-10)

/**
 * A null or misaligned pointer where a value is needed, or a reserved field
 * that is not 0.
 */
#define OARLOCK_ERR_INVALID_ARGUMENT (-20)

/**
 * A mode that is neither OARLOCK_READ nor OARLOCK_WRITE.
 */
#define OARLOCK_ERR_INVALID_MODE (-21)

/**
 * A request without claims.
 */
#define OARLOCK_ERR_NO_CLAIMS (-22)

/**
 * An empty segment in the text of a path: "a//b", "/a" or "a/".
 */
#define OARLOCK_ERR_EMPTY_SEGMENT (-23)

/**
 * More claims in a request than the manager's limit.
 */
#define OARLOCK_ERR_TOO_MANY_CLAIMS (-24)

/**
 * More segments in a path than the manager's limit.
 */
#define OARLOCK_ERR_TOO_MANY_SEGMENTS (-25)

/**
 * More bytes in a path than the manager's limit.
 */
#define OARLOCK_ERR_PATH_TOO_LONG (-26)

/**
 * A timeout below -1.
 */
#define OARLOCK_ERR_INVALID_TIMEOUT (-27)

/**
 * A timeout that cannot be added to the present time.
 */
#define OARLOCK_ERR_TIMEOUT_TOO_LARGE (-28)

/**
 * More requests alive at once than the manager can number.
 */
#define OARLOCK_ERR_TOO_MANY_REQUESTS (-29)

/**
 * A manager's name that is not UTF-8.
 */
#define OARLOCK_ERR_INVALID_NAME (-30)

/**
 * More segments in all the paths of a request together than the manager's
 * limit.
 */
#define OARLOCK_ERR_REQUEST_TOO_LARGE (-31)

/**
 * The request waits in the queue.
 */
#define OARLOCK_WAITING 1

/**
 * The request is granted: the caller holds the lock.
 */
#define OARLOCK_GRANTED 2

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Gives the version of the library that is loaded, as text ("0.1.0"). It can
 * differ from OARLOCK_VERSION, which is the header's.
 *
 * Ownership: the text is static; do not free it.
 * Lifetimes: valid until the library is unloaded.
 * Threads: any.
 * Blocks: never.
 * Statuses: none.
 */
const char *oarlock_version(void);

/**
 * Gives the version of the library that is loaded as a number that compares
 * like OARLOCK_VERSION_NUMBER: major * 1000000 + minor * 1000 + patch.
 *
 * Ownership: nothing.
 * Lifetimes: nothing.
 * Threads: any.
 * Blocks: never.
 * Statuses: none.
 */
uint32_t oarlock_version_number(void);

/**
 * Gives the short name of a status: that of its macro, without OARLOCK_ or
 * OARLOCK_ERR_ and in small letters: "ok", "would-block", "no-claims", ...
 *
 * Ownership: the text is static; do not free it.
 * Lifetimes: valid until the library is unloaded.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; an unknown number gives "unknown".
 */
const char *oarlock_status_name(oarlock_status status);

/**
 * Gives the sentence of a status, for a person to read. It may change between
 * versions; an oarlock_error says more.
 *
 * Ownership: the text is static; do not free it.
 * Lifetimes: valid until the library is unloaded.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; an unknown number gives "an unknown status".
 */
const char *oarlock_status_message(oarlock_status status);

/**
 * Gives the status that the failed call returned.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `error` must not have been freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: that of the failed call; OARLOCK_OK when `error` is NULL.
 */
oarlock_status oarlock_error_code(const oarlock_error *error);

/**
 * Gives the message: a sentence in English, UTF-8, ended by a NUL.
 *
 * Ownership: the text belongs to the error; do not free it.
 * Lifetimes: `error` must not have been freed; the text is valid until it is.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; the text is empty when `error` is NULL.
 */
const char *oarlock_error_message(const oarlock_error *error);

/**
 * Frees an error. Does nothing when `error` is NULL.
 *
 * Ownership: takes the error.
 * Lifetimes: neither the error nor its message may be used afterwards.
 * Threads: any, once.
 * Blocks: never.
 * Statuses: none.
 */
void oarlock_error_free(oarlock_error *error);

/**
 * Makes a new manager, with nothing locked.
 *
 * Ownership: *out_manager is the caller's, to free with oarlock_manager_free;
 *   NULL on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `options` is read during the call only.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT for a NULL `out_manager` or options
 *   that this version does not know; INTERNAL; PANIC.
 *
 * `options` may be NULL for the defaults.
 */
oarlock_status oarlock_manager_new(const oarlock_manager_options *options,
                                   oarlock_manager **out_manager,
                                   oarlock_error **out_error);

/**
 * Gives a handle to the manager of this name in this process, which is made,
 * with default options, when there is none. Everything in the process that
 * uses this copy of the library shares it. It lives until its last handle is
 * freed; after that the name is free again.
 *
 * Ownership: *out_manager is the caller's, to free with oarlock_manager_free;
 *   NULL on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `name` is read during the call only.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT for a NULL `out_manager` or a NULL
 *   name with a length; INVALID_NAME for a name that is not UTF-8; INTERNAL;
 *   PANIC.
 *
 * The empty name is a name like any other.
 */
oarlock_status oarlock_manager_named(oarlock_str name,
                                     oarlock_manager **out_manager,
                                     oarlock_error **out_error);

/**
 * Frees a handle. Does nothing when `manager` is NULL.
 *
 * If it is the manager's last handle (a manager without a name has only one),
 * the manager ends with it: waiting requests end with CLOSED, their callbacks
 * are called, and its locks are gone. So release what you hold first.
 *
 * Ownership: takes the handle.
 * Lifetimes: the handle must not be used afterwards. Errors outlive it.
 * Threads: any, once, while no other call on the handle is running: also not
 *   from a callback that runs inside such a call.
 * Blocks: never; callbacks of waiting requests run inside this call.
 * Statuses: none.
 *
 * In a forked child, a handle from before the fork is left as it is: nothing
 * of it is touched or given back.
 */
void oarlock_manager_free(oarlock_manager *manager);

/**
 * Closes the manager, for all its handles: every waiting request ends with
 * CLOSED, and so does every later one. Locks that are held stay held until
 * they are released. Closing twice does nothing.
 *
 * Ownership: the handle stays the caller's, to free.
 * Lifetimes: `manager` must not have been freed.
 * Threads: any.
 * Blocks: never; callbacks of waiting requests run inside this call.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_manager_close(const oarlock_manager *manager);

/**
 * Tells whether this process may use the handle: it may not in a child that
 * was forked after the handle was made. Looks at nothing else, so it is cheap
 * and also holds for a closed manager.
 *
 * Ownership: the handle stays the caller's.
 * Lifetimes: `manager` must not have been freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED.
 */
oarlock_status oarlock_manager_check(const oarlock_manager *manager);

/**
 * Acquires all the claims together, and waits until that is possible:
 * requests that conflict are granted in the order of their calls.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
 *   failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `claims` and all they point to are read during the call only.
 * Threads: any. The lock belongs to no thread.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all.
 * Statuses: OARLOCK_OK; TIMEOUT (the request has left the queue); CLOSED;
 *   NO_CLAIMS, INVALID_MODE, EMPTY_SEGMENT, TOO_MANY_CLAIMS,
 *   TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE, INVALID_TIMEOUT
 *   (below -1), TIMEOUT_TOO_LARGE, TOO_MANY_REQUESTS; INVALID_ARGUMENT;
 *   FORKED; PANIC.
 *
 * Nobody is told the lock's number before the call returns, so a call that
 * blocks cannot be cancelled (only a number made up that happens to be its own
 * ends it, with CANCELLED). To be able to, use oarlock_enqueue and oarlock_wait.
 *
 * *out_token is the fencing token: of two conflicting requests the later one
 * has the greater token. `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_acquire(const oarlock_manager *manager,
                               const oarlock_claim *claims,
                               size_t claim_count,
                               int64_t timeout_ns,
                               oarlock_lock *out_lock,
                               uint64_t *out_token,
                               oarlock_error **out_error);

/**
 * Acquires all the claims together if that is possible at once; never queues.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
 *   failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `claims` and all they point to are read during the call only.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; WOULD_BLOCK; CLOSED; NO_CLAIMS, INVALID_MODE,
 *   EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS, PATH_TOO_LONG,
 *   REQUEST_TOO_LARGE, TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_token` and `out_error` may be NULL. WOULD_BLOCK makes an error object,
 * too, where `out_error` is given: pass NULL where it is expected often.
 */
oarlock_status oarlock_try_acquire(const oarlock_manager *manager,
                                   const oarlock_claim *claims,
                                   size_t claim_count,
                                   oarlock_lock *out_lock,
                                   uint64_t *out_token,
                                   oarlock_error **out_error);

/**
 * Waits until a request made by oarlock_enqueue is granted. When the time is
 * up the request keeps its place in the queue, and may be waited for again.
 *
 * Ownership: the lock stays the caller's: on success to end with
 *   oarlock_release, on TIMEOUT with oarlock_release or oarlock_cancel. After
 *   any other status the request has ended.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any, also several at once for one lock.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all.
 * Statuses: OARLOCK_OK (also when it was granted long ago); TIMEOUT;
 *   CANCELLED (cancelled or released meanwhile); CLOSED; STALE;
 *   INVALID_TIMEOUT, TIMEOUT_TOO_LARGE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_token` may be NULL.
 */
oarlock_status oarlock_wait(const oarlock_manager *manager,
                            oarlock_lock lock,
                            int64_t timeout_ns,
                            uint64_t *out_token);

/**
 * Tells where a request stands now: *out_state is OARLOCK_WAITING or
 * OARLOCK_GRANTED; 0 on failure.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_lock_state(const oarlock_manager *manager,
                                  oarlock_lock lock,
                                  oarlock_state *out_state);

/**
 * Tells the fencing token of a granted request: never 0; 0 on failure.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; WOULD_BLOCK (it waits still and has no token yet);
 *   STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_lock_token(const oarlock_manager *manager,
                                  oarlock_lock lock,
                                  uint64_t *out_token);

/**
 * Cancels a request that waits: it leaves the queue at once, and whoever waits
 * for it in oarlock_wait or by a callback gets CANCELLED. Cancel and grant
 * race: exactly one wins, and the status says which.
 *
 * Ownership: on success, the request has ended. On GRANTED the caller holds
 *   the lock and ends it with oarlock_release.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this ends or lets in run inside
 *   this call.
 * Statuses: OARLOCK_OK; GRANTED; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_cancel(const oarlock_manager *manager, oarlock_lock lock);

/**
 * Ends a request: releases it when it is granted, cancels it when it waits.
 * Works on a closed manager too.
 *
 * Ownership: the request has ended; using the lock again is STALE.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any, whichever one acquired it.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_release(const oarlock_manager *manager, oarlock_lock lock);

/**
 * Gives a request its place in the queue and returns at once. *out_state is
 * OARLOCK_GRANTED when it was granted at once, else OARLOCK_WAITING: then go on
 * with oarlock_wait, oarlock_lock_state, oarlock_cancel or oarlock_release.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release whether it
 *   waits or is granted; 0 on failure. *out_error, where given, is the
 *   caller's on failure.
 * Lifetimes: `claims` and all they point to are read during the call only.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; CLOSED; NO_CLAIMS, INVALID_MODE, EMPTY_SEGMENT,
 *   TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE,
 *   TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_error` may be NULL.
 */
oarlock_status oarlock_enqueue(const oarlock_manager *manager,
                               const oarlock_claim *claims,
                               size_t claim_count,
                               oarlock_lock *out_lock,
                               oarlock_state *out_state,
                               oarlock_error **out_error);

/**
 * Gives a request its place in the queue and returns at once; if it has to
 * wait, `callback` is called with its outcome.
 *
 * When *out_state is OARLOCK_GRANTED the caller holds the lock already and
 * `callback` is never called. When it is OARLOCK_WAITING, `callback` is called
 * exactly once: never inside this call, but perhaps on another thread before
 * this call returns. On failure it is never called.
 *
 * Ownership: *out_lock is the caller's when granted at once, and the
 *   callback's when it is called with OARLOCK_OK; 0 on failure. `user_data` is
 *   the library's from the call on, whatever it returns: it is given to `drop`,
 *   unless that is NULL, exactly once: after `callback` has returned, or, when
 *   `callback` will not be called, inside this call. *out_error, where given,
 *   is the caller's on failure.
 * Lifetimes: `claims` and all they point to are read during the call only;
 *   `user_data` and both functions must live until `drop` is called.
 * Threads: any. `callback` and `drop` run on the thread whose release, cancel,
 *   close or free decides the outcome, so they must be able to run on any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; CLOSED; NO_CLAIMS, INVALID_MODE, EMPTY_SEGMENT,
 *   TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE,
 *   TOO_MANY_REQUESTS; INVALID_ARGUMENT (also for a NULL `callback`); FORKED; PANIC.
 *
 * `user_data`, `drop` and `out_error` may be NULL.
 */
oarlock_status oarlock_enqueue_callback(const oarlock_manager *manager,
                                        const oarlock_claim *claims,
                                        size_t claim_count,
                                        oarlock_callback callback,
                                        void *user_data,
                                        oarlock_drop drop,
                                        oarlock_lock *out_lock,
                                        oarlock_state *out_state,
                                        oarlock_error **out_error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* Shorthands for claims on paths. They only fill in a struct: the claim borrows
 * what it is made from, which must live until the call that it is passed to
 * returns. Any thread; never block. */

/** A string from a text that ends with a NUL. NULL gives the empty string. */
static inline oarlock_str oarlock_str_of(const char *text) {
  oarlock_str str = {text, text == NULL ? 0 : strlen(text)};
  return str;
}

/** A claim of this mode on a path given as text. */
static inline oarlock_claim oarlock_claim_text(int32_t mode, oarlock_str path) {
  oarlock_claim claim = {mode, 0, path, NULL, 0};
  return claim;
}

/** A claim of this mode on a path given as a list of segments. */
static inline oarlock_claim oarlock_claim_segments(int32_t mode, const oarlock_str *segments,
                                                   size_t segment_count) {
  oarlock_claim claim = {mode, 0, {NULL, 0}, segments, segment_count};
  return claim;
}

/** A shared claim on a path given as text that ends with a NUL. */
static inline oarlock_claim oarlock_read(const char *path) {
  return oarlock_claim_text(OARLOCK_READ, oarlock_str_of(path));
}

/** An exclusive claim on a path given as text that ends with a NUL. */
static inline oarlock_claim oarlock_write(const char *path) {
  return oarlock_claim_text(OARLOCK_WRITE, oarlock_str_of(path));
}

#endif  /* OARLOCK_H */
