/* What a socket says about itself: the guest must find the family and the port it asked for. */
#include <netinet/in.h>
#include <string.h>

#include "bind.h"
#include "context.h"
#include "descriptor-state.h"
#include "endpoint.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

typedef int (*name_call)(int, struct sockaddr *, socklen_t *);

static uint16_t asked_for(int fd, const struct endpoint *endpoint) {
  const uint16_t protocol = socket_kind(fd) == SOCKET_UDP ? IPPROTO_UDP : IPPROTO_TCP;
  return names_declared_port(endpoint->address, endpoint->port, protocol);
}

static int translated(name_call call, int fd, struct sockaddr *name, socklen_t *length) {
  struct sockaddr_storage whole;
  socklen_t full = sizeof whole;
  struct endpoint endpoint;
  if (name == NULL || length == NULL) return call(fd, name, length);
  if (call(fd, (struct sockaddr *)&whole, &full) != 0) return -1;
  if (!endpoint_parse((struct sockaddr *)&whole, full, &endpoint)) return call(fd, name, length);
  const bool converted = (descriptor_flags(fd) & APPEARS_IPV6) != 0 && !endpoint.ipv6;
  if (endpoint.kind == ENDPOINT_OVERLAY) endpoint.port = asked_for(fd, &endpoint);
  else if (!converted) return call(fd, name, length);
  endpoint.ipv6 = endpoint.ipv6 || converted;
  endpoint_deliver(&endpoint, name, length);
  return 0;
}

static int asked_port(int fd, struct sockaddr *name, socklen_t *length) {
  const struct descriptor *descriptor = descriptor_at(fd);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6};
  if (descriptor != NULL) any.sin6_port = htons(descriptor->asked_port);
  memcpy(name, &any, *length < sizeof any ? *length : sizeof any);
  *length = sizeof any;
  return 0;
}

/* A listener that was shut down is bound as before, for the guest. */
static int shut_name(int fd, struct sockaddr *name, socklen_t *length) {
  const struct descriptor *descriptor = descriptor_at(fd);
  const struct endpoint own = {.address = context.address,
                               .port = descriptor == NULL ? 0 : descriptor->asked_port,
                               .ipv6 = socket_is_ipv6(fd)};
  endpoint_deliver(&own, name, length);
  return 0;
}

IM_EXPORT int getsockname(int fd, struct sockaddr *name, socklen_t *length) {
  if (!context.active) return real.getsockname(fd, name, length);
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & (SHUT | HANDED_OVER)) == SHUT && name != NULL && length != NULL)
    return shut_name(fd, name, length);
  if ((flags & LAZY_PORT) != 0) bind_lazy_port(fd);
  if ((flags & UNREACHABLE) != 0 && name != NULL && length != NULL)
    return asked_port(fd, name, length);
  return translated(real.getsockname, fd, name, length);
}

IM_EXPORT int getpeername(int fd, struct sockaddr *name, socklen_t *length) {
  if (!context.active) return real.getpeername(fd, name, length);
  return translated(real.getpeername, fd, name, length);
}
