/* Options of sockets that are not in the kernel what they are for the guest. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "descriptor-state.h"
#include "options.h"
#include "real.h"
#include "sockets.h"

static int set_as_ipv6(int fd, int option, const void *value, socklen_t length) {
  int number = 0;
  if (value != NULL && length >= sizeof number) memcpy(&number, value, sizeof number);
  const int as_ipv4 = options_as_ipv4(option);
  if (as_ipv4 >= 0) return real.setsockopt(fd, IPPROTO_IP, as_ipv4, value, length);
  if (option != IPV6_V6ONLY || number == 0) return 0; /* without effect on IPv4 traffic */
  errno = EINVAL; /* as for any socket that is bound */
  return -1;
}

static int get_as_ipv6(int fd, int option, void *value, socklen_t *length) {
  const int off = 0;
  const int as_ipv4 = options_as_ipv4(option);
  if (as_ipv4 >= 0) return real.getsockopt(fd, IPPROTO_IP, as_ipv4, value, length);
  if (*length > sizeof off) *length = sizeof off;
  memcpy(value, &off, *length);
  return 0;
}

static void answer(int number, void *value, const socklen_t *length) {
  memcpy(value, &number, *length < sizeof number ? *length : sizeof number);
}

IM_EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & (APPEARS_IPV6 | SHARES_PORT | HANDED_OVER)) == 0 || value == NULL || length == NULL)
    return real.getsockopt(fd, level, option, value, length);
  const bool ipv6 = (flags & APPEARS_IPV6) != 0;
  if (ipv6 && level == IPPROTO_IPV6) return get_as_ipv6(fd, option, value, length);
  const int result = real.getsockopt(fd, level, option, value, length);
  if (result != 0 || level != SOL_SOCKET) return result;
  if (ipv6 && option == SO_DOMAIN) answer(AF_INET6, value, length);
  if ((flags & SHARES_PORT) != 0 && option == SO_REUSEPORT) answer(1, value, length);
  /* A placeholder listens from the start. Who is told so leaves its listen out: nobody hears of
   * it, and the host is never ready. */
  const bool only_bound = (flags & (HANDED_OVER | LISTENS)) == HANDED_OVER;
  if (only_bound && option == SO_ACCEPTCONN) answer(0, value, length);
  return result;
}

IM_EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & (APPEARS_IPV6 | HANDED_OVER)) == 0)
    return real.setsockopt(fd, level, option, value, length);
  if ((flags & APPEARS_IPV6) != 0 && level == IPPROTO_IPV6)
    return set_as_ipv6(fd, option, value, length);
  if ((flags & HANDED_OVER) == 0) return real.setsockopt(fd, level, option, value, length);
  /* Never on a placeholder: a client that stays silent would wake nobody. */
  if (level == IPPROTO_TCP && option == TCP_DEFER_ACCEPT) return 0;
  /* Nor this: a stranger could bind beside it. Sockets for datagrams are bound beside one another
   * by the guest itself, as it says here. */
  if (level == SOL_SOCKET && option == SO_REUSEPORT && !socket_is_udp(fd)) return 0;
  const int result = real.setsockopt(fd, level, option, value, length);
  if (result == 0 && !socket_is_udp(fd)) options_changed(fd);
  return result;
}
