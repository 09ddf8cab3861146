#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "context.h"
#include "descriptor-state.h"
#include "epoll.h"
#include "options.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

int handover_take(int fd, int placeholder, bool ipv6) {
  const int saved = errno;
  struct epoll_registrations registered;
  const int status = real.fcntl(fd, F_GETFL);
  const int descriptor_status = real.fcntl(fd, F_GETFD);
  const int close_on_exec = descriptor_status > 0 ? descriptor_status & FD_CLOEXEC : 0;

  const bool udp = socket_is_udp(fd);
  const bool shares = !udp && socket_shares_port(fd);
  if (udp) options_hand_over_datagrams(fd, placeholder);
  else options_hand_over(fd, placeholder);
  const int own_status = real.fcntl(placeholder, F_GETFL);
  if (status >= 0 && own_status >= 0) {
    const int wanted = (own_status & ~O_NONBLOCK) | (status & O_NONBLOCK);
    if (wanted != own_status) real.fcntl(placeholder, F_SETFL, (long)wanted);
  }
  epoll_find(fd, &registered);
  const int result = real.dup3(placeholder, fd, close_on_exec != 0 ? O_CLOEXEC : 0);
  const int failure = errno;
  real.close(placeholder);
  if (result < 0) {
    errno = failure;
    return -1;
  }
  epoll_add_again(fd, &registered);
  const int family = ipv6 ? APPEARS_IPV6 : 0;
  descriptor_mark(fd, (uint8_t)(HANDED_OVER | family | (shares ? SHARES_PORT : 0)));
  if (!udp) options_changed(fd);
  errno = saved;
  return 0;
}

bool handover_recognise(int fd) {
  struct endpoint own;
  uint16_t mapped;
  if (!context.active || !context.guest || descriptor_flags(fd) != 0) return false;
  if (!socket_listens(fd) || !socket_own_endpoint(fd, &own)) return false;
  const uint16_t port = names_declared_port(own.address, own.port, IPPROTO_TCP);
  if (own.address != context.address || !names_port(own.address, port, IPPROTO_TCP, &mapped))
    return false;
  descriptor_mark(fd, HANDED_OVER | LISTENS);
  return descriptor_flags(fd) != 0;
}
