#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "real.h"

static int option(int fd, int level, int name) {
  const int saved = errno;
  int value = -1;
  socklen_t length = sizeof value;
  if (real.getsockopt(fd, level, name, &value, &length) != 0) value = -1;
  errno = saved;
  return value;
}

enum socket_kind socket_kind(int fd) {
  const int saved = errno;
  uint8_t state = 0; /* the first byte of tcp_info: one call tells protocol and state */
  socklen_t length = sizeof state;
  const int result = real.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length);
  errno = saved;
  if (result == 0) return state == TCP_CLOSE ? SOCKET_TCP_FRESH : SOCKET_TCP_USED;
  return socket_is_udp(fd) ? SOCKET_UDP : SOCKET_OTHER;
}

bool socket_is_udp(int fd) { return option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP; }

bool socket_only_ipv6(int fd) { return option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1; }

bool socket_is_ipv6(int fd) { return option(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6; }

bool socket_shares_port(int fd) { return option(fd, SOL_SOCKET, SO_REUSEPORT) == 1; }

bool socket_shares_address(int fd) { return option(fd, SOL_SOCKET, SO_REUSEADDR) == 1; }

bool socket_listens(int fd) { return option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1; }

bool socket_nonblocking(int fd) {
  const int saved = errno;
  const int flags = real.fcntl(fd, F_GETFL);
  errno = saved;
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

bool socket_own_endpoint(int fd, struct endpoint *endpoint) {
  const int saved = errno;
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  const int result = real.getsockname(fd, (struct sockaddr *)&name, &length);
  errno = saved;
  return result == 0 && endpoint_parse((struct sockaddr *)&name, length, endpoint);
}

uint32_t socket_queue_length(int fd) {
  const int saved = errno;
  struct tcp_info info;
  memset(&info, 0, sizeof info);
  socklen_t length = sizeof info;
  const int result = real.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
  errno = saved;
  return result == 0 ? info.tcpi_unacked : 0; /* of a listener: its queue (tcp_get_info) */
}
