/* Putting a placeholder of the supervisor in the place of the guest's own socket. */
#ifndef IM_HANDOVER_H
#define IM_HANDOVER_H

#include <stdbool.h>

/* Makes descriptor `fd` the placeholder, which is closed in any case. 0, or -1 and errno. */
int handover_take(int fd, int placeholder, bool ipv6);

#endif
