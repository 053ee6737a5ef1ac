/* A child that executes another program, here itself: it begins anew, and has not
 * inherited the queues' descriptors. */
#include "child.h"
#include "own.h"

#include <errno.h>
#include <fcntl.h>

static char *program;

struct inherited {
  char fd[16];
};

static void execute(void *data) {
  struct inherited *const inherited = (struct inherited *)data;
  char *const arguments[] = {program, inherited->fd, NULL};
  CHECK(execv(program, arguments) == 0); /* it comes back only if it fails */
}

static void the_queue_is_closed_by_exec(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *queue = NULL;
  struct inherited inherited;
  int fd = -1;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_fd(queue, &fd));
  CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  snprintf(inherited.fd, sizeof inherited.fd, "%d", fd);
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK(in_child(execute, &inherited));
  CHECK(fcntl(fd, F_GETFD) != -1);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* What the executed program does. */
static int executed(const char *fd) {
  errno = 0;
  CHECK(fcntl(atoi(fd), F_GETFD) == -1 && errno == EBADF);
  own_everything();
  return check_failures != 0;
}

int main(int count, char **arguments) {
  if (count > 1) return executed(arguments[1]);
  program = arguments[0];
  RUN(the_queue_is_closed_by_exec);
  return check_failed_tests != 0;
}
