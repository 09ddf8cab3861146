#include "overlay.h"

#include <errno.h>
#include <netinet/in.h>

#include "context.h"
#include "descriptor-state.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

#define NAME_SERVER_PORT 53

static bool declares(uint16_t port) {
  uint16_t mapped;
  return names_port(context.address, port, IPPROTO_UDP, &mapped)
         || names_port(context.address, port, IPPROTO_TCP, &mapped);
}

/* A resolver on the machine's loopback is not the host's own; 127.0.0.53 never is. */
static bool is_machines_resolver(const struct endpoint *to) {
  if (to->port != NAME_SERVER_PORT) return false;
  const bool apart = to->kind == ENDPOINT_LOOPBACK && to->address != 0
                     && to->address != INADDR_LOOPBACK;
  return apart || !declares(to->port);
}

bool overlay_destination(struct endpoint *to) {
  if (to->kind == ENDPOINT_OVERLAY) return true;
  if (!context.guest || to->kind == ENDPOINT_FOREIGN || is_machines_resolver(to)) return false;
  to->address = context.address; /* a host's localhost is its own overlay address */
  return true;
}

void overlay_map_port(struct endpoint *to, uint16_t protocol) {
  uint16_t mapped;
  if (names_port(to->address, to->port, protocol, &mapped)) to->port = mapped;
}

static int bind_to(int fd, const struct endpoint *own) {
  struct sockaddr_storage address;
  const socklen_t length = endpoint_write(own, &address);
  return real.bind(fd, (struct sockaddr *)&address, length);
}

/*
 * A UDP socket with a port and no address: connect would make it 127.0.0.1. A port that the kernel
 * chose comes off where a connection is dissolved (udp_disconnect), and is bound again with the
 * address; one that the program chose does not, and nothing changes.
 */
static void complete_source(int fd, bool ipv6) {
  struct endpoint own;
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  if (!socket_own_endpoint(fd, &own) || own.kind != ENDPOINT_ANY || own.port == 0) return;
  real.connect(fd, &nobody, sizeof nobody);
  own.address = context.address;
  own.ipv6 = ipv6;
  bind_to(fd, &own);
}

/* Peers must see who calls. A socket that is bound to an address already keeps it. */
void overlay_source(int fd, bool ipv6, bool tcp) {
  const int saved = errno;
  const int on = 1;
  const struct endpoint own = {.address = context.address, .ipv6 = ipv6};
  /* The port is chosen in connect, by the whole four-tuple: 28,000 a peer, not 28,000 in all. */
  if (tcp) real.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind_to(fd, &own) != 0 && !tcp) complete_source(fd, ipv6);
  if ((descriptor_flags(fd) & (LAZY_PORT | ANY_SOURCE)) != 0) descriptor_clear(fd);
  errno = saved;
}
