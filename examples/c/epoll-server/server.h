/* What the parts of the server share. One thread uses all of it. */
#ifndef SERVER_H
#define SERVER_H

#include <oarlock.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "util.h"

/* What stands in the epoll set: the kernel hands its address back. */
struct source {
  void (*ready)(struct source *source, uint32_t events);
  int fd;
};

struct server {
  int epoll;
  struct source listener, signals, completions;
  oarlock_manager *locks;
  oarlock_queue *queue; /* its descriptor is that of `completions` */
  struct store store;
  struct client *clients; /* a list of those that are connected */
  struct client *dead;    /* a list of those to free after this round of events */
  unsigned last_number;
  uint64_t commands;
  bool stopping;
};

extern struct server server;

/* Puts a source into the epoll set. */
void watch(struct source *source, uint32_t events);

/* A connection has come in; takes over the descriptor. */
void client_open(int fd);
/* The lock that a client's command waits for was granted, or will not be. */
void client_completed(const oarlock_completion *completion);
/* Sends what can be sent at once, and ends the connection. */
void client_dismiss(struct client *client);
/* Frees the clients of server.dead. */
void clients_bury(void);

#endif
