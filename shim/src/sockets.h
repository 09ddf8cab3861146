/* Questions about a socket that only the kernel can answer. All keep errno. */
#ifndef IM_SOCKETS_H
#define IM_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"

enum socket_kind {
  SOCKET_OTHER,     /* not TCP, not UDP, or not a socket */
  SOCKET_TCP_FRESH, /* neither connected, connecting nor listening */
  SOCKET_TCP_USED,
  SOCKET_UDP
};

enum socket_kind socket_kind(int fd);
bool socket_is_udp(int fd);
bool socket_only_ipv6(int fd);
bool socket_shares_port(int fd);    /* SO_REUSEPORT */
bool socket_shares_address(int fd); /* SO_REUSEADDR */
bool socket_nonblocking(int fd);
bool socket_listens(int fd);
bool socket_is_ipv6(int fd);
/* False: not an IPv4 address (v4-mapped and :: count as such). */
bool socket_own_endpoint(int fd, struct endpoint *endpoint);
/* Connections that wait in a listener's queue. */
uint32_t socket_queue_length(int fd);

#endif
