/*
 * Control messages that travel with datagrams. Which source a datagram has, or had, is IP_PKTINFO
 * on a socket of IPv4 and IPV6_PKTINFO on one of IPv6: a guest that asked for IPv6 and was handed a
 * socket of IPv4 speaks of the one, and the kernel of the other.
 */
#ifndef IM_DATAGRAM_CONTROL_H
#define IM_DATAGRAM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define DATAGRAM_CONTROL_MAX 1024

struct datagram_control {
  size_t length;
  _Alignas(struct cmsghdr) char bytes[DATAGRAM_CONTROL_MAX];
};

/*
 * What goes along with `message` on its way out: for IPv4 where the guest thinks that it is IPv6,
 * with `source` (0: none) where the guest named none itself. False: too much for the room here.
 */
bool datagram_control_out(const struct msghdr *message, bool converted, uint32_t source,
                          struct datagram_control *out);
/* What came in, as IPv6 messages, into the room that the guest gave; notes MSG_CTRUNC. */
void datagram_control_in(const struct datagram_control *in, struct msghdr *message);

#endif
