#include "bind.h"

#include <errno.h>
#include <netinet/in.h>

#include "context.h"
#include "control.h"
#include "descriptor-state.h"
#include "endpoint.h"
#include "handover.h"
#include "listener.h"
#include "overlay.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

static int bind_to(int fd, const struct endpoint *to) {
  struct sockaddr_storage address;
  const socklen_t length = endpoint_write(to, &address);
  return real.bind(fd, (struct sockaddr *)&address, length);
}

int bind_own(int fd, uint16_t port) {
  const struct endpoint own = {
      .address = context.address, .port = port, .ipv6 = socket_is_ipv6(fd)};
  return bind_to(fd, &own);
}

void bind_lazy_port(int fd) {
  const int saved = errno;
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & LAZY_PORT) == 0) return;
  descriptor_mark(fd, (uint8_t)(flags & ~LAZY_PORT));
  /* EINVAL: a duplicate of this descriptor has been bound meanwhile, which serves as well. */
  bind_own(fd, 0);
  errno = saved;
}

/*
 * A socket for IPv6 alone cannot be reached on an overlay of IPv4. Servers open such sockets
 * beside their IPv4 ones and give up if they cannot: it gets some port of ::1.
 */
static int bind_unreachable(int fd, uint16_t port) {
  const struct sockaddr_in6 any_port = {.sin6_family = AF_INET6,
                                        .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  const int result = real.bind(fd, (const struct sockaddr *)&any_port, sizeof any_port);
  struct descriptor *descriptor = descriptor_at(fd);
  if (result != 0 || port == 0 || descriptor == NULL) return result;
  if (context_owns_memory()) descriptor->asked_port = port;
  descriptor_mark(fd, UNREACHABLE);
  return 0;
}

/* UDP ports are shared with SO_REUSEADDR as well. */
static bool shares(int fd, bool udp) {
  return socket_shares_port(fd) || (udp && socket_shares_address(fd));
}

static uint16_t request_flags(int fd, bool ipv6, bool udp) {
  return (uint16_t)((ipv6 ? IM_IPV6 : 0) | (shares(fd, udp) ? IM_REUSEPORT : 0));
}

static int bind_asking(int fd, const struct endpoint *asked, bool udp) {
  const int saved = errno;
  const struct control_wait wait = {.patient = true};
  struct im_request request = control_request(IM_BIND);
  struct im_reply reply;
  int received = -1;
  request.port = asked->port;
  request.flags = request_flags(fd, asked->ipv6, udp);
  if (udp) request.socktype = SOCK_DGRAM;
  struct endpoint own = {.address = context.address, .port = asked->port, .ipv6 = asked->ipv6};
  if (udp) overlay_map_port(&own, IPPROTO_UDP);
  const enum control_outcome outcome = control_ask(&request, &wait, &reply, &received);
  errno = saved;
  if (outcome != CONTROL_ANSWERED) return bind_to(fd, &own);
  if (reply.error == 0 && reply.action == IM_HANDOVER && received >= 0)
    return handover_take(fd, received, asked->ipv6);
  if (received >= 0) real.close(received);
  if (reply.error != 0) {
    errno = reply.error;
    return -1;
  }
  own.address = reply.address;
  if (!udp) own.port = reply.port; /* datagrams: beside the placeholder, wherever that is */
  return bind_to(fd, &own);
}

static int bind_udp(int fd, const struct endpoint *asked) {
  if (asked->port == 0 && asked->kind == ENDPOINT_ANY) {
    if (!asked->ipv6) return bind_to(fd, asked);
    /* :: and not ::ffff:0.0.0.0, so that the socket keeps both families. */
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    return real.bind(fd, (const struct sockaddr *)&any, sizeof any);
  }
  uint16_t mapped;
  const struct endpoint own = {
      .address = context.address, .port = asked->port, .ipv6 = asked->ipv6};
  if (!names_port(own.address, own.port, IPPROTO_UDP, &mapped)) return bind_to(fd, &own);
  const int result = bind_asking(fd, asked, true);
  /* A datagram socket has no listen: bound, it is ready. */
  if (result == 0) listener_announce(fd);
  return result;
}

int bind_again(int fd) {
  const struct descriptor *descriptor = descriptor_at(fd);
  if (descriptor == NULL) return 0;
  const struct endpoint asked = {.port = descriptor->asked_port, .ipv6 = socket_is_ipv6(fd)};
  const int result = bind_asking(fd, &asked, false);
  const uint8_t flags = descriptor_flags(fd);
  if (result == 0) descriptor_mark(fd, (uint8_t)(flags & ~SHUT));
  return result;
}

static bool is_bound(int fd) {
  struct endpoint own;
  if ((descriptor_flags(fd) & (HANDED_OVER | LAZY_PORT | UNREACHABLE | SHUT)) != 0) return true;
  return socket_own_endpoint(fd, &own) && own.port != 0;
}

static int bind_on_host(int fd, const struct endpoint *asked, enum socket_kind kind) {
  if (kind == SOCKET_TCP_USED || is_bound(fd)) {
    errno = EINVAL;
    return -1;
  }
  if (asked->ipv6 && socket_only_ipv6(fd)) return bind_unreachable(fd, asked->port);
  if (kind == SOCKET_UDP) return bind_udp(fd, asked);
  if (asked->port != 0) return bind_asking(fd, asked, false);
  /* Where it connects to decides whether its source is the overlay's; listen and getsockname
   * need a port. Until one of them comes, it stays unbound. */
  descriptor_mark(fd, LAZY_PORT);
  return 0;
}

IM_EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  struct endpoint asked;
  if (!context.active || !endpoint_parse(address, length, &asked))
    return real.bind(fd, address, length);
  if (asked.kind == ENDPOINT_FOREIGN) return real.bind(fd, address, length);
  const enum socket_kind kind = socket_kind(fd);
  if (kind == SOCKET_OTHER || asked.ipv6 != socket_is_ipv6(fd))
    return real.bind(fd, address, length);
  if (asked.kind == ENDPOINT_OVERLAY && asked.address != context.address) {
    errno = EADDRNOTAVAIL; /* another host's */
    return -1;
  }
  if (!context.guest) return real.bind(fd, address, length);
  return bind_on_host(fd, &asked, kind);
}
