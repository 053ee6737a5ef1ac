/*
 * A connection: lines come in, answers go out, and one command at a time is
 * carried out or waits for its locks. While it waits the client is parked: no
 * more of its lines are read, and nobody else is held up.
 */
#define _GNU_SOURCE /* accept4's flags */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "server.h"

enum {
  LONGEST_LINE = 64 * 1024,
  /* No more commands of a client are carried out while it leaves as many bytes of
   * answers unread. */
  MOST_UNREAD = 256 * 1024,
};

struct client {
  struct source source; /* first, so that their addresses are the same */
  struct client *next, **link; /* in server.clients, or only `next` in server.dead */
  unsigned number;
  uint32_t events; /* that epoll watches for */
  struct bytes in, out;
  bool ended; /* it sends no more */
  bool gone;  /* the connection is closed */

  oarlock_owner *owner;
  oarlock_lock session; /* what it locked, or 0 */
  bool parked;          /* `waiting` has a completion yet to come */
  oarlock_lock waiting;
  struct command command; /* the one that waits */
};

/* To be freed when nothing of this round of events can lead to it any more. */
static void bury(struct client *client) {
  client->next = server.dead;
  server.dead = client;
}

void clients_bury(void) {
  while (server.dead != NULL) {
    struct client *const client = server.dead;
    server.dead = client->next;
    command_free(&client->command);
    bytes_free(&client->in);
    bytes_free(&client->out);
    oarlock_owner_free(client->owner);
    free(client);
  }
}

/* Ends the connection. A command that waits is cancelled, so that whoever stands
 * behind it goes on; its completion has yet to be fetched, and frees the client. */
static void hang_up(struct client *client) {
  client->gone = true;
  *client->link = client->next;
  if (client->next != NULL) client->next->link = client->link;
  close(client->source.fd); /* which takes it out of the epoll set */
  if (client->session != 0) oarlock_release(server.locks, client->session);
  if (client->parked)
    oarlock_cancel(server.locks, client->waiting); /* or the grant has won: see client_completed */
  else
    bury(client);
}

static bool wants_input(const struct client *client) {
  return !client->parked && !client->ended && client->out.size < MOST_UNREAD;
}

/* Takes over the line. Carries the command out if its locks are free, else parks. */
static void begin(struct client *client, char *line) {
  struct command *const command = &client->command;
  ++server.commands;
  const char *const wrong = command_parse(command, line);
  if (wrong != NULL) {
    bytes_print(&client->out, "ERROR %s\n", wrong);
    command_free(command);
    return;
  }
  oarlock_claim claims[MOST_PATHS];
  const size_t count = command_claims(command, claims);
  if (count == 0) {
    command_run(command, 0, 0, &client->session, &client->out);
    command_free(command);
    return;
  }
  char label[64];
  snprintf(label, sizeof label, "client %u %s", client->number, command_name(command));
  oarlock_request_options options = OARLOCK_REQUEST_OPTIONS_INIT;
  options.owner = client->owner; /* what its session has locked is open to it */
  options.label = oarlock_str_of(label);
  oarlock_lock lock;
  oarlock_state state;
  uint64_t token;
  oarlock_error *error;
  const oarlock_status status =
      oarlock_enqueue_queue(server.locks, claims, count, &options, command->timeout_ns,
                            server.queue, client, &lock, &state, &token, &error);
  if (status == OARLOCK_OK && state == OARLOCK_WAITING) {
    client->parked = true;
    client->waiting = lock;
    return;
  }
  if (status == OARLOCK_OK)
    command_run(command, lock, token, &client->session, &client->out);
  else
    command_refuse(status, error, &client->out);
  oarlock_error_free(error);
  command_free(command);
}

/* Carries out the lines that have come in, up to one that has to wait. False if
 * there was none. */
static bool work(struct client *client) {
  size_t done = 0;
  while (!client->parked && client->out.size < MOST_UNREAD) {
    char *const line = client->in.data + done;
    const size_t left = client->in.size - done;
    char *const end = left > 0 ? memchr(line, '\n', left) : NULL;
    if (end == NULL) {
      if (left > LONGEST_LINE) {
        bytes_print(&client->out, "ERROR the line is too long\n");
        client->ended = true;
        done = client->in.size;
      }
      break;
    }
    done += (size_t)(end - line) + 1;
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    begin(client, must(strdup(line)));
  }
  bytes_drop(&client->in, done);
  return done > 0;
}

/* Sends what can be sent now. False if the client is gone. */
static bool flush(struct client *client) {
  while (client->out.size > 0) {
    const ssize_t sent =
        send(client->source.fd, client->out.data, client->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    bytes_drop(&client->out, (size_t)sent);
  }
  return true;
}

/* After anything has happened: does what can be done now, and watches for what
 * can happen next. */
static void settle(struct client *client) {
  bool connected;
  do connected = flush(client);
  while (connected && work(client));
  if (!connected || (client->ended && !client->parked && client->out.size == 0)) {
    hang_up(client);
    return;
  }
  /* EPOLLHUP, that the client is gone, is watched for always. It comes when both
   * directions are shut: a client may shut its own and wait for the answers. (Over
   * TCP the two cannot be told apart: there EPOLLRDHUP would have to mean gone.) */
  const uint32_t events =
      (wants_input(client) ? EPOLLIN : 0u) | (client->out.size > 0 ? EPOLLOUT : 0u);
  if (events == client->events) return;
  struct epoll_event event = {.events = events, .data.ptr = &client->source};
  if (epoll_ctl(server.epoll, EPOLL_CTL_MOD, client->source.fd, &event) != 0) die("epoll_ctl");
  client->events = events;
}

static void receive(struct client *client) {
  char part[16 * 1024];
  const ssize_t size = recv(client->source.fd, part, sizeof part, MSG_DONTWAIT);
  if (size > 0)
    bytes_add(&client->in, part, (size_t)size);
  else if (size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
    client->ended = true;
}

static void client_ready(struct source *source, uint32_t events) {
  struct client *const client = (struct client *)source;
  if (client->gone) return; /* by an earlier event of this round */
  if (wants_input(client)) {
    receive(client);
  } else if (events & (EPOLLHUP | EPOLLERR)) {
    hang_up(client);
    return;
  }
  settle(client);
}

void client_open(int fd) {
  struct client *const client = must(calloc(1, sizeof *client));
  client->source = (struct source){client_ready, fd};
  client->number = ++server.last_number;
  oarlock_error *error;
  if (oarlock_owner_new(server.locks, &client->owner, &error) != OARLOCK_OK)
    die(oarlock_error_message(error));
  client->next = server.clients;
  client->link = &server.clients;
  if (client->next != NULL) client->next->link = &client->next;
  server.clients = client;
  client->events = EPOLLIN;
  watch(&client->source, EPOLLIN);
}

void client_completed(const oarlock_completion *completion) {
  struct client *const client = completion->user_data;
  client->parked = false;
  client->waiting = 0;
  if (client->gone) {
    /* Cancelled, unless it was granted first: then the lock is ours to end. */
    if (completion->status == OARLOCK_OK) oarlock_release(server.locks, completion->lock);
    bury(client);
    return;
  }
  if (completion->status == OARLOCK_OK)
    command_run(&client->command, completion->lock, completion->token, &client->session,
                &client->out);
  else
    command_refuse(completion->status, completion->error, &client->out);
  command_free(&client->command);
  settle(client); /* and on with what came in behind it */
}

void client_dismiss(struct client *client) {
  client->ended = true;
  settle(client);
  if (!client->gone) hang_up(client); /* it does not read; nobody waits for that */
}
