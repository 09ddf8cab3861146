/* An IPv4 address and port, in host order, as it stood in a sockaddr of either family. */
#ifndef IM_ENDPOINT_H
#define IM_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum endpoint_kind {
  ENDPOINT_FOREIGN,
  ENDPOINT_ANY,      /* 0.0.0.0, ::, ::ffff:0.0.0.0 */
  ENDPOINT_LOOPBACK, /* 127/8 outside the overlay, ::1 */
  ENDPOINT_OVERLAY   /* 127.64.0.0/10 */
};

struct endpoint {
  enum endpoint_kind kind;
  uint32_t address; /* 0 for :: and ::1 */
  uint16_t port;
  bool ipv6; /* it stood in a sockaddr_in6 */
};

/* False: another family, a native IPv6 address, or too short; the kernel may judge it. */
bool endpoint_parse(const struct sockaddr *address, socklen_t length, struct endpoint *endpoint);
/* v4-mapped where `ipv6`. Returns the length. */
socklen_t endpoint_write(const struct endpoint *endpoint, struct sockaddr_storage *address);
/* Copies out as the kernel does: cut off at `*length`, which becomes the full length. */
void endpoint_deliver(const struct endpoint *endpoint, struct sockaddr *address,
                      socklen_t *length);

bool endpoint_in_overlay(uint32_t address);

#endif
