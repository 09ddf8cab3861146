/*
 * A program without the shim sends from 127.0.0.1, which on a host means the host itself. An answer
 * to it must leave the host all the same: ports that such datagrams came from are remembered.
 * Shared by all threads, one bit a port; a forked child starts with its parent's.
 */
#ifndef IM_OUTSIDE_H
#define IM_OUTSIDE_H

#include <stdbool.h>

#include "endpoint.h"

/* Where a datagram came from. What the host's own processes send never has such a source. */
void outside_note(const struct endpoint *from);
/* Is this somebody outside, who sent to this process before? */
bool outside_knows(const struct endpoint *to);

#endif
