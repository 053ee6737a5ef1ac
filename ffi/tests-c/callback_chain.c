/* Long chains of callbacks need no stack.
 * skip: memcheck because of the many requests: it would take minutes */
#include "check.h"

#ifdef CHECK_SANITIZED
enum { LONG = 10000 }; /* its frames are large, and it takes its time */
#else
enum { LONG = 100000 };
#endif

struct chain {
  oarlock_manager *manager;
  int calls, drops;
  int depth, deepest; /* of callbacks within callbacks */
  uint64_t token;
};

static void release_in_chain(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                             const oarlock_error *error) {
  struct chain *const chain = (struct chain *)data;
  (void)error;
  if (++chain->depth > chain->deepest) chain->deepest = chain->depth;
  if (status != OARLOCK_OK || token <= chain->token) CHECK(0);
  chain->token = token;
  chain->calls++;
  if (oarlock_release(chain->manager, lock) != OARLOCK_OK) CHECK(0);
  chain->depth--;
}

static void count_link(void *data) { ((struct chain *)data)->drops++; }

static oarlock_lock add_link(struct chain *chain, oarlock_callback callback) {
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_status status =
      oarlock_enqueue_callback(chain->manager, &claim, 1, NULL, OARLOCK_FOREVER, callback, chain,
                               count_link, &lock, &state, NULL, NULL);
  if (status != OARLOCK_OK || state != OARLOCK_WAITING) CHECK(0);
  return lock;
}

/* One release lets in the first, whose callback lets in the next, and so on. */
static void a_long_chain_does_not_nest(void) {
  struct chain chain = {check_manager(), 0, 0, 0, 0, 0};
  const oarlock_lock held = check_hold(chain.manager, oarlock_write("a"));
  for (int i = 0; i < LONG; i++) add_link(&chain, release_in_chain);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(chain.manager, held));
  CHECK(chain.calls == LONG && chain.drops == LONG && chain.deepest == 1);
  check_done(chain.manager);
}

static void enqueue_in_chain(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                             const oarlock_error *error) {
  struct chain *const chain = (struct chain *)data;
  if (chain->calls < LONG - 1) add_link(chain, enqueue_in_chain);
  release_in_chain(data, status, lock, token, error);
}

/* Each callback makes the next request before it releases its own. */
static void a_chain_that_makes_itself_does_not_nest(void) {
  struct chain chain = {check_manager(), 0, 0, 0, 0, 0};
  const oarlock_lock held = check_hold(chain.manager, oarlock_write("a"));
  add_link(&chain, enqueue_in_chain);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(chain.manager, held));
  CHECK(chain.calls == LONG && chain.drops == LONG && chain.deepest == 1);
  check_done(chain.manager);
}

static void count_cancelled(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                            const oarlock_error *error) {
  struct chain *const chain = (struct chain *)data;
  (void)lock, (void)token, (void)error;
  if (++chain->depth > chain->deepest) chain->deepest = chain->depth;
  if (status != OARLOCK_ERR_CLOSED) CHECK(0);
  chain->calls++;
  chain->depth--;
}

static void a_close_tells_many(void) {
  struct chain chain = {check_manager(), 0, 0, 0, 0, 0};
  const oarlock_lock held = check_hold(chain.manager, oarlock_write("a"));
  for (int i = 0; i < LONG; i++) add_link(&chain, count_cancelled);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(chain.manager));
  CHECK(chain.calls == LONG && chain.drops == LONG && chain.deepest == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(chain.manager, held));
  oarlock_manager_free(chain.manager);
}

int main(void) {
  RUN(a_long_chain_does_not_nest);
  RUN(a_chain_that_makes_itself_does_not_nest);
  RUN(a_close_tells_many);
  return check_failed_tests != 0;
}
