/* Putting a placeholder of the supervisor in the place of the guest's own socket. */
#ifndef IM_HANDOVER_H
#define IM_HANDOVER_H

#include <stdbool.h>

/* Makes descriptor `fd` the placeholder, which is closed in any case. 0, or -1 and errno. */
int handover_take(int fd, int placeholder, bool ipv6);

/*
 * Whether `fd`, of which nothing is known here, is a placeholder that another process of the guest
 * was handed: it came over a socket, or with exec. If so, that is known from now on. Keeps errno.
 */
bool handover_recognise(int fd);

#endif
