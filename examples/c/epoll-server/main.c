/*
 * docstore: a document store that many clients use over a Unix socket, on one
 * thread that never blocks on a lock.
 *
 *   docstore SOCKET
 *
 * Each line of a client is a command, answered by a line or more:
 *
 *   GET path               OK text | NONE
 *   PUT path text          OK token
 *   DELETE path            OK number      the path and all below it
 *   MOVE from to           OK number      both subtrees at once, or neither
 *   LIST [path]            OK number, then that many lines
 *   LOCK path...           OK token       all of them, until UNLOCK or the end
 *   UNLOCK                 OK
 *   WHO [path]             OK number, then who holds or waits for what
 *   WITHIN ms COMMAND      the same, but TIMEOUT if its locks take longer (10 s)
 *
 * A command claims the paths it names, to read or to write. It waits for others
 * that conflict, first come, first served; DEADLOCK and the cycle if it would
 * wait for itself that way; CLOSING when the server goes down; ERROR and a reason.
 *
 * Everything that happens comes in through one epoll set: connections, their
 * bytes, SIGTERM and SIGINT through a signalfd, and the outcomes of locks that
 * were waited for through the descriptor of an oarlock_queue.
 */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

struct server server;

static void check(oarlock_status status, const oarlock_error *error) {
  if (status == OARLOCK_OK) return;
  errno = 0;
  die(error != NULL ? oarlock_error_message(error) : oarlock_status_message(status));
}

void watch(struct source *source, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, source->fd, &event) != 0) die("epoll_ctl");
}

static void listener_ready(struct source *source, uint32_t events) {
  (void)events;
  const int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) client_open(fd);
}

static void signals_ready(struct source *source, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  if (read(source->fd, &info, sizeof info) == sizeof info) server.stopping = true;
}

/* What could not be fetched at once leaves the descriptor readable. */
static void completions_ready(struct source *source, uint32_t events) {
  (void)source;
  (void)events;
  oarlock_completion completions[64];
  size_t count;
  check(oarlock_queue_drain(server.queue, completions, 64, &count), NULL);
  for (size_t i = 0; i < count; ++i) {
    client_completed(&completions[i]);
    oarlock_error_free(completions[i].error);
  }
}

static void open_listener(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  errno = 0;
  if (strlen(path) >= sizeof address.sun_path) die("the path of the socket is too long");
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(fd, SOMAXCONN) != 0)
    die(path);
  server.listener = (struct source){listener_ready, fd};
  watch(&server.listener, EPOLLIN);
}

static void open_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) die("sigprocmask");
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) die("signalfd");
  server.signals = (struct source){signals_ready, fd};
  watch(&server.signals, EPOLLIN);
}

static void open_locks(void) {
  oarlock_error *error;
  check(oarlock_manager_new(NULL, &server.locks, &error), error);
  check(oarlock_queue_new(&server.queue, &error), error);
  server.completions.ready = completions_ready;
  check(oarlock_queue_fd(server.queue, &server.completions.fd), NULL);
  watch(&server.completions, EPOLLIN);
}

static void serve(void) {
  while (!server.stopping) {
    struct epoll_event events[64];
    const int count = epoll_wait(server.epoll, events, 64, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; ++i) {
      struct source *const source = events[i].data.ptr;
      source->ready(source, events[i].events);
    }
    clients_bury();
  }
}

/* Commands that wait are answered with CLOSING, and everybody is sent away. */
static void stop(const char *path) {
  close(server.listener.fd);
  unlink(path);
  check(oarlock_manager_close(server.locks), NULL);
  oarlock_completion completion;
  size_t count;
  for (;;) {
    check(oarlock_queue_drain(server.queue, &completion, 1, &count), NULL);
    if (count == 0) break;
    client_completed(&completion);
    oarlock_error_free(completion.error);
  }
  while (server.clients != NULL) client_dismiss(server.clients);
  clients_bury();

  oarlock_stats stats = OARLOCK_STATS_INIT;
  check(oarlock_stats_get(server.locks, &stats), NULL);
  printf("docstore: %" PRIu64 " commands, %" PRIu64 " waited, %" PRIu64 " timed out, %" PRIu64
         " deadlocks; %" PRIu64 " locks held, %" PRIu64 " waiting\n",
         server.commands, stats.waits, stats.timeouts, stats.deadlocks, stats.held, stats.waiting);
  store_clear(&server.store);
  close(server.epoll); /* before the queue, whose descriptor it watches */
  close(server.signals.fd);
  oarlock_queue_free(server.queue);
  oarlock_manager_free(server.locks);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: docstore SOCKET\n", stderr);
    return 2;
  }
  server.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (server.epoll < 0) die("epoll_create1");
  open_signals();
  open_locks();
  open_listener(argv[1]);
  printf("docstore: listening on %s\n", argv[1]);
  fflush(stdout);
  serve();
  stop(argv[1]);
  return 0;
}
