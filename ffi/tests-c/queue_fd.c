/* The descriptor of a queue: readable exactly while something lies in it. */
#include "queued.h"

#include <fcntl.h>
#include <poll.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

static int fd_of(const oarlock_queue *queue) {
  int fd = -7;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_fd(queue, &fd));
  CHECK(fd >= 0);
  return fd;
}

static int readable(int fd) {
  struct pollfd polled = {fd, POLLIN, 0};
  const int ready = poll(&polled, 1, 0);
  CHECK(ready >= 0 && (polled.revents & ~POLLIN) == 0);
  return ready == 1;
}

static void it_follows_the_queue(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const int fd = fd_of(queue);
  CHECK(!readable(fd) && fd_of(queue) == fd);
  for (int round = 0; round < 3; round++) {
    const oarlock_lock held = check_hold(manager, oarlock_write("a"));
    const oarlock_lock waits =
        queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, NULL);
    CHECK(!readable(fd));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    CHECK(readable(fd) && readable(fd));
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
    CHECK(queued_next(queue).lock == waits);
    CHECK(readable(fd)); /* the post is there still */
    oarlock_completion done;
    size_t count = 9;
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, &done, 0, &count));
    CHECK(count == 0 && readable(fd)); /* nothing was fetched */
    CHECK(queued_next(queue).kind == OARLOCK_COMPLETION_POST);
    CHECK(!readable(fd) && queued_none(queue) && !readable(fd));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  }
  /* A wait that times out leaves it as it is. */
  oarlock_completion done;
  size_t count = 9;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_queue_wait(queue, CHECK_SOON, &done, 1, &count));
  CHECK(count == 0 && !readable(fd));
  oarlock_queue_free(queue);
  check_done(manager);
}

static void it_blocks_nobody_and_is_closed_by_exec(void) {
  oarlock_queue *const queue = queued_new();
  const int fd = fd_of(queue);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  oarlock_queue_free(queue);
  CHECK(fcntl(fd, F_GETFD) == -1); /* closed with the queue */
}

struct poster {
  oarlock_manager *manager;
  oarlock_lock held;
};

static void *release_held(void *data) {
  struct poster *const poster = (struct poster *)data;
  oarlock_release(poster->manager, poster->held);
  return NULL;
}

/* A blocking poll returns when another thread's release decides the outcome. */
static void poll_wakes_a_thread(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  struct pollfd polled = {fd_of(queue), POLLIN, 0};
  for (int round = 0; round < 50; round++) {
    struct poster poster = {manager, check_hold(manager, oarlock_write("a"))};
    pthread_t thread;
    const oarlock_lock waits =
        queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, NULL);
    assert(pthread_create(&thread, NULL, release_held, &poster) == 0);
    CHECK(poll(&polled, 1, -1) == 1);
    CHECK(queued_next(queue).lock == waits);
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  }
  oarlock_queue_free(queue);
  check_done(manager);
}

#ifdef __linux__
static int watch_by_epoll(int fd, uint32_t events) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = events;
  assert(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  return epoll;
}

static int ready(int epoll) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, 0);
}

static void epoll_by_level(void) {
  oarlock_queue *const queue = queued_new();
  const int epoll = watch_by_epoll(fd_of(queue), EPOLLIN);
  CHECK(ready(epoll) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK(ready(epoll) == 1 && ready(epoll) == 1);
  queued_next(queue);
  CHECK(ready(epoll) == 1);
  queued_next(queue);
  CHECK(ready(epoll) == 0);
  close(epoll);
  oarlock_queue_free(queue);
}

/* Told once each time that it becomes non-empty: who drains until it is empty
 * misses nothing. */
static void epoll_by_edge(void) {
  oarlock_queue *const queue = queued_new();
  const int epoll = watch_by_epoll(fd_of(queue), EPOLLIN | EPOLLET);
  CHECK(ready(epoll) == 0);
  for (int round = 0; round < 3; round++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
    CHECK(ready(epoll) == 1 && ready(epoll) == 0);
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
    queued_next(queue);
    queued_next(queue);
    CHECK(queued_none(queue) && ready(epoll) == 0);
  }
  /* Emptied and filled again between two looks: that is news. */
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK(ready(epoll) == 1);
  queued_next(queue);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK(ready(epoll) == 1);
  close(epoll);
  oarlock_queue_free(queue);
}

enum { POSTS = 2000 };

static void *post_many(void *data) {
  for (int i = 0; i < POSTS; i++) {
    if (oarlock_queue_post((const oarlock_queue *)data, NULL) != OARLOCK_OK) return data;
  }
  return NULL;
}

/* An edge-triggered loop that drains until it is empty gets all of them. */
static void an_edge_triggered_loop_misses_nothing(void) {
  oarlock_queue *const queue = queued_new();
  const int epoll = watch_by_epoll(fd_of(queue), EPOLLIN | EPOLLET);
  pthread_t thread;
  int fetched = 0;
  void *failed = NULL;
  assert(pthread_create(&thread, NULL, post_many, queue) == 0);
  while (fetched < POSTS) {
    oarlock_completion done[7];
    struct epoll_event event;
    size_t count = 1;
    assert(epoll_wait(epoll, &event, 1, -1) == 1);
    while (count > 0) {
      CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, done, 7, &count));
      fetched += (int)count;
    }
  }
  assert(pthread_join(thread, &failed) == 0);
  CHECK(fetched == POSTS && failed == NULL && queued_none(queue));
  close(epoll);
  oarlock_queue_free(queue);
}
#endif

int main(void) {
  RUN(it_follows_the_queue);
  RUN(it_blocks_nobody_and_is_closed_by_exec);
  RUN(poll_wakes_a_thread);
#ifdef __linux__
  RUN(epoll_by_level);
  RUN(epoll_by_edge);
  RUN(an_edge_triggered_loop_misses_nothing);
#endif
  return check_failed_tests != 0;
}
