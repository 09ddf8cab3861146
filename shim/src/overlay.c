#include "overlay.h"

#include <errno.h>
#include <netinet/in.h>

#include "context.h"
#include "descriptor-state.h"
#include "real.h"
#include "table-map.h"

#define NAME_SERVER_PORT 53

bool overlay_destination(struct endpoint *to) {
  uint16_t mapped;
  if (to->kind == ENDPOINT_OVERLAY) return true;
  if (!context.guest || to->kind == ENDPOINT_FOREIGN) return false;
  /* A resolver on the machine's loopback (127.0.0.53) is not the host's own. */
  if (to->port == NAME_SERVER_PORT && !names_port(context.address, to->port, IPPROTO_UDP, &mapped)
      && !names_port(context.address, to->port, IPPROTO_TCP, &mapped))
    return false;
  to->address = context.address; /* a host's localhost is its own overlay address */
  return true;
}

void overlay_map_port(struct endpoint *to, uint16_t protocol) {
  uint16_t mapped;
  if (names_port(to->address, to->port, protocol, &mapped)) to->port = mapped;
}

/* Peers must see who calls. A socket that is bound already keeps its address. */
void overlay_source(int fd, bool ipv6, bool tcp) {
  const int saved = errno;
  const int on = 1;
  struct sockaddr_storage address;
  const struct endpoint own = {.address = context.address, .ipv6 = ipv6};
  const socklen_t length = endpoint_write(&own, &address);
  /* The port is chosen in connect, by the whole four-tuple: 28,000 a peer, not 28,000 in all. */
  if (tcp) real.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  real.bind(fd, (struct sockaddr *)&address, length);
  if ((descriptor_flags(fd) & LAZY_PORT) != 0) descriptor_clear(fd);
  errno = saved;
}
