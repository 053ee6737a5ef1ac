/* Mistakes on purpose, one for each argument: a sanitizer must report every one. */
#include <oarlock.h>

#include <stdio.h>
#include <stdlib.h>

/* Reads what the library handed out, after giving it back. */
static int use_after_free(void) {
  oarlock_manager *manager = NULL;
  oarlock_error *error = NULL;
  oarlock_lock lock = 0;
  const oarlock_claim nothing = oarlock_write("//");
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 0;
  oarlock_try_acquire(manager, &nothing, 1, NULL, &lock, NULL, &error);
  const char *const message = oarlock_error_message(error);
  oarlock_error_free(error);
  oarlock_manager_free(manager);
  return message[0];
}

/* Says that there is room for two where there is room for one: the library writes. */
static int too_little_room(void) {
  oarlock_queue *queue = NULL;
  oarlock_completion *const room = malloc(sizeof *room);
  size_t count = 0;
  if (room == NULL || oarlock_queue_new(&queue, NULL) != OARLOCK_OK) return 0;
  oarlock_queue_post(queue, NULL);
  oarlock_queue_post(queue, NULL);
  oarlock_queue_drain(queue, room, 2, &count);
  oarlock_queue_free(queue);
  free(room);
  return (int)count;
}

static void note(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                 const oarlock_error *error) {
  (void)lock, (void)token, (void)error;
  *(oarlock_status *)data = status;
}

/* Waits for "a" with a note that is to be written to this frame. */
static void wait_here(const oarlock_manager *manager) {
  const oarlock_claim claim = oarlock_write("a");
  oarlock_status told = OARLOCK_OK;
  oarlock_lock held = 0, waits = 0;
  oarlock_state state = 0;
  oarlock_try_acquire(manager, &claim, 1, NULL, &held, NULL, NULL);
  oarlock_enqueue_callback(manager, &claim, 1, NULL, OARLOCK_FOREVER, note, &told, NULL, &waits,
                           &state, NULL, NULL);
}

/* Has the library tell a frame that is gone. */
static int use_after_return(void) {
  oarlock_manager *manager = NULL;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 0;
  wait_here(manager);
  oarlock_manager_free(manager);
  return 0;
}

/* Forgets a manager. */
static int leak(void) {
  oarlock_manager *manager = NULL;
  const int status = oarlock_manager_new(NULL, &manager, NULL);
  manager = NULL;
  return status;
}

/* Says that a path is longer than it is: the library reads. */
static int too_long(void) {
  char *const path = malloc(4);
  oarlock_manager *manager = NULL;
  oarlock_lock lock = 0;
  oarlock_claim claim = {OARLOCK_WRITE, 0, {{path, 64}, NULL, 0, 0, 0}};
  if (path == NULL || oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 0;
  memset(path, 'a', 4);
  oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL);
  oarlock_manager_free(manager);
  free(path);
  return 0;
}

/* A number that no int has. */
static int overflow(void) {
  volatile int most = 2147483647;
  return most + 1;
}

int main(int count, char **arguments) {
  const char *const what = count > 1 ? arguments[1] : "";
  int seen = 0;
  if (strcmp(what, "use-after-free") == 0) seen = use_after_free();
  else if (strcmp(what, "use-after-return") == 0) seen = use_after_return();
  else if (strcmp(what, "too-little-room") == 0) seen = too_little_room();
  else if (strcmp(what, "too-long") == 0) seen = too_long();
  else if (strcmp(what, "leak") == 0) seen = leak();
  else if (strcmp(what, "overflow") == 0) seen = overflow();
  else return 2;
  printf("nobody saw %s: %d\n", what, seen);
  return 0;
}
