/* Upgrades that a thread waits for: at once, in time, taken back, refused. */
#include "readers.h"

static oarlock_state upgrade_state(const struct readers *readers, oarlock_lock lock) {
  oarlock_state state = 9;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(readers->manager, lock, &state, &token));
  CHECK((token != 0) == (state == OARLOCK_GRANTED));
  return state;
}

static void a_lone_reader_becomes_a_writer_at_once(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_lock locks[4];
  for (int way = 0; way < 4; way++) {
    oarlock_state state = OARLOCK_GRANTED;
    uint64_t token = 0;
    locks[way] = check_hold(manager, oarlock_read("a"));
    const uint64_t before = check_token(manager, locks[way]);
    oarlock_status status = OARLOCK_OK;
    switch (way) {
      case 0: status = oarlock_try_upgrade(manager, locks[way], &token, NULL); break;
      case 1: status = oarlock_upgrade(manager, locks[way], 0, &token, NULL); break;
      case 2: status = oarlock_upgrade(manager, locks[way], OARLOCK_FOREVER, &token, NULL); break;
      default: status = oarlock_upgrade_enqueue(manager, locks[way], &state, &token, NULL);
    }
    CHECK_STATUS(OARLOCK_OK, status);
    CHECK(state == OARLOCK_GRANTED);
    CHECK(token > before && token == check_token(manager, locks[way]));
    CHECK(!check_free(manager, oarlock_read("a/b")) && check_free(manager, oarlock_read("b")));
    /* Once more changes nothing, the token neither. */
    uint64_t again = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade(manager, locks[way], 0, &again, NULL));
    CHECK(again == token);
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_wait(manager, locks[way], 0, &again, NULL));
    CHECK(again == token);
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(manager, locks[way], &state, &again));
    CHECK(state == OARLOCK_GRANTED && again == token);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, locks[way]));
  }
  check_done(manager);
}

static void others_are_in_the_way(void) {
  struct readers r = readers();
  uint64_t token = 9;
  const uint64_t before = check_token(r.manager, r.one);
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, oarlock_try_upgrade(r.manager, r.one, &token, NULL));
  CHECK(token == 0);
  token = 9;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_upgrade(r.manager, r.one, 0, &token, NULL));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_upgrade(r.manager, r.one, CHECK_SOON, NULL, NULL));
  CHECK(upgrade_state(&r, r.one) == OARLOCK_NOT_UPGRADED);
  /* It holds what it held, with the old token; readers come in again. */
  CHECK(check_token(r.manager, r.one) == before && check_free(r.manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  check_done(r.manager);
}

/* Ahead of all that wait, and they wait for it, too. */
static void a_waiting_upgrade_goes_first(void) {
  struct readers r = readers();
  oarlock_state state = 9;
  uint64_t token = 9;
  const uint64_t before = check_token(r.manager, r.one);
  const oarlock_lock writer = check_queue(r.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.one, &state, &token, NULL));
  CHECK(state == OARLOCK_WAITING && token == 0);
  CHECK(upgrade_state(&r, r.one) == OARLOCK_WAITING);
  CHECK(check_state(r.manager, r.one) == OARLOCK_GRANTED);
  CHECK(check_token(r.manager, r.one) == before);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  CHECK(upgrade_state(&r, r.one) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_wait(r.manager, r.one, OARLOCK_FOREVER, &token, NULL));
  CHECK(token > before && token == check_token(r.manager, r.one));
  CHECK(check_state(r.manager, writer) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  CHECK(check_token(r.manager, writer) > token);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, writer));
  check_done(r.manager);
}

static void one_upgrade_of_a_request_waits_at_a_time(void) {
  struct readers r = readers();
  oarlock_state state = 9;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.one, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING,
               oarlock_upgrade_enqueue(r.manager, r.one, &state, &token, NULL));
  CHECK(state == 0 && token == 0);
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING, oarlock_try_upgrade(r.manager, r.one, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING,
               oarlock_upgrade(r.manager, r.one, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING, oarlock_downgrade(r.manager, r.one));
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING,
               oarlock_release_part(r.manager, r.one, oarlock_path_of("a"), NULL));
  /* When the time is up it is taken back. */
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_upgrade_wait(r.manager, r.one, CHECK_SOON, &token, NULL));
  CHECK(token == 0 && upgrade_state(&r, r.one) == OARLOCK_NOT_UPGRADED);
  CHECK_STATUS(OARLOCK_ERR_CANCELLED,
               oarlock_upgrade_wait(r.manager, r.one, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  check_done(r.manager);
}

static void cancelling_takes_an_upgrade_back(void) {
  struct readers r = readers();
  oarlock_state state = 9;
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_upgrade_cancel(r.manager, r.one));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.one, &state, NULL, NULL));
  CHECK(!check_free(r.manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_cancel(r.manager, r.one));
  CHECK(check_free(r.manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_upgrade_cancel(r.manager, r.one));
  CHECK_STATUS(OARLOCK_ERR_CANCELLED,
               oarlock_upgrade_wait(r.manager, r.one, OARLOCK_FOREVER, NULL, NULL));
  /* A release ends the upgrade with the request. */
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.one, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_upgrade_wait(r.manager, r.one, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_upgrade_state(r.manager, r.one, &state, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  check_done(r.manager);
}

struct blocked {
  oarlock_manager *manager;
  oarlock_lock lock;
  uint64_t token;
  oarlock_status status;
};

static void *upgrade_blocked(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_upgrade(blocked->manager, blocked->lock, OARLOCK_FOREVER,
                                    &blocked->token, NULL);
  return NULL;
}

static void *wait_blocked(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_upgrade_wait(blocked->manager, blocked->lock, OARLOCK_FOREVER,
                                         &blocked->token, NULL);
  return NULL;
}

/* How a blocked upgrade may end: by what the main thread does. */
static void what_ends_a_blocked_upgrade(void) {
  static const oarlock_status wanted[] = {OARLOCK_OK, OARLOCK_ERR_CANCELLED,
                                          OARLOCK_ERR_CANCELLED, OARLOCK_ERR_CLOSED};
  for (int end = 0; end < 4; end++) {
    struct readers r = readers();
    struct blocked blocked = {r.manager, r.one, 9, 1};
    pthread_t thread;
    assert(pthread_create(&thread, NULL, upgrade_blocked, &blocked) == 0);
    EVENTUALLY(upgrade_state(&r, r.one) == OARLOCK_WAITING);
    switch (end) {
      case 0: CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two)); break;
      case 1: CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_cancel(r.manager, r.one)); break;
      case 2: CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one)); break;
      default: CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(r.manager));
    }
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(wanted[end], blocked.status);
    CHECK((blocked.token != 0) == (end == 0));
    if (end != 2) {
      CHECK(check_state(r.manager, r.one) == OARLOCK_GRANTED);
      CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
    }
    if (end != 0) CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
    oarlock_manager_free(r.manager);
  }
}

/* Several may wait for one upgrade: all learn the same. */
static void several_threads_wait_for_one_upgrade(void) {
  enum { THREADS = 3 };
  struct readers r = readers();
  struct blocked blocked[THREADS];
  pthread_t threads[THREADS];
  oarlock_state state = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.one, &state, NULL, NULL));
  for (int i = 0; i < THREADS; i++) {
    const struct blocked waits = {r.manager, r.one, 9, 1};
    blocked[i] = waits;
    assert(pthread_create(&threads[i], NULL, wait_blocked, &blocked[i]) == 0);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  for (int i = 0; i < THREADS; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, blocked[i].status);
    CHECK(blocked[i].token == check_token(r.manager, r.one));
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  check_done(r.manager);
}

/* Neither lets go of what the other one waits for: the second is refused. */
static void the_second_of_two_upgraders_is_refused(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_request_options first = check_options(NULL, "first");
  const oarlock_request_options second = check_options(NULL, "second");
  struct readers r = {manager, check_hold_as(manager, oarlock_read("a"), &first),
                      check_hold_as(manager, oarlock_read("a"), &second)};
  oarlock_state state = 9;
  oarlock_error *error = NULL;
  size_t count = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, r.one, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_upgrade(manager, r.two, OARLOCK_FOREVER, NULL, &error));
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK(count == 2 && parties != NULL);
  if (count == 2) {
    CHECK(parties[0].lock == r.two && check_is(parties[0].label, "second"));
    CHECK(parties[1].lock == r.one && check_is(parties[1].label, "first"));
    CHECK(parties[0].owner == 0 && parties[1].owner == 0);
  }
  oarlock_error_free(error);
  state = 9;
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_upgrade_enqueue(manager, r.two, &state, NULL, NULL));
  CHECK(state == 0 && upgrade_state(&r, r.two) == OARLOCK_NOT_UPGRADED);
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, oarlock_try_upgrade(manager, r.two, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, r.two));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_wait(manager, r.one, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, r.one));
  check_done(manager);
}

static void what_waits_itself_is_not_upgraded(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waits = check_queue(manager, oarlock_read("a"));
  oarlock_state state = 9;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED, oarlock_try_upgrade(manager, waits, &token, NULL));
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED,
               oarlock_upgrade(manager, waits, OARLOCK_FOREVER, &token, NULL));
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED,
               oarlock_upgrade_enqueue(manager, waits, &state, &token, NULL));
  CHECK(token == 0 && state == 0);
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED, oarlock_upgrade_state(manager, waits, &state, &token));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_upgrade_cancel(manager, waits));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

static void a_closed_manager_upgrades_nobody(void) {
  struct readers r = readers();
  oarlock_state state = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(r.manager));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_try_upgrade(r.manager, r.one, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_upgrade(r.manager, r.one, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_upgrade(r.manager, r.one, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_upgrade_enqueue(r.manager, r.one, &state, NULL, NULL));
  CHECK(upgrade_state(&r, r.one) == OARLOCK_NOT_UPGRADED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  oarlock_manager_free(r.manager);
}

/* A mixed request: its reads become writes, also over several paths. */
static void all_reads_of_a_request_become_writes(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[3] = {oarlock_read("a"), oarlock_write("a/b"), oarlock_read("c")};
  oarlock_lock lock = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_acquire(manager, claims, 3, NULL, 0, &lock, NULL, NULL));
  const oarlock_lock reader = check_hold(manager, oarlock_read("c/d"));
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, oarlock_try_upgrade(manager, lock, NULL, NULL));
  CHECK(check_free(manager, oarlock_read("a/x")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reader));
  CHECK_STATUS(OARLOCK_OK, oarlock_try_upgrade(manager, lock, NULL, NULL));
  CHECK(!check_free(manager, oarlock_read("a/x")) && !check_free(manager, oarlock_read("c")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

int main(void) {
  RUN(a_lone_reader_becomes_a_writer_at_once);
  RUN(others_are_in_the_way);
  RUN(a_waiting_upgrade_goes_first);
  RUN(one_upgrade_of_a_request_waits_at_a_time);
  RUN(cancelling_takes_an_upgrade_back);
  RUN(what_ends_a_blocked_upgrade);
  RUN(several_threads_wait_for_one_upgrade);
  RUN(the_second_of_two_upgraders_is_refused);
  RUN(what_waits_itself_is_not_upgraded);
  RUN(a_closed_manager_upgrades_nobody);
  RUN(all_reads_of_a_request_become_writes);
  return check_failed_tests != 0;
}
