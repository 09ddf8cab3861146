#include <errno.h>
#include <stdatomic.h>

#include "descriptor-state.h"
#include "endpoint.h"
#include "handover.h"
#include "listener.h"
#include "options.h"
#include "real.h"
#include "sockets.h"

static int accept_waiting(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
  struct descriptor *descriptor = descriptor_at(fd);
  if ((descriptor_flags(fd) & HANDED_OVER) == 0 || descriptor == NULL)
    return real.accept4(fd, peer, length, flags);
  atomic_fetch_add(&descriptor->acceptors, 1);
  const int accepted = real.accept4(fd, peer, length, flags);
  atomic_fetch_sub(&descriptor->acceptors, 1);
  return accepted;
}

static int accept_shut(int accepted) {
  if (accepted >= 0) real.close(accepted);
  errno = EINVAL;
  return -1;
}

static int accept_known(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
  struct sockaddr_storage whole;
  socklen_t whole_length = sizeof whole;
  struct endpoint from;
  if ((descriptor_flags(fd) & SHUT) != 0) return accept_shut(-1);
  const int accepted = accept_waiting(fd, (struct sockaddr *)&whole, &whole_length, flags);
  if ((descriptor_flags(fd) & SHUT) != 0) return accept_shut(accepted);
  if (accepted < 0) return -1;
  const uint8_t state = descriptor_flags(fd);
  descriptor_clear(accepted);
  if ((state & HANDED_OVER) != 0) options_inherit(fd, accepted);
  if ((state & APPEARS_IPV6) != 0) descriptor_mark(accepted, APPEARS_IPV6);
  if (peer == NULL || length == NULL) return accepted;
  if (!endpoint_parse((struct sockaddr *)&whole, whole_length, &from)) {
    real.getpeername(accepted, peer, length); /* native IPv6: nothing to convert */
    return accepted;
  }
  from.ipv6 = from.ipv6 || (state & APPEARS_IPV6) != 0;
  endpoint_deliver(&from, peer, length);
  return accepted;
}

IM_EXPORT int accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
  if (descriptor_flags(fd) != 0) return accept_known(fd, peer, length, flags);
  const int accepted = real.accept4(fd, peer, length, flags);
  if (accepted >= 0) descriptor_clear(accepted);
  return accepted;
}

IM_EXPORT int accept(int fd, struct sockaddr *peer, socklen_t *length) {
  if (descriptor_flags(fd) != 0) return accept_known(fd, peer, length, 0);
  const int accepted = real.accept(fd, peer, length);
  if (accepted >= 0) descriptor_clear(accepted);
  return accepted;
}

IM_EXPORT int shutdown(int fd, int how) {
  if ((descriptor_flags(fd) & HANDED_OVER) == 0 && !handover_recognise(fd))
    return real.shutdown(fd, how);
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const bool unconnected =
      socket_is_udp(fd) && real.getpeername(fd, (struct sockaddr *)&peer, &length) != 0;
  /* The socket is shared: a real shutdown would kill it for the next life, too. */
  if (how == SHUT_RD || how == SHUT_RDWR) listener_shut(fd);
  if (!unconnected) return 0;
  errno = ENOTCONN; /* as in the kernel, which shuts a datagram socket down all the same */
  return -1;
}
