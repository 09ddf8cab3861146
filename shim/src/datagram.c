/* Datagrams with an address of their own; connected sockets are the business of connect. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "context.h"
#include "overlay.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

enum verdict { UNTOUCHED, REDIRECTED, FORBIDDEN };

/* Where a datagram goes instead; `*length` of `instead` is set when it is redirected. */
static enum verdict redirect(int fd, const struct sockaddr *address, socklen_t length,
                             struct sockaddr_storage *instead, socklen_t *instead_length) {
  struct endpoint to;
  if (!context.active || !endpoint_parse(address, length, &to)) return UNTOUCHED;
  if (!overlay_destination(&to) || socket_kind(fd) != SOCKET_UDP) return UNTOUCHED;
  if (to.ipv6 && socket_only_ipv6(fd)) return UNTOUCHED;
  if (!names_in_block(to.address)) {
    errno = EHOSTUNREACH; /* another deployment's */
    return FORBIDDEN;
  }
  overlay_map_port(&to, IPPROTO_UDP);
  overlay_source(fd, socket_is_ipv6(fd), false);
  *instead_length = endpoint_write(&to, instead);
  return REDIRECTED;
}

IM_EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags,
                         const struct sockaddr *address, socklen_t length) {
  struct sockaddr_storage instead;
  if (address == NULL) return real.sendto(fd, data, size, flags, address, length);
  switch (redirect(fd, address, length, &instead, &length)) {
    case FORBIDDEN: return -1;
    case REDIRECTED: address = (struct sockaddr *)&instead; break;
    case UNTOUCHED: break;
  }
  return real.sendto(fd, data, size, flags, address, length);
}

IM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  struct sockaddr_storage instead;
  socklen_t length = 0;
  if (message == NULL || message->msg_name == NULL) return real.sendmsg(fd, message, flags);
  switch (redirect(fd, message->msg_name, message->msg_namelen, &instead, &length)) {
    case FORBIDDEN: return -1;
    case UNTOUCHED: return real.sendmsg(fd, message, flags);
    case REDIRECTED: break;
  }
  struct msghdr copy = *message;
  copy.msg_name = &instead;
  copy.msg_namelen = length;
  return real.sendmsg(fd, &copy, flags);
}
