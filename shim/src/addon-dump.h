/* A dump of sockets by sock_diag, as the kernel writes it while it is read. */
#ifndef IM_ADDON_DUMP_H
#define IM_ADDON_DUMP_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>

/* `length`: of the socket's message, with its attributes. False ends the dump; errno says why. */
typedef bool dump_each(void *context, const struct inet_diag_msg *socket, size_t length);

/*
 * Sends the request and calls back for every socket of the answer, of which at most `reads_max`
 * packets of 32 KB are read. 0, or -1 with errno.
 */
int dump_sockets(int descriptor, const void *request, size_t size, size_t reads_max,
                 dump_each *each, void *context);

#endif
