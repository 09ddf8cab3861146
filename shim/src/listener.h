/* Listeners that the supervisor knows of: what it is told when they come and go. */
#ifndef IM_LISTENER_H
#define IM_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* IM_LISTEN; nothing if the socket is not on the own overlay address. Keeps errno. */
void listener_announce(int fd);

struct listener_farewell {
  bool due;
  struct im_request request;
};

/*
 * To be called before a descriptor number goes away. If it is the last one of the whole guest for
 * its listener, the listener leaves the guest's epolls and a farewell is due, to be sent after
 * the descriptor is really closed. Keeps errno.
 */
struct listener_farewell listener_leave(int fd);
void listener_say(const struct listener_farewell *farewell);

/*
 * shutdown() of a handed over listener. The guest lets go of it, as far as it is this process's;
 * where others have it as well, they keep it.
 */
void listener_shut(int fd);

#endif
