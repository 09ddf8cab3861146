/* What addresses mean on this host, and as whom it speaks. */
#ifndef IM_OVERLAY_H
#define IM_OVERLAY_H

#include <stdbool.h>

#include "endpoint.h"

/* Is the destination on the overlay? Makes it what it means here: localhost is the host itself. */
bool overlay_destination(struct endpoint *to);

/* Puts what is really bound in the place of a declared port. */
void overlay_map_port(struct endpoint *to, uint16_t protocol);

/* Binds the socket to the own address, unless it has an address already. Keeps errno. */
void overlay_source(int fd, bool ipv6, bool tcp);

#endif
