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
 *           oarlock_acquire(locks, claims, 2, NULL, 1000000000, &lock, NULL, &error);
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
 * and where the library lies in a folder DIR that the loader does not search, with
 * -Wl,-rpath,DIR beside that.
 *
 * WAYS TO WAIT. A thread that may block calls oarlock_acquire. An event loop calls
 * oarlock_enqueue_queue, polls the one descriptor of its oarlock_queue and fetches
 * the outcomes in batches. oarlock_enqueue_callback calls a function with the
 * outcome. oarlock_enqueue takes a place in the queue now, to be waited for later.
 * All that waits takes a timeout in nanoseconds: OARLOCK_FOREVER (-1), 0 to try, or
 * up to INT64_MAX; oarlock_until makes one of an absolute time.
 *
 * CALLS. Every function that can fail returns an oarlock_status: OARLOCK_OK (0)
 * or a negative number. Outputs come last and are always written: 0 or NULL when
 * the call fails. An output that a comment does not allow to be NULL must be
 * given. In the comments statuses are named without OARLOCK_ERR_.
 *
 * OWNERSHIP. What a function hands out through an oarlock_X ** is the caller's,
 * to give to oarlock_X_free, which ignores NULL. What a function takes by a
 * pointer to const it only reads, during the call, and does not keep: strings,
 * claims and options may live on the stack. A pointer that was freed must not be
 * used or freed again; the library cannot notice that. A lock is a number, which is
 * not freed but ended, by oarlock_release; using it after that is noticed: STALE.
 *
 * THREADS. Everything here may be used by any number of threads at once, except
 * the functions that free, of which one call is the last. A lock belongs to no
 * thread: one may acquire it and another release it, and a thread that ends
 * leaves what it holds held. Callbacks run with no internal lock held, on the
 * thread whose call decided the outcome, inside that call, whichever it is. The
 * library has no threads, but for: one named oarlock-timer, from the first
 * asynchronous wait with a timeout until there have been none for some seconds; and
 * one for each oarlock_watch.
 *
 * Do not cancel a thread (pthread_cancel) inside a call: disable that around it. A
 * wait is not ended by it, and unwinding through the library ends the process.
 *
 * FORK. In a child made by fork(), every handle of the parent is refused with
 * OARLOCK_ERR_FORKED by every function, and the functions that free leave it as it
 * is; the parent and its locks are not touched. The child may make handles of its
 * own; a name gives it another manager than the parent's. (fork() is seen by
 * pthread_atfork: vfork, _Fork and clone are not. Between vfork and exec call
 * nothing here.) exec is fine: descriptors of queues are close-on-exec.
 *
 * SIGNALS. No function but oarlock_now, oarlock_until and the ones that give
 * names, messages of statuses and versions may be called in a signal handler. A
 * signal that arrives during a wait does not end it: to end one, post to its
 * queue, cancel its lock, or let it time out. The library installs no handlers and
 * gives no SIGPIPE; its own threads have all signals blocked but those of their own
 * faults, so that the program's handlers run on the program's threads.
 *
 * ERRORS. Some functions take an oarlock_error ** as their last parameter. Where
 * it is not NULL, a failure leaves an oarlock_error there with the status, a
 * message about this very case and the requests that had a part in it; success
 * leaves NULL. There is no last error of a thread. A bug in the library comes back
 * as OARLOCK_ERR_PANIC, not as a crash. When memory is at an end, the process ends.
 *
 * VERSIONS. OARLOCK_VERSION is the header's version, oarlock_version() that of
 * the library that is loaded. A status number is never used for something else
 * and structs only grow at their end, told by their struct_size: a program may
 * have been compiled with an older or a newer header than the library has. Before
 * 1.0 the ABI may change with the minor version, and the soname with it. After
 * dlclose the library stays loaded: it may have threads.
 */


#ifndef OARLOCK_H
#define OARLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif


/* ==== Versions
 * What the program was compiled with, and what it runs with.
 */

/** The major version of the header. */
#define OARLOCK_VERSION_MAJOR 0

/** The minor version of the header. */
#define OARLOCK_VERSION_MINOR 1

/** The patch version of the header. */
#define OARLOCK_VERSION_PATCH 0

/** The version of the header as text: "0.1.0". */
#define OARLOCK_VERSION \
  OARLOCK_DOTTED_(OARLOCK_VERSION_MAJOR, OARLOCK_VERSION_MINOR, OARLOCK_VERSION_PATCH)
#define OARLOCK_DOTTED_(major, minor, patch) OARLOCK_QUOTED_(major.minor.patch)
#define OARLOCK_QUOTED_(text) #text

/** The version of the header as a number that compares: 0.1.0 is 1000. */
#define OARLOCK_VERSION_NUMBER \
  (OARLOCK_VERSION_MAJOR * 1000000 + OARLOCK_VERSION_MINOR * 1000 + OARLOCK_VERSION_PATCH)

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


/* ==== Statuses
 * What happened: -1 to -19. What is wrong with the call: -20 and below. A number is
 * never used for something else, and later versions may add some.
 */

/** The result of a call: 0 for success, a negative number for an error. */
typedef int32_t oarlock_status;

/** Success. */
#define OARLOCK_OK 0

/** The lock is not free at once, and the call was one that does not wait. */
#define OARLOCK_ERR_WOULD_BLOCK (-1)

/** The timeout passed before the request was granted. */
#define OARLOCK_ERR_TIMEOUT (-2)

/** The request was cancelled while it waited. */
#define OARLOCK_ERR_CANCELLED (-3)

/**
 * What others hold would keep the request or upgrade waiting for ever: they wait for
 * what its owner holds. Only of the calls that make a request or begin an upgrade;
 * never of a wait, a callback or a completion.
 */
#define OARLOCK_ERR_DEADLOCK (-4)

/** The manager is closed. */
#define OARLOCK_ERR_CLOSED (-5)

/**
 * There is no such request any more, or there never was: it has ended, or it is
 * another manager's. Of an upgrade: none waits any more.
 */
#define OARLOCK_ERR_STALE (-6)

/** The handle was made before a fork and is used in the child. */
#define OARLOCK_ERR_FORKED (-7)

/** A bug in the library: a panic was caught at the boundary. */
#define OARLOCK_ERR_PANIC (-8)

/** Cancelling came too late: the request is granted and the caller holds it. */
#define OARLOCK_ERR_GRANTED (-9)

/**
 * The system refused something that the library needs, or an error of a kind
 * that this version of the header has no number for.
 */
#define OARLOCK_ERR_INTERNAL (-10)

/** The request waits still; the call is for granted ones. */
#define OARLOCK_ERR_NOT_GRANTED (-11)

/** The request has no claim on exactly this path. */
#define OARLOCK_ERR_NOT_CLAIMED (-12)

/** An upgrade of the request waits already. */
#define OARLOCK_ERR_UPGRADE_WAITING (-13)

/** The system that the library was built for has no such thing. */
#define OARLOCK_ERR_UNSUPPORTED (-14)

/**
 * A null or misaligned pointer where a value is needed, a struct_size that no
 * version has, a reserved field that is not 0, or fields that contradict each
 * other, as a path both as text and as segments.
 */
#define OARLOCK_ERR_INVALID_ARGUMENT (-20)

/** A mode that is none of the OARLOCK_READ, OARLOCK_WRITE, ... numbers. */
#define OARLOCK_ERR_INVALID_MODE (-21)

/** A request without claims. */
#define OARLOCK_ERR_NO_CLAIMS (-22)

/** An empty segment in the text of a path: "a//b", "/a" or "a/". */
#define OARLOCK_ERR_EMPTY_SEGMENT (-23)

/** More claims in a request than the manager's limit. */
#define OARLOCK_ERR_TOO_MANY_CLAIMS (-24)

/** More segments in a path than the manager's limit. */
#define OARLOCK_ERR_TOO_MANY_SEGMENTS (-25)

/** More bytes in a path than the manager's limit. */
#define OARLOCK_ERR_PATH_TOO_LONG (-26)

/** A timeout below -1. */
#define OARLOCK_ERR_INVALID_TIMEOUT (-27)

/** A timeout that cannot be added to the present time. */
#define OARLOCK_ERR_TIMEOUT_TOO_LARGE (-28)

/** More requests alive at once than the manager can number. */
#define OARLOCK_ERR_TOO_MANY_REQUESTS (-29)

/** A manager's name or a label that is not UTF-8. */
#define OARLOCK_ERR_INVALID_NAME (-30)

/**
 * More segments in all the paths of a request together than the manager's
 * limit.
 */
#define OARLOCK_ERR_REQUEST_TOO_LARGE (-31)

/** A limited read whose limit is 0. */
#define OARLOCK_ERR_ZERO_LIMIT (-32)

/** A limit in a claim that writes. */
#define OARLOCK_ERR_LIMIT_ON_WRITE (-33)

/** An owner that another manager made. */
#define OARLOCK_ERR_FOREIGN_OWNER (-34)

/** The request would have to wait, and as many wait as the manager's limit. */
#define OARLOCK_ERR_TOO_MANY_WAITING (-35)

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


/* ==== Strings, paths and claims
 * The shorthands only fill in a struct: it borrows what it is made from, which must
 * live until the call that it is passed to returns. Any thread; never block.
 */

/**
 * A string of bytes: a pointer and a length, with no NUL at the end needed.
 * It is borrowed for the call that it is passed to and not kept. {NULL, 0} is
 * the empty string; {NULL, n} with n > 0 is an error.
 */
typedef struct {
  /** The first byte; may be NULL when len is 0. */
  const char *ptr;
  /** The number of bytes. */
  size_t len;
} oarlock_str;

/**
 * A path, in one of two forms. It and all it points to are borrowed for the call
 * only.
 *
 * - As text, split at '/': set `text`, leave `segments` NULL. The empty text is
 *   the root. An empty segment ("a//b", "/a", "a/") is an error.
 * - As a list of segments, taken as they are (a segment may hold '/', NUL or
 *   nothing): set `segments` and `segment_count`, leave `text` empty. A list of
 *   no segments is the root.
 *
 * With `entry` it is the entry of that path: what is said of the path itself and
 * not of what lies below it, as a directory's list of names is. A claim on it
 * conflicts with claims on it, on the path and above, and with nothing else; a
 * claim on the path or above covers it. The root has an entry, too. Leave `entry`
 * and `reserved` 0 for anything else, as an initializer in braces does.
 */
typedef struct {
  /** The path as text. */
  oarlock_str text;
  /** The path as a list, or NULL. */
  const oarlock_str *segments;
  /** The number of segments in the list. */
  size_t segment_count;
  /** 1 for the path's entry, 0 for the path; anything else is an error. */
  int32_t entry;
  /** 0. */
  uint32_t reserved;
} oarlock_path;

/** Shared: conflicts with writes of the path, above it and below it. */
#define OARLOCK_READ 1

/** Exclusive: conflicts with reads and writes of the path, above and below it. */
#define OARLOCK_WRITE 2

/**
 * Shared, as OARLOCK_READ, but by at most `limit` such claims on exactly this path
 * at a time: a semaphore. Reads without a limit neither count nor wait for it. With
 * a limit of 1 it is an upgradable read: see oarlock_upgradable.
 */
#define OARLOCK_READ_LIMITED 3

/**
 * A path and a mode. A claim covers the path and everything below it (below a
 * path's entry lies nothing). It and all it points to are borrowed for the call
 * only.
 */
typedef struct {
  /** OARLOCK_READ, OARLOCK_WRITE or OARLOCK_READ_LIMITED. */
  int32_t mode;
  /**
   * At least 1 with OARLOCK_READ_LIMITED: it is granted while fewer limited
   * claims stand on this path ahead of it. 0 with any other mode.
   */
  uint32_t limit;
  /** What is claimed. */
  oarlock_path path;
} oarlock_claim;

/** A string from a text that ends with a NUL. NULL gives the empty string. */
static inline oarlock_str oarlock_str_of(const char *text) {
  oarlock_str str = {text, text == NULL ? 0 : strlen(text)};
  return str;
}

/** A path given as text that ends with a NUL. NULL and "" are the root. */
static inline oarlock_path oarlock_path_of(const char *text) {
  oarlock_path path = {oarlock_str_of(text), NULL, 0, 0, 0};
  return path;
}

/** A path given as a list of segments. */
static inline oarlock_path oarlock_path_list(const oarlock_str *segments, size_t segment_count) {
  oarlock_path path = {{NULL, 0}, segments, segment_count, 0, 0};
  return path;
}

/** The path of this path's own entry, not of what is below it. Of an entry it is the
 *  same one. The claim of an entry of a list of segments is
 *  {OARLOCK_WRITE, 0, oarlock_path_entry(oarlock_path_list(segments, count))}. */
static inline oarlock_path oarlock_path_entry(oarlock_path path) {
  path.entry = 1;
  return path;
}

/** A shared claim on a path given as text that ends with a NUL. */
static inline oarlock_claim oarlock_read(const char *path) {
  oarlock_claim claim = {OARLOCK_READ, 0, {oarlock_str_of(path), NULL, 0, 0, 0}};
  return claim;
}

/** An exclusive claim on a path given as text that ends with a NUL. */
static inline oarlock_claim oarlock_write(const char *path) {
  oarlock_claim claim = {OARLOCK_WRITE, 0, {oarlock_str_of(path), NULL, 0, 0, 0}};
  return claim;
}

/** A shared claim by at most `limit` at a time, which must be at least 1. */
static inline oarlock_claim oarlock_read_limited(const char *path, uint32_t limit) {
  oarlock_claim claim = {OARLOCK_READ_LIMITED, limit, {oarlock_str_of(path), NULL, 0, 0, 0}};
  return claim;
}

/** A shared claim that means to be upgraded: exactly oarlock_read_limited(path, 1). It
 *  excludes others of its kind, of other owners, on exactly this path, and lets plain reads
 *  in until its upgrade, or a writer, waits. The upgrade waits for all reads of others at,
 *  above and below the path; it is not refused because of others of its kind that wait for
 *  their turn, as long as those hold nothing else. So claim it first, never on top of a
 *  plain read of the same owner. A plain read that is upgraded, or one above or below this
 *  path, can still be in a deadlock with it. Once downgraded it is a plain read. */
static inline oarlock_claim oarlock_upgradable(const char *path) {
  return oarlock_read_limited(path, 1);
}

/** A shared claim on the entry alone of a path given as text that ends with a NUL: on the
 *  path itself, as a directory's list of names, and not on what is below it. */
static inline oarlock_claim oarlock_read_entry(const char *path) {
  oarlock_claim claim = {OARLOCK_READ, 0, {oarlock_str_of(path), NULL, 0, 1, 0}};
  return claim;
}

/** An exclusive claim on the entry alone of a path given as text that ends with a NUL. Who
 *  creates a file claims oarlock_write_entry("dir") and oarlock_write("dir/new"). */
static inline oarlock_claim oarlock_write_entry(const char *path) {
  oarlock_claim claim = {OARLOCK_WRITE, 0, {oarlock_str_of(path), NULL, 0, 1, 0}};
  return claim;
}

/** A claim of this mode on a path given as text. With OARLOCK_READ_LIMITED set its
 *  limit afterwards. */
static inline oarlock_claim oarlock_claim_text(int32_t mode, oarlock_str text) {
  oarlock_claim claim = {mode, 0, {text, NULL, 0, 0, 0}};
  return claim;
}

/** A claim of this mode on a path given as a list of segments. With
 *  OARLOCK_READ_LIMITED set its limit afterwards; for the path's entry set path.entry to 1
 *  afterwards. */
static inline oarlock_claim oarlock_claim_segments(int32_t mode, const oarlock_str *segments,
                                                   size_t segment_count) {
  oarlock_claim claim = {mode, 0, {{NULL, 0}, segments, segment_count, 0, 0}};
  return claim;
}


/* ==== Locks
 * What a request is known by, and where it stands.
 */

/**
 * One request of one manager, waiting or granted: a number, never 0, that is
 * checked at every use. Once the request has ended, or with another manager,
 * it is OARLOCK_ERR_STALE and never somebody else's lock.
 *
 * Threads: any thread may use it, whichever one acquired it.
 */
typedef uint64_t oarlock_lock;

/**
 * Where a request or an upgrade stands: OARLOCK_WAITING, OARLOCK_GRANTED or
 * OARLOCK_NOT_UPGRADED.
 */
typedef int32_t oarlock_state;

/** It waits in the queue. */
#define OARLOCK_WAITING 1

/**
 * It is granted: the caller holds the lock. Of an upgrade: all that the request
 * claims is held exclusively.
 */
#define OARLOCK_GRANTED 2

/** Of an upgrade: none waits, and the request does not write all that it claims. */
#define OARLOCK_NOT_UPGRADED 3


/* ==== Errors
 * The details of a failure, for whoever asks for them by an oarlock_error **.
 */

/**
 * The details of one failure: its status, a message for a person, and who else
 * has a part in it. Made by the functions that have an `oarlock_error **` as
 * their last parameter, which may be NULL; freed with oarlock_error_free.
 *
 * Threads: may be read by several threads at once and freed by any one.
 * It outlives the manager whose call made it.
 */
typedef struct oarlock_error oarlock_error;

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

/** A request that has a part in a failure. */
typedef struct {
  /** The request, as it was when the call failed; it may have ended since. */
  oarlock_lock lock;
  /** The number of its owner (oarlock_owner_id), or 0. */
  uint64_t owner;
  /** Its label, UTF-8; empty if it has none. */
  oarlock_str label;
  /**
   * Of who was in the way: OARLOCK_GRANTED or OARLOCK_WAITING. In a cycle all
   * wait, with the request or with an upgrade of it: OARLOCK_WAITING.
   */
  oarlock_state state;
  /** 0. */
  uint32_t reserved;
} oarlock_party;

/**
 * Gives the requests that have a part in the failure, as an array of *out_count.
 * For DEADLOCK they are the cycle, from the one that was refused on: each waits for
 * what the owner of the next holds, and the last for one of those before it. For TIMEOUT of
 * oarlock_acquire with a `timeout_ns` above 0 they are those that were in the way
 * when the time was up, 32 of them at most; the message says how many there were.
 * For anything else there are none.
 *
 * Ownership: the array belongs to the error; do not free it.
 * Lifetimes: `error` must not have been freed; the array and the labels in it
 *   are valid until it is.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; NULL and 0 when there are none or `error` is NULL.
 *
 * `out_count` may not be NULL: without it the answer is NULL, too.
 */
const oarlock_party *oarlock_error_parties(const oarlock_error *error, size_t *out_count);

/**
 * Frees an error. Does nothing when `error` is NULL.
 *
 * Ownership: takes the error.
 * Lifetimes: neither the error nor what it gave may be used afterwards.
 * Threads: any, once.
 * Blocks: never.
 * Statuses: none.
 */
void oarlock_error_free(oarlock_error *error);


/* ==== Managers
 * A manager is a tree of paths with the locks on it. Managers know nothing of each other.
 */

/**
 * A handle to a lock manager: a tree of paths with the locks on it.
 *
 * Threads: every function may be called on one handle by any number of threads
 * at once, except oarlock_manager_free, which must be the last.
 */
typedef struct oarlock_manager oarlock_manager;

/**
 * Options for oarlock_manager_new. Start from OARLOCK_MANAGER_OPTIONS_INIT and
 * set what should differ; 0 in a field means its default. Later versions add
 * fields at the end: struct_size says which of them the caller knows.
 */
typedef struct {
  /** sizeof(oarlock_manager_options), as the caller compiled it. */
  uint32_t struct_size;
  /** Must be 0. */
  uint32_t reserved;
  /** The most claims in one request (default 4096). */
  size_t max_claims;
  /** The most segments in one path (default 1024). */
  size_t max_segments;
  /** The most bytes in one path, separators not counted (default 65536). */
  size_t max_path_bytes;
  /**
   * For speed alone: into how many parts the tree is divided, by first
   * segments, so that threads under different ones rarely meet at an internal
   * lock. 1 to 256 (default 32); a greater number counts as 256.
   */
  size_t shards;
  /**
   * The most segments in all the paths of one request together (default
   * 16384).
   */
  size_t max_request_segments;
  /**
   * The most requests that may wait at a time (default: no limit). One more
   * that would have to is refused with TOO_MANY_WAITING. Upgrades are not
   * counted.
   */
  size_t max_waiting;
  /**
   * 1 to measure how long requests are held, for oarlock_stats_get: the
   * clock is then read twice for each request. Default 0.
   */
  uint32_t hold_times;
  /** Must be 0. */
  uint32_t reserved_end;
} oarlock_manager_options;

/** What an oarlock_manager_options starts as: everything at its default. */
#define OARLOCK_MANAGER_OPTIONS_INIT \
  { sizeof(oarlock_manager_options), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

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
 * Gives the name that the handle was asked for with. {NULL, 0} for a manager of
 * oarlock_manager_new, and on failure; the empty name has a pointer.
 *
 * Ownership: the text belongs to the handle.
 * Lifetimes: `manager` must not have been freed; the text is valid until it is.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_manager_name(const oarlock_manager *manager, oarlock_str *out_name);

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
 * Tells whether the manager is closed: *out_closed is 1 or 0; 0 on failure.
 *
 * Ownership: the handle stays the caller's.
 * Lifetimes: `manager` must not have been freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_manager_is_closed(const oarlock_manager *manager, int32_t *out_closed);

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
 * Frees a handle. Does nothing when `manager` is NULL.
 *
 * If it is the manager's last handle (a manager without a name has only one),
 * the manager ends with it: waiting requests end with CLOSED, their callbacks
 * are called, and its locks are gone. So release what you hold first. Whoever was
 * granted something and has not been told yet is told CLOSED, too: inside a callback
 * that is when it has returned, so a callback may still come then, but without a
 * lock.
 *
 * Ownership: takes the handle.
 * Lifetimes: the handle must not be used afterwards. Errors, owners and
 *   snapshots outlive it, and so do queues.
 * Threads: any, once, while no other call on the handle is running: also not
 *   from a callback that runs inside such a call. From one on the thread for
 *   timeouts it may be freed.
 * Blocks: until callbacks of the manager that other threads run have returned (that
 *   for timeouts is one); callbacks of waiting requests run inside this call.
 * Statuses: none.
 *
 * In a forked child, a handle from before the fork is left as it is: nothing
 * of it is touched or given back.
 */
void oarlock_manager_free(oarlock_manager *manager);


/* ==== Owners
 * Only for those who hold one request while they wait for another: an owner may claim again
 * what it holds, and is told of a deadlock instead of standing in it.
 */

/**
 * Who several requests belong to: a transaction, a session, a task.
 *
 * Requests of one owner never conflict with each other, and what an owner holds
 * it can claim again at once. A request or an upgrade that would leave its owner stuck
 * is refused with DEADLOCK, by the call that makes it, and only if what others hold
 * does that. If it is only those that wait, the owner goes ahead of those of them that
 * wait for it: so may a try. A wait that was taken in is never ended with DEADLOCK.
 * A request without an owner can stand in a cycle, too, by an upgrade of it.
 *
 * A request for what its owner holds already goes on as it is when the other one ends
 * or is downgraded: it is a request of its own. Of two writes, one inside the other,
 * the inner one keeps others out until it ends itself.
 *
 * Threads: may be used by any number of threads at once and freed by any one. It
 * may be freed before its requests end: they stay its requests.
 */
typedef struct oarlock_owner oarlock_owner;

/**
 * Makes a new owner, for requests of this manager.
 *
 * Ownership: *out_owner is the caller's, to free with oarlock_owner_free; NULL
 *   on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `manager` must not have been freed; the owner may outlive it.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * A transaction that takes one thing after the other gives back all that its owner
 * holds when it is refused (that is the rollback), and begins again:
 *
 *     const oarlock_claim rows[] = {oarlock_write("t/1"), oarlock_write("t/2")};
 *     oarlock_request_options mine = OARLOCK_REQUEST_OPTIONS_INIT;
 *     mine.owner = owner;
 *     oarlock_status status;
 *     do {
 *       oarlock_lock held[2] = {0, 0};
 *       status = OARLOCK_OK;
 *       for (int i = 0; i < 2 && status == OARLOCK_OK; i++)
 *         status = oarlock_acquire(manager, &rows[i], 1, &mine, OARLOCK_FOREVER,
 *                                  &held[i], NULL, NULL);
 *       if (status == OARLOCK_OK) work();
 *       for (int i = 2; i-- > 0;)
 *         if (held[i] != 0) oarlock_release(manager, held[i]);
 *     } while (status == OARLOCK_ERR_DEADLOCK);
 *
 * What is asked for again stands at the end of the queues, and nothing promises that a
 * transaction that was refused gets through the next time. Where all transactions take
 * things in one order and each thing once, or all in one request, none is refused.
 */
oarlock_status oarlock_owner_new(const oarlock_manager *manager,
                                 oarlock_owner **out_owner,
                                 oarlock_error **out_error);

/**
 * Gives the number of an owner, by which inspections and errors name it. Unique
 * within its manager.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `owner` must not have been freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; 0, which no owner has, when `owner` is NULL, misaligned or from
 *   before a fork.
 */
uint64_t oarlock_owner_id(const oarlock_owner *owner);

/**
 * Frees an owner. Does nothing when `owner` is NULL. Its requests go on as they
 * are.
 *
 * Ownership: takes the owner.
 * Lifetimes: the owner must not be used afterwards.
 * Threads: any, once.
 * Blocks: never.
 * Statuses: none. In a forked child an owner from before the fork is left as it
 *   is.
 */
void oarlock_owner_free(oarlock_owner *owner);


/* ==== Acquiring and releasing
 * The calls of a thread that may block, or that only tries.
 */

/**
 * Options for a request. Start from OARLOCK_REQUEST_OPTIONS_INIT; 0 in a field
 * means none. Later versions add fields at the end.
 */
typedef struct {
  /** sizeof(oarlock_request_options), as the caller compiled it. */
  uint32_t struct_size;
  /** Must be 0. */
  uint32_t reserved;
  /**
   * Whose request it is, or NULL. An owner of another manager is refused with
   * FOREIGN_OWNER. Read during the call only.
   */
  const oarlock_owner *owner;
  /** What inspections and errors call it: UTF-8, copied, empty for none. */
  oarlock_str label;
} oarlock_request_options;

/** What an oarlock_request_options starts as: no owner, no label. */
#define OARLOCK_REQUEST_OPTIONS_INIT \
  { sizeof(oarlock_request_options), 0, NULL, { NULL, 0 } }

/** As a timeout: wait for as long as it takes. */
#define OARLOCK_FOREVER (-1)

/**
 * Acquires all the claims together, and waits until that is possible:
 * requests that conflict are granted in the order of their calls.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
 *   failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only.
 * Threads: any. The lock belongs to no thread.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all. Callbacks of requests that this lets in run
 *   inside this call.
 * Statuses: OARLOCK_OK; TIMEOUT (the request has left the queue); CLOSED;
 *   DEADLOCK (at once, whatever the timeout, but for a `timeout_ns` of 0: that is a
 *   try, and TIMEOUT); CANCELLED (see below); TOO_MANY_WAITING; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
 *   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
 *   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME (a label),
 *   INVALID_TIMEOUT (below -1), TIMEOUT_TOO_LARGE, TOO_MANY_REQUESTS;
 *   INVALID_ARGUMENT; FORKED; PANIC.
 *
 * A call that blocks ends with CANCELLED if somebody finds its lock by an inspection
 * and cancels it. To have the number at hand, use oarlock_enqueue and oarlock_wait.
 *
 * *out_token is the fencing token: of two conflicting requests the later one
 * has the greater token. `options`, `out_token` and `out_error` may be NULL.
 * After a TIMEOUT that was waited for (`timeout_ns` above 0), oarlock_error_parties
 * says who was in the way; finding that out looks at every live request: pass a
 * NULL `out_error` where it is not wanted. A claim that another claim of the
 * request covers is dropped.
 */
oarlock_status oarlock_acquire(const oarlock_manager *manager,
                               const oarlock_claim *claims,
                               size_t claim_count,
                               const oarlock_request_options *options,
                               int64_t timeout_ns,
                               oarlock_lock *out_lock,
                               uint64_t *out_token,
                               oarlock_error **out_error);

/**
 * Acquires all the claims together if that is possible at once; never queues.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
 *   failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; WOULD_BLOCK; CLOSED; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
 *   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
 *   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME,
 *   TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * A try never tells DEADLOCK or TOO_MANY_WAITING: where oarlock_acquire would, it is
 * WOULD_BLOCK.
 *
 * `options`, `out_token` and `out_error` may be NULL. WOULD_BLOCK makes an error
 * object, too, where `out_error` is given: pass NULL where it is expected often.
 */
oarlock_status oarlock_try_acquire(const oarlock_manager *manager,
                                   const oarlock_claim *claims,
                                   size_t claim_count,
                                   const oarlock_request_options *options,
                                   oarlock_lock *out_lock,
                                   uint64_t *out_token,
                                   oarlock_error **out_error);

/**
 * Ends a request: releases it when it is granted, cancels it when it waits.
 * Works on a closed manager too. The outcome of a request with a callback or a
 * queue is told all the same: if that was the grant, its lock is STALE by then.
 *
 * Ownership: the request has ended; using the lock again is STALE.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any, whichever one acquired it.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_release(const oarlock_manager *manager, oarlock_lock lock);

/**
 * Tells what oarlock_try_acquire would answer now, and changes nothing:
 * *out_would is 1 if it would give the lock, else 0; 0 on failure.
 *
 * Ownership: nothing changes hands. *out_error, where given, is the caller's on
 *   failure.
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only.
 * Threads: any. The answer may be out of date when it arrives.
 * Blocks: never.
 * Statuses: as oarlock_try_acquire, without WOULD_BLOCK.
 *
 * `options` and `out_error` may be NULL.
 */
oarlock_status oarlock_would_grant(const oarlock_manager *manager,
                                   const oarlock_claim *claims,
                                   size_t claim_count,
                                   const oarlock_request_options *options,
                                   int32_t *out_would,
                                   oarlock_error **out_error);

/**
 * Gives the present time in nanoseconds: a clock that never goes backwards and
 * that no one sets. On Linux it is CLOCK_MONOTONIC, so that its times can be
 * computed from clock_gettime; elsewhere its zero is the first call.
 *
 * Ownership: nothing.
 * Lifetimes: nothing.
 * Threads: any; async-signal-safe on Linux.
 * Blocks: never.
 * Statuses: none.
 */
int64_t oarlock_now(void);

/**
 * Gives the timeout that ends at a time of oarlock_now: an absolute deadline for
 * any function that takes a timeout, as in
 * oarlock_wait(manager, lock, oarlock_until(deadline), NULL, NULL). 0, which
 * tries, when the time has passed.
 *
 * Ownership: nothing.
 * Lifetimes: nothing.
 * Threads: any; async-signal-safe on Linux.
 * Blocks: never.
 * Statuses: none; never negative, so a deadline is never for ever.
 */
int64_t oarlock_until(int64_t deadline_ns);


/* ==== Taking a place in the queue, to wait later
 * Also the way to a wait that another thread can cancel: it knows the lock.
 */

/**
 * Gives a request its place in the queue and returns at once. *out_state is
 * OARLOCK_GRANTED when it was granted at once, else OARLOCK_WAITING: then go on
 * with oarlock_wait, oarlock_lock_state, oarlock_cancel or oarlock_release. A DEADLOCK
 * is told here and now, and never by the wait.
 *
 * Ownership: *out_lock is the caller's, to end with oarlock_release whether it
 *   waits or is granted; 0 on failure. *out_error, where given, is the
 *   caller's on failure.
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only.
 * Threads: any.
 * Blocks: never; callbacks of other requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; CLOSED; DEADLOCK; CANCELLED (by somebody who found its
 *   lock by an inspection already); TOO_MANY_WAITING; NO_CLAIMS,
 *   INVALID_MODE, ZERO_LIMIT, LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS,
 *   TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER,
 *   INVALID_NAME, TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_token is the fencing token when granted at once, else 0. `options`,
 * `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_enqueue(const oarlock_manager *manager,
                               const oarlock_claim *claims,
                               size_t claim_count,
                               const oarlock_request_options *options,
                               oarlock_lock *out_lock,
                               oarlock_state *out_state,
                               uint64_t *out_token,
                               oarlock_error **out_error);

/**
 * Waits until a request made by oarlock_enqueue is granted. When the time is
 * up the request keeps its place in the queue, and may be waited for again.
 *
 * Ownership: the lock stays the caller's: on success to end with
 *   oarlock_release, on TIMEOUT with oarlock_release or oarlock_cancel. After
 *   any other status the request has ended. *out_error, where given, is the
 *   caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any, also several at once for one lock.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all.
 * Statuses: OARLOCK_OK (also when it was granted long ago); TIMEOUT;
 *   CANCELLED (cancelled or released meanwhile); CLOSED (once the manager is
 *   closed also for any other lock that has ended); STALE (also for a
 *   request that ended before this call); INVALID_TIMEOUT, TIMEOUT_TOO_LARGE;
 *   INVALID_ARGUMENT; FORKED; PANIC.
 *
 * Only who is in this call when the request ends learns why. For a request that
 * may be cancelled by others between two waits, use a callback or a queue: they are
 * told whenever it is.
 *
 * `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_wait(const oarlock_manager *manager,
                            oarlock_lock lock,
                            int64_t timeout_ns,
                            uint64_t *out_token,
                            oarlock_error **out_error);

/**
 * Cancels a request that waits: it leaves the queue at once, and whoever waits
 * for it, in oarlock_wait, by a callback or by a queue, gets CANCELLED. Cancel
 * and grant race: exactly one wins, and the status says which.
 *
 * Ownership: on success, the request has ended. On GRANTED the caller holds
 *   the lock and ends it with oarlock_release; but a request with a callback or
 *   a queue is theirs then.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this ends or lets in run inside
 *   this call.
 * Statuses: OARLOCK_OK; GRANTED; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_cancel(const oarlock_manager *manager, oarlock_lock lock);

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
 * Statuses: OARLOCK_OK; NOT_GRANTED (it waits still and has no token yet);
 *   STALE; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_lock_token(const oarlock_manager *manager,
                                  oarlock_lock lock,
                                  uint64_t *out_token);


/* ==== Waiting by a callback
 * For programs that are driven by callbacks anyhow.
 */

/**
 * Told the outcome of a request or upgrade that had to wait. On OARLOCK_OK
 * `token` is its fencing token, else 0. Of a request, `lock` is now the callee's
 * on OARLOCK_OK, to end with oarlock_release, and else 0. Of an upgrade it is the
 * request, which the caller holds whatever the status. `error` is NULL on
 * OARLOCK_OK, else the details, to be read before this returns and not freed.
 *
 * The status is OARLOCK_OK, TIMEOUT, CANCELLED or CLOSED. It is never DEADLOCK: that is
 * told by the call that would begin the wait.
 *
 * What a callback lets in, or ends, is told to other callbacks and to queues when it
 * has returned, on the same thread: so it must not wait for that. Threads that are
 * blocked are told at once.
 *
 * Runs with no internal lock held, so it may call any function of this library
 * but oarlock_manager_free and oarlock_queue_free of what the call that it runs
 * in works with. Runs inside the call that decided the outcome: mostly a release,
 * cancel, close or free, but also an acquire whose time is up, and any that changes
 * who holds what; or on the library's own thread for timeouts. So it should be short,
 * and take no mutex that the program holds around calls. Must not leave in another
 * way than by returning: no exception, longjmp or pthread_exit. A child that it
 * forks must not return from it.
 */
typedef void (*oarlock_callback)(void *user_data,
                                 oarlock_status status,
                                 oarlock_lock lock,
                                 uint64_t token,
                                 const oarlock_error *error);

/**
 * Gives the user data back: called once, when nothing will use it any more. What
 * oarlock_callback says of what may be called, and of returning, holds here, too.
 */
typedef void (*oarlock_drop)(void *user_data);

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
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only; `user_data` and both functions must live until `drop` is called.
 * Threads: any. `callback` and `drop` run on the thread whose release, cancel,
 *   close or free decides the outcome, or on the library's own for timeouts, so
 *   they must be able to run on any.
 * Blocks: never; callbacks of other requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; TIMEOUT (only if `timeout_ns` is 0: it tries); CLOSED;
 *   DEADLOCK; TOO_MANY_WAITING; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
 *   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
 *   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME,
 *   INVALID_TIMEOUT, TIMEOUT_TOO_LARGE, TOO_MANY_REQUESTS; INVALID_ARGUMENT
 *   (also for a NULL `callback`); INTERNAL (no thread for timeouts); FORKED;
 *   PANIC.
 *
 * After `timeout_ns` nanoseconds without the grant the request leaves the queue
 * and `callback` gets TIMEOUT; OARLOCK_FOREVER (-1) is never. *out_token is the
 * fencing token when granted at once, else 0. `options`, `user_data`, `drop`,
 * `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_enqueue_callback(const oarlock_manager *manager,
                                        const oarlock_claim *claims,
                                        size_t claim_count,
                                        const oarlock_request_options *options,
                                        int64_t timeout_ns,
                                        oarlock_callback callback,
                                        void *user_data,
                                        oarlock_drop drop,
                                        oarlock_lock *out_lock,
                                        oarlock_state *out_state,
                                        uint64_t *out_token,
                                        oarlock_error **out_error);


/* ==== Waiting by a completion queue
 * For event loops: a queue has one descriptor, whatever number of locks it is for.
 */

/**
 * Outcomes of requests and upgrades that had to wait, to be fetched in batches
 * by a thread that must not block elsewhere. One queue serves any number of
 * managers and requests, with one file descriptor.
 *
 * Threads: every function may be called on one queue by any number of threads at
 * once, except oarlock_queue_free, which must be the last.
 */
typedef struct oarlock_queue oarlock_queue;

/** The outcome of a request of oarlock_enqueue_queue. */
#define OARLOCK_COMPLETION_ACQUIRE 1

/** The outcome of an upgrade of oarlock_upgrade_queue. */
#define OARLOCK_COMPLETION_UPGRADE 2

/** What oarlock_queue_post put there. */
#define OARLOCK_COMPLETION_POST 3

/**
 * One outcome. This struct does not grow: a new kind of outcome would have a
 * struct and a function of its own.
 */
typedef struct {
  /** What the call that began the wait was given. */
  void *user_data;
  /**
   * Of a request: the lock on OARLOCK_OK, which whoever fetched this has to end
   * with oarlock_release; else 0. Of an upgrade: the request, which its
   * holder holds whatever the status. Of a post: 0.
   */
  oarlock_lock lock;
  /** The fencing token on OARLOCK_OK, else 0. */
  uint64_t token;
  /**
   * NULL, or details of the failure, for whoever fetched this to free with
   * oarlock_error_free. So far there are none.
   */
  oarlock_error *error;
  /**
   * OARLOCK_OK, TIMEOUT, CANCELLED or CLOSED. Never DEADLOCK: that is told by the
   * call that would begin the wait.
   */
  oarlock_status status;
  /** An OARLOCK_COMPLETION_ number. */
  int32_t kind;
} oarlock_completion;

/**
 * Makes a queue, with nothing in it.
 *
 * Ownership: *out_queue is the caller's, to free with oarlock_queue_free; NULL
 *   on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: it depends on no manager.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; INTERNAL (no file descriptor is
 *   left); PANIC.
 */
oarlock_status oarlock_queue_new(oarlock_queue **out_queue, oarlock_error **out_error);

/**
 * Gives the queue's file descriptor: an eventfd on Linux, the reading end of a
 * pipe elsewhere. It is readable exactly while something lies in the queue, for
 * poll, select, epoll, kqueue or an event loop over them; level-triggered and
 * edge-triggered work both, the latter if the queue is drained until it is empty.
 *
 * Ownership: the descriptor is the queue's: do not read, write or close it. It is
 *   close-on-exec.
 * Lifetimes: valid until the queue is freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; UNSUPPORTED (a system without them; use
 *   oarlock_queue_wait); INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_fd is -1 on failure.
 */
oarlock_status oarlock_queue_fd(const oarlock_queue *queue, int *out_fd);

/**
 * Gives a request its place in the queue and returns at once; if it has to
 * wait, its outcome is put into `queue`, as a completion of kind
 * OARLOCK_COMPLETION_ACQUIRE with `user_data`.
 *
 * When *out_state is OARLOCK_GRANTED the caller holds the lock already and
 * nothing is put into the queue. When it is OARLOCK_WAITING, exactly one
 * completion is, perhaps before this call returns. On failure none is.
 *
 * Ownership: *out_lock is the caller's when granted at once; else it belongs to
 *   whoever fetches the completion; 0 on failure. *out_error, where given, is the
 *   caller's on failure.
 * Lifetimes: `claims`, `options` and all they point to are read during the call
 *   only; `user_data` is handed back and not looked into. The queue may be freed
 *   before the outcome, and the manager, too.
 * Threads: any.
 * Blocks: never; callbacks of other requests that this lets in run inside this call.
 * Statuses: as oarlock_enqueue_callback.
 *
 * After `timeout_ns` nanoseconds without the grant the request leaves the queue
 * of those that wait, and its completion has TIMEOUT; OARLOCK_FOREVER (-1) is
 * never, 0 tries. *out_token is the fencing token when granted at once, else 0.
 * `options`, `user_data`, `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_enqueue_queue(const oarlock_manager *manager,
                                     const oarlock_claim *claims,
                                     size_t claim_count,
                                     const oarlock_request_options *options,
                                     int64_t timeout_ns,
                                     const oarlock_queue *queue,
                                     void *user_data,
                                     oarlock_lock *out_lock,
                                     oarlock_state *out_state,
                                     uint64_t *out_token,
                                     oarlock_error **out_error);

/**
 * Fetches up to `capacity` completions, the oldest first: *out_count of them, 0
 * if there are none.
 *
 * Ownership: each completion that was fetched is the caller's, with its lock and
 *   its error.
 * Lifetimes: `out_completions` has room for `capacity` of them; no more than
 *   *out_count are written.
 * Threads: any; each completion is fetched once.
 * Blocks: never.
 * Statuses: OARLOCK_OK, also when there are none; INVALID_ARGUMENT; FORKED;
 *   PANIC.
 */
oarlock_status oarlock_queue_drain(const oarlock_queue *queue,
                                   oarlock_completion *out_completions,
                                   size_t capacity,
                                   size_t *out_count);

/**
 * Waits until something lies in the queue, and fetches up to `capacity`
 * completions, the oldest first: *out_count of them, at least 1; 0 on failure.
 * To end such a wait, use oarlock_queue_post.
 *
 * Ownership: each completion that was fetched is the caller's, with its lock and
 *   its error.
 * Lifetimes: `out_completions` has room for `capacity` of them.
 * Threads: any, also several at once: each completion is fetched once.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all.
 * Statuses: OARLOCK_OK; TIMEOUT; INVALID_TIMEOUT, TIMEOUT_TOO_LARGE;
 *   INVALID_ARGUMENT (also for a `capacity` of 0); FORKED; PANIC.
 */
oarlock_status oarlock_queue_wait(const oarlock_queue *queue,
                                  int64_t timeout_ns,
                                  oarlock_completion *out_completions,
                                  size_t capacity,
                                  size_t *out_count);

/**
 * Puts a completion of kind OARLOCK_COMPLETION_POST into the queue: to wake a
 * thread that polls its descriptor or is in oarlock_queue_wait, or to hand it
 * something.
 *
 * Ownership: `user_data` is handed to whoever fetches it; it may be NULL.
 * Lifetimes: `queue` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_queue_post(const oarlock_queue *queue, void *user_data);

/**
 * Frees a queue. Does nothing when `queue` is NULL. Requests and upgrades that
 * wait for it are cancelled; locks that were granted and not fetched are
 * released: nobody would know of them.
 *
 * Ownership: takes the queue and what lies in it; its file descriptor is closed
 *   (inside a callback: at the latest when that has returned).
 * Lifetimes: neither the queue nor its descriptor may be used afterwards: take
 *   it out of poll sets before.
 * Threads: any, once, while no other call on the queue is running: also not from
 *   a callback that runs inside such a call.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: none. In a forked child a queue from before the fork is left as it
 *   is.
 */
void oarlock_queue_free(oarlock_queue *queue);


/* ==== Changing what is held
 * A granted request can give up a part of what it holds, or ask for more of the same.
 */

/**
 * Turns all write claims of a granted request into plain reads, at once. Whoever
 * waited only for that comes in.
 *
 * Ownership: the lock stays the caller's.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_ARGUMENT;
 *   FORKED; PANIC.
 */
oarlock_status oarlock_downgrade(const oarlock_manager *manager, oarlock_lock lock);

/**
 * Releases the claim of a granted request on exactly this path, and keeps the
 * others. The last one ends the request. (A claim that another claim of the
 * request covers was dropped when the request was made.)
 *
 * Ownership: the lock stays the caller's, unless this was its last claim.
 *   *out_error, where given, is the caller's on failure.
 * Lifetimes: what `path` points to is read during the call only.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; NOT_CLAIMED; NOT_GRANTED; UPGRADE_WAITING; STALE;
 *   EMPTY_SEGMENT, TOO_MANY_SEGMENTS, PATH_TOO_LONG; INVALID_ARGUMENT; FORKED;
 *   PANIC.
 *
 * `out_error` may be NULL.
 */
oarlock_status oarlock_release_part(const oarlock_manager *manager,
                                    oarlock_lock lock,
                                    oarlock_path path,
                                    oarlock_error **out_error);

/**
 * Turns all read claims of a granted request into writes; limits go. Waits,
 * ahead of all requests that wait, until no other holder conflicts; what the
 * request holds stays held meanwhile, and if this fails. A request that only
 * writes is left as it is. A new write of the same owner is something else: a second
 * request, with a lock and a token of its own, that stands in the queue and leaves the
 * read when it ends.
 *
 * Ownership: the lock stays the caller's, whatever the status. *out_error, where
 *   given, is the caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all. Callbacks of requests that this lets in run
 *   inside this call.
 * Statuses: OARLOCK_OK; TIMEOUT (the upgrade is taken back); DEADLOCK (at once,
 *   if another holder waits to be upgraded, too, or what others hold would keep it
 *   waiting for ever in a longer cycle); CANCELLED (oarlock_upgrade_cancel, or the request was released);
 *   CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_TIMEOUT,
 *   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_token is the new fencing token, greater than the one before; 0 on failure,
 * when the old one holds. `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_upgrade(const oarlock_manager *manager,
                               oarlock_lock lock,
                               int64_t timeout_ns,
                               uint64_t *out_token,
                               oarlock_error **out_error);

/**
 * Upgrades a request if that is possible at once, as oarlock_upgrade does.
 *
 * Ownership: the lock stays the caller's. *out_error, where given, is the
 *   caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; WOULD_BLOCK (others hold what conflicts; also where
 *   oarlock_upgrade would give DEADLOCK, which a try never tells); CLOSED;
 *   NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_try_upgrade(const oarlock_manager *manager,
                                   oarlock_lock lock,
                                   uint64_t *out_token,
                                   oarlock_error **out_error);

/**
 * Begins to upgrade a request, as oarlock_upgrade does, and returns at once.
 * *out_state is OARLOCK_GRANTED when that is done, else OARLOCK_WAITING: then go
 * on with oarlock_upgrade_wait, oarlock_upgrade_state or oarlock_upgrade_cancel.
 *
 * Ownership: the lock stays the caller's, whatever the status. *out_error, where
 *   given, is the caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; DEADLOCK; CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE;
 *   INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_token is the new fencing token when done, else 0. `out_token` and
 * `out_error` may be NULL.
 */
oarlock_status oarlock_upgrade_enqueue(const oarlock_manager *manager,
                                       oarlock_lock lock,
                                       oarlock_state *out_state,
                                       uint64_t *out_token,
                                       oarlock_error **out_error);

/**
 * Waits for an upgrade that was begun with oarlock_upgrade_enqueue. When the time
 * is up the upgrade is taken back; the request holds what it held.
 *
 * Ownership: the lock stays the caller's, whatever the status. *out_error, where
 *   given, is the caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any, also several at once: the first whose time is up takes the
 *   upgrade back for all.
 * Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
 *   it takes; 0 not at all. Callbacks of requests that this lets in or ends run
 *   inside this call.
 * Statuses: OARLOCK_OK (also for a request that writes all that it claims);
 *   TIMEOUT; CANCELLED (it was taken back, ended without the grant before this
 *   call, or none was begun); CLOSED; NOT_GRANTED; STALE; INVALID_TIMEOUT,
 *   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_token is the new fencing token; 0 on failure. `out_token` and `out_error`
 * may be NULL.
 */
oarlock_status oarlock_upgrade_wait(const oarlock_manager *manager,
                                    oarlock_lock lock,
                                    int64_t timeout_ns,
                                    uint64_t *out_token,
                                    oarlock_error **out_error);

/**
 * Tells where the upgrade of a request stands: *out_state is OARLOCK_WAITING,
 * OARLOCK_GRANTED (it writes all that it claims) or OARLOCK_NOT_UPGRADED (none
 * was begun, or it ended without the grant); 0 on failure.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; NOT_GRANTED; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * *out_token is the fencing token when granted, else 0; it may be NULL.
 */
oarlock_status oarlock_upgrade_state(const oarlock_manager *manager,
                                     oarlock_lock lock,
                                     oarlock_state *out_state,
                                     uint64_t *out_token);

/**
 * Takes back an upgrade that waits; the request holds what it held. Whoever waits
 * for it, by a callback or a queue, too, gets CANCELLED. Of this and the grant
 * exactly one wins.
 *
 * Ownership: the lock stays the caller's.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never; callbacks of what this ends or lets in run inside this call.
 * Statuses: OARLOCK_OK; STALE (no upgrade of such a request waits any more);
 *   INVALID_ARGUMENT; FORKED; PANIC.
 */
oarlock_status oarlock_upgrade_cancel(const oarlock_manager *manager, oarlock_lock lock);

/**
 * Begins to upgrade a request, as oarlock_upgrade does, and returns at once; if
 * it has to wait, `callback` is called with the outcome. All that
 * oarlock_enqueue_callback says of `callback`, `user_data`, `drop` and
 * `timeout_ns` holds here, too.
 *
 * Ownership: the lock stays the caller's, whatever the status and the outcome.
 *   *out_error, where given, is the caller's on failure.
 * Lifetimes: `user_data` and both functions must live until `drop` is called.
 * Threads: any, for the functions, too.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: OARLOCK_OK; TIMEOUT (only if `timeout_ns` is 0: it tries); DEADLOCK;
 *   CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_TIMEOUT,
 *   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT (also for a NULL `callback`); INTERNAL
 *   (no thread for timeouts); FORKED; PANIC.
 *
 * *out_state and *out_token are as in oarlock_upgrade_enqueue. `user_data`,
 * `drop`, `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_upgrade_callback(const oarlock_manager *manager,
                                        oarlock_lock lock,
                                        int64_t timeout_ns,
                                        oarlock_callback callback,
                                        void *user_data,
                                        oarlock_drop drop,
                                        oarlock_state *out_state,
                                        uint64_t *out_token,
                                        oarlock_error **out_error);

/**
 * Begins to upgrade a request, as oarlock_upgrade does, and returns at once; if
 * it has to wait, its outcome is put into `queue`, as a completion of kind
 * OARLOCK_COMPLETION_UPGRADE with `user_data`.
 *
 * Ownership: the lock stays the caller's, whatever the status and the outcome.
 *   *out_error, where given, is the caller's on failure.
 * Lifetimes: `user_data` is handed back and not looked into.
 * Threads: any.
 * Blocks: never; callbacks of requests that this lets in run inside this call.
 * Statuses: as oarlock_upgrade_callback.
 *
 * *out_state and *out_token are as in oarlock_upgrade_enqueue. `timeout_ns` is as
 * in oarlock_enqueue_queue. `user_data`, `out_token` and `out_error` may be NULL.
 */
oarlock_status oarlock_upgrade_queue(const oarlock_manager *manager,
                                     oarlock_lock lock,
                                     int64_t timeout_ns,
                                     const oarlock_queue *queue,
                                     void *user_data,
                                     oarlock_state *out_state,
                                     uint64_t *out_token,
                                     oarlock_error **out_error);


/* ==== Looking at who holds and waits
 * For people and their tools: what is seen may have changed when it is read.
 */

/**
 * One live request, as it stood at the moment of a look. Start from
 * OARLOCK_REQUEST_INFO_INIT; later versions add fields at the end.
 */
typedef struct {
  /** sizeof(oarlock_request_info), as the caller compiled it. */
  uint32_t struct_size;
  /** OARLOCK_WAITING or OARLOCK_GRANTED. */
  oarlock_state state;
  /** The request. It may have ended since. */
  oarlock_lock lock;
  /** Its fencing token; 0 while it waits. */
  uint64_t token;
  /** The number of its owner (oarlock_owner_id), or 0. */
  uint64_t owner;
  /** Its label, UTF-8; empty if it has none. */
  oarlock_str label;
  /**
   * For how many nanoseconds it has been granted (exact to about 20 ms) or has
   * waited.
   */
  uint64_t age_ns;
  /**
   * Its claims, with their paths as segments, in the order of their paths, each
   * path's entry directly after it; without those that others of them cover.
   */
  const oarlock_claim *claims;
  /** The number of claims. */
  size_t claim_count;
  /** 1 if it is granted and an upgrade of it waits, else 0. */
  int32_t upgrading;
  /** 0. */
  uint32_t reserved;
} oarlock_request_info;

/** What an oarlock_request_info starts as, to be filled. */
#define OARLOCK_REQUEST_INFO_INIT \
  { sizeof(oarlock_request_info), 0, 0, 0, 0, { NULL, 0 }, 0, NULL, 0, 0, 0 }

/**
 * The requests that a look saw. Does not change, and outlives the manager.
 *
 * Threads: may be read by several threads at once and freed by any one.
 */
typedef struct oarlock_snapshot oarlock_snapshot;

/**
 * Looks at the requests that hold or wait for something at a path, below it, or
 * above it (a claim above covers what is below). The empty path is the root:
 * all. Granted ones come first, then the waiting ones, each with the oldest first.
 * Each is shown as it stood at one moment of its own: they are looked at a few at a
 * time, and others go on in between. One that lived from the call to its return is
 * there, once.
 *
 * Ownership: *out_snapshot is the caller's, to free with oarlock_snapshot_free;
 *   NULL on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: what `path` points to is read during the call only.
 * Threads: any.
 * Blocks: never for a lock to be granted. Takes time in proportion to all live
 *   requests; other calls on the manager wait for a few of them at most.
 * Statuses: OARLOCK_OK; EMPTY_SEGMENT, TOO_MANY_SEGMENTS, PATH_TOO_LONG;
 *   INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_error` may be NULL.
 */
oarlock_status oarlock_inspect(const oarlock_manager *manager,
                               oarlock_path path,
                               oarlock_snapshot **out_snapshot,
                               oarlock_error **out_error);

/**
 * Looks at one request: the snapshot holds it alone.
 *
 * Ownership: *out_snapshot is the caller's, to free with oarlock_snapshot_free;
 *   NULL on failure. *out_error, where given, is the caller's on failure.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_error` may be NULL.
 */
oarlock_status oarlock_inspect_lock(const oarlock_manager *manager,
                                    oarlock_lock lock,
                                    oarlock_snapshot **out_snapshot,
                                    oarlock_error **out_error);

/**
 * Gives the number of requests in a snapshot.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `snapshot` must not have been freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: none; 0 when `snapshot` is NULL, misaligned or from before a fork.
 */
size_t oarlock_snapshot_count(const oarlock_snapshot *snapshot);

/**
 * Tells of one request of a snapshot, counted from 0.
 *
 * Ownership: what *out_info points to belongs to the snapshot.
 * Lifetimes: it is valid until the snapshot is freed.
 * Threads: any.
 * Blocks: never.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for an `index` that it does not
 *   have, and a struct_size that no version has); FORKED; PANIC.
 *
 * `out_info->struct_size` must be set before: start from
 * OARLOCK_REQUEST_INFO_INIT. On failure the other fields are 0.
 */
oarlock_status oarlock_snapshot_get(const oarlock_snapshot *snapshot,
                                    size_t index,
                                    oarlock_request_info *out_info);

/**
 * Frees a snapshot. Does nothing when `snapshot` is NULL.
 *
 * Ownership: takes the snapshot.
 * Lifetimes: neither it nor what it told may be used afterwards.
 * Threads: any, once.
 * Blocks: never.
 * Statuses: none. In a forked child a snapshot from before the fork is left as it
 *   is.
 */
void oarlock_snapshot_free(oarlock_snapshot *snapshot);

/**
 * Gives the requests that keep this one, or its upgrade, waiting now: those ahead
 * of it that conflict, or that have the permits. *out_count is how many there
 * are, which may be more than `capacity`; the first of them, up to `capacity`,
 * are written to `out_locks`. None if it does not wait.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `out_locks` has room for `capacity` locks.
 * Threads: any. The answer may be out of date when it arrives.
 * Blocks: never for a lock to be granted; other calls wait while it looks at what
 *   is live in the parts of the tree that this one has claims in.
 * Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
 *
 * `out_locks` may be NULL if `capacity` is 0.
 */
oarlock_status oarlock_blockers(const oarlock_manager *manager,
                                oarlock_lock lock,
                                oarlock_lock *out_locks,
                                size_t capacity,
                                size_t *out_count);


/* ==== Statistics and watches
 * For operators: what was done, and what takes too long.
 */

/**
 * The number of buckets of a histogram in oarlock_stats. Bucket i counts times
 * below 2 to the power of i nanoseconds that no earlier one counts; the last
 * counts all longer ones, too.
 */
#define OARLOCK_HISTOGRAM_BUCKETS 48

/**
 * What a manager has done since it was made, and what stands now. Start from
 * OARLOCK_STATS_INIT; later versions add fields at the end.
 */
typedef struct {
  /** sizeof(oarlock_stats), as the caller compiled it. */
  uint32_t struct_size;
  /** 0. */
  uint32_t reserved;
  /** Requests that are granted now. */
  uint64_t held;
  /** Requests that wait now. Upgrades are not counted. */
  uint64_t waiting;
  /** Requests granted, at once or after a wait. */
  uint64_t grants;
  /** Requests granted at once. */
  uint64_t immediate_grants;
  /** Requests that had to wait. */
  uint64_t waits;
  /** Granted requests that have ended. */
  uint64_t releases;
  /** Waiting requests that ended without the lock, timeouts among them. */
  uint64_t cancels;
  /** Requests and upgrades whose time was up. */
  uint64_t timeouts;
  /** Requests and upgrades refused with DEADLOCK. */
  uint64_t deadlocks;
  /** Tries that were refused, and requests refused because too many wait. */
  uint64_t refused;
  /** Upgrades granted. */
  uint64_t upgrades;
  /** How long the requests waited that were granted after a wait. */
  uint64_t wait_time[OARLOCK_HISTOGRAM_BUCKETS];
  /**
   * How long requests were held; all 0 unless the manager was made with
   * hold_times.
   */
  uint64_t hold_time[OARLOCK_HISTOGRAM_BUCKETS];
} oarlock_stats;

/** What an oarlock_stats starts as, to be filled. */
#define OARLOCK_STATS_INIT \
  { sizeof(oarlock_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, { 0 } }

/**
 * Fills *out_stats. Costs a short look at every part of the manager.
 *
 * Ownership: nothing changes hands.
 * Lifetimes: `manager` must not be freed meanwhile.
 * Threads: any.
 * Blocks: never for a lock to be granted.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for a struct_size that no version
 *   has); FORKED; PANIC.
 *
 * `out_stats->struct_size` must be set before: start from OARLOCK_STATS_INIT. On
 * failure the other fields are 0.
 */
oarlock_status oarlock_stats_get(const oarlock_manager *manager, oarlock_stats *out_stats);

/**
 * A watch over a manager. Does not keep it alive.
 *
 * Threads: only oarlock_watch_free takes it, once.
 */
typedef struct oarlock_watch oarlock_watch;

/**
 * Told of a request that is held or has waited for long. `info` and all it points
 * to are valid until this returns. May call any function of this library. Must not
 * leave in another way than by returning.
 */
typedef void (*oarlock_watch_callback)(void *user_data, const oarlock_request_info *info);

/**
 * Calls `callback` for every request that has been held, or has waited, for longer
 * than `threshold_ns` nanoseconds: once for the wait and once for the hold, up to
 * a quarter of the threshold late.
 *
 * Ownership: *out_watch is the caller's, to free with oarlock_watch_free; NULL on
 *   failure. `user_data` is the library's from the call on, whatever it returns:
 *   it is given to `drop`, unless that is NULL, exactly once: when the watch ends,
 *   or inside this call if it fails. *out_error, where given, is the caller's on
 *   failure.
 * Lifetimes: `user_data` and both functions must live until `drop` is called. The
 *   watch may outlive the manager, and does nothing then.
 * Threads: any. `callback` runs on a thread that the watch makes for itself, with
 *   no internal lock held; `drop` there or inside oarlock_watch_free.
 * Blocks: never. Each look of the watch goes over all live requests, a few at a
 *   time.
 * Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for a NULL `callback` or a negative
 *   threshold); INTERNAL (no thread); FORKED; PANIC.
 *
 * `user_data`, `drop` and `out_error` may be NULL.
 */
oarlock_status oarlock_watch_new(const oarlock_manager *manager,
                                 int64_t threshold_ns,
                                 oarlock_watch_callback callback,
                                 void *user_data,
                                 oarlock_drop drop,
                                 oarlock_watch **out_watch,
                                 oarlock_error **out_error);

/**
 * Ends a watch. Does nothing when `watch` is NULL.
 *
 * Ownership: takes the watch.
 * Lifetimes: the watch must not be used afterwards; its callback is not running
 *   and will not be called again when this returns.
 * Threads: any, once; inside the watch's own callback, too: then that call is its
 *   last.
 * Blocks: until a callback that is running has returned, except inside it.
 * Statuses: none. In a forked child a watch from before the fork is left as it is.
 */
void oarlock_watch_free(oarlock_watch *watch);

#ifdef __cplusplus
}  /* extern "C" */
#endif

#endif  /* OARLOCK_H */
