/*
 * One grant of a lock that has to be waited for, on one thread: the request takes its
 * place, the holder releases, the outcome is noticed. In each of the ways that the C
 * library has, and what a bare eventfd costs.
 */
#include <oarlock.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "foreign.h"

enum { MOST = 64 };

/* So many locks, each of which is held, and is handed on by each round. */
struct waiting {
  oarlock_manager *manager;
  oarlock_queue *queue;
  int fd, epoll;
  uint64_t called;
  oarlock_lock held[MOST];
};

static void must(int good) {
  if (!good) abort();
}

static oarlock_claim claim_of(size_t i) {
  static char names[MOST][8];
  names[i][0] = (char)('0' + i / 8);
  names[i][1] = (char)('0' + i % 8);
  return oarlock_write(names[i]);
}

static void *open_waiting(void) {
  struct waiting *const it = (struct waiting *)calloc(1, sizeof *it);
  must(it != NULL && oarlock_manager_new(NULL, &it->manager, NULL) == OARLOCK_OK);
  must(oarlock_queue_new(&it->queue, NULL) == OARLOCK_OK);
  must(oarlock_queue_fd(it->queue, &it->fd) == OARLOCK_OK);
  it->epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {NULL}};
  must(it->epoll >= 0 && epoll_ctl(it->epoll, EPOLL_CTL_ADD, it->fd, &event) == 0);
  for (size_t i = 0; i < MOST; ++i) {
    const oarlock_claim claim = claim_of(i);
    must(oarlock_try_acquire(it->manager, &claim, 1, NULL, &it->held[i], NULL, NULL) == OARLOCK_OK);
  }
  return it;
}

static void close_waiting(void *state) {
  struct waiting *const it = (struct waiting *)state;
  oarlock_manager_free(it->manager);
  oarlock_queue_free(it->queue);
  close(it->epoll);
  free(it);
}

static void poll_fd(const struct waiting *it) {
  struct pollfd poll_for = {it->fd, POLLIN, 0};
  must(poll(&poll_for, 1, -1) == 1);
}

static void epoll_fd(const struct waiting *it) {
  struct epoll_event event;
  must(epoll_wait(it->epoll, &event, 1, -1) == 1);
}

/* Grants of a batch, then one look at the descriptor for all of them. */
static inline void by_queue(struct waiting *it, uint64_t times, size_t batch,
                            void (*look)(const struct waiting *)) {
  oarlock_completion got[MOST];
  for (uint64_t done = 0; done < times; done += batch) {
    oarlock_state state;
    oarlock_lock lock;
    size_t count;
    for (size_t i = 0; i < batch; ++i) {
      const oarlock_claim claim = claim_of(i);
      must(oarlock_enqueue_queue(it->manager, &claim, 1, NULL, OARLOCK_FOREVER, it->queue,
                                 &it->held[i], &lock, &state, NULL, NULL) == OARLOCK_OK);
      must(oarlock_release(it->manager, it->held[i]) == OARLOCK_OK);
    }
    look(it);
    must(oarlock_queue_drain(it->queue, got, MOST, &count) == OARLOCK_OK && count == batch);
    for (size_t i = 0; i < count; ++i) *(oarlock_lock *)got[i].user_data = got[i].lock;
  }
}

static void queue_1(void *state, uint64_t times) {
  by_queue((struct waiting *)state, times, 1, poll_fd);
}
static void queue_1_epoll(void *state, uint64_t times) {
  by_queue((struct waiting *)state, times, 1, epoll_fd);
}
static void queue_64(void *state, uint64_t times) {
  by_queue((struct waiting *)state, times, 64, poll_fd);
}

static void called(void *user_data, oarlock_status status, oarlock_lock lock, uint64_t token,
                   const oarlock_error *error) {
  struct waiting *const it = (struct waiting *)user_data;
  (void)token;
  (void)error;
  must(status == OARLOCK_OK);
  it->held[0] = lock;
  ++it->called;
}

static void callback(void *state, uint64_t times) {
  struct waiting *const it = (struct waiting *)state;
  it->called = 0;
  for (uint64_t i = 0; i < times; ++i) {
    const oarlock_claim claim = claim_of(0);
    oarlock_state granted;
    oarlock_lock lock;
    must(oarlock_enqueue_callback(it->manager, &claim, 1, NULL, OARLOCK_FOREVER, called, it, NULL,
                                  &lock, &granted, NULL, NULL) == OARLOCK_OK);
    must(oarlock_release(it->manager, it->held[0]) == OARLOCK_OK);
  }
  must(it->called == times);
}

static void waited_for(void *state, uint64_t times) {
  struct waiting *const it = (struct waiting *)state;
  for (uint64_t i = 0; i < times; ++i) {
    const oarlock_claim claim = claim_of(0);
    oarlock_state granted;
    oarlock_lock lock;
    must(oarlock_enqueue(it->manager, &claim, 1, NULL, &lock, &granted, NULL, NULL) == OARLOCK_OK);
    must(oarlock_release(it->manager, it->held[0]) == OARLOCK_OK);
    must(oarlock_wait(it->manager, lock, OARLOCK_FOREVER, NULL, NULL) == OARLOCK_OK);
    it->held[0] = lock;
  }
}

static void *open_eventfd(void) {
  int *const fd = (int *)malloc(sizeof *fd);
  must(fd != NULL);
  *fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  must(*fd >= 0);
  return fd;
}

static void close_eventfd(void *state) {
  close(*(int *)state);
  free(state);
}

static void eventfd_alone(void *state, uint64_t times) {
  const int fd = *(int *)state;
  for (uint64_t i = 0; i < times; ++i) {
    uint64_t one = 1;
    struct pollfd poll_for = {fd, POLLIN, 0};
    must(write(fd, &one, sizeof one) == sizeof one);
    must(poll(&poll_for, 1, -1) == 1);
    must(read(fd, &one, sizeof one) == sizeof one);
  }
}

static const struct foreign_case CASES[] = {
    {"a bare eventfd: write, poll, read", open_eventfd, eventfd_alone, close_eventfd},
    {"queue, one at a time, poll", open_waiting, queue_1, close_waiting},
    {"queue, one at a time, epoll", open_waiting, queue_1_epoll, close_waiting},
    {"queue, 64 at a time", open_waiting, queue_64, close_waiting},
    {"callback", open_waiting, callback, close_waiting},
    {"enqueue, then wait", open_waiting, waited_for, close_waiting},
};

const struct foreign_case *foreign_cases(size_t *out_count) {
  *out_count = sizeof CASES / sizeof CASES[0];
  return CASES;
}
