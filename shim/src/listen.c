#include <errno.h>

#include "bind.h"
#include "context.h"
#include "descriptor-state.h"
#include "handover.h"
#include "listener.h"
#include "real.h"
#include "sockets.h"

static int listen_handed_over(int fd, uint8_t flags) {
  /* The placeholder listens already, with the largest backlog: a smaller one drops a herd. */
  descriptor_mark(fd, (uint8_t)((flags & ~SHUT) | LISTENS));
  listener_announce(fd);
  return 0;
}

static int listen_natively(int fd, int backlog) {
  struct endpoint own;
  bind_lazy_port(fd);
  /* The kernel would take 0.0.0.0, which is every host's. */
  const bool unbound = socket_own_endpoint(fd, &own) && own.port == 0;
  if (unbound && (own.kind == ENDPOINT_ANY || own.address == context.address)) {
    const int saved = errno;
    if (bind_own(fd, 0) != 0 && errno != EINVAL) return -1;
    errno = saved;
  }
  const int result = real.listen(fd, backlog);
  if (result != 0) return result;
  if (socket_own_endpoint(fd, &own) && own.address == context.address) {
    descriptor_mark(fd, descriptor_flags(fd) | LISTENS);
    listener_announce(fd);
  }
  return 0;
}

/* The kernel, too, lets a listener listen again after shutdown. */
static int listen_again(int fd, int backlog) {
  if (bind_again(fd) != 0) return -1;
  const uint8_t flags = descriptor_flags(fd);
  return (flags & HANDED_OVER) != 0 ? listen_handed_over(fd, flags) : listen_natively(fd, backlog);
}

IM_EXPORT int listen(int fd, int backlog) {
  if (!context.active || !context.guest) return real.listen(fd, backlog);
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & HANDED_OVER) != 0) return listen_handed_over(fd, flags);
  if ((flags & SHUT) != 0) return listen_again(fd, backlog);
  /* Bound by one process, to listen in another: workers of Node's cluster, of uvicorn. */
  if (handover_recognise(fd)) return listen_handed_over(fd, descriptor_flags(fd));
  const enum socket_kind kind = socket_kind(fd);
  if (kind != SOCKET_TCP_FRESH && kind != SOCKET_TCP_USED) return real.listen(fd, backlog);
  if ((flags & UNREACHABLE) != 0 || kind == SOCKET_TCP_USED) return real.listen(fd, backlog);
  return listen_natively(fd, backlog);
}
