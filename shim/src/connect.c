#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "context.h"
#include "control.h"
#include "descriptor-state.h"
#include "endpoint.h"
#include "outside.h"
#include "overlay.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

/*
 * How long a connect that must not block lets the supervisor open a placeholder on a port that is
 * not declared. It answers at once; one that is too busy for that must not stop an event loop.
 */
#define PREPARE_MS 250

static int connect_natively(int fd, const struct endpoint *to, bool tcp) {
  struct sockaddr_storage address;
  const socklen_t length = endpoint_write(to, &address);
  overlay_source(fd, to->ipv6, tcp);
  return real.connect(fd, (struct sockaddr *)&address, length);
}

/* As the kernel: a connect that was interrupted or ran out of time goes on by itself. */
static int connect_in_background(int fd, const struct endpoint *to, int error) {
  const int flags = real.fcntl(fd, F_GETFL);
  real.fcntl(fd, F_SETFL, (long)(flags | O_NONBLOCK));
  const int result = connect_natively(fd, to, true);
  const int failure = errno;
  real.fcntl(fd, F_SETFL, (long)flags);
  errno = result == 0 || failure == EINPROGRESS ? error : failure;
  return -1;
}

static struct control_wait wait_briefly(void) {
  return (struct control_wait){.limit = {.tv_usec = PREPARE_MS * 1000}};
}

static struct control_wait wait_as_connect(int fd) {
  struct control_wait wait = {.interruptible = true, .patient = true};
  socklen_t length = sizeof wait.limit;
  real.getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait.limit, &length);
  return wait;
}

/* The host is not known to serve this port just now: the supervisor decides, and wakes it. */
static int connect_asking(int fd, struct endpoint *to, bool nonblocking, uint16_t mapped) {
  const int saved = errno;
  const struct control_wait wait = nonblocking ? wait_briefly() : wait_as_connect(fd);
  struct im_request request = control_request(IM_CONNECT);
  struct im_reply reply;
  int received = -1;
  request.address = to->address;
  request.port = to->port;
  request.flags = (uint16_t)((nonblocking ? IM_NONBLOCKING : 0) | (to->ipv6 ? IM_IPV6 : 0));
  const enum control_outcome outcome = control_ask(&request, &wait, &reply, &received);
  if (received >= 0) real.close(received);
  errno = saved;
  to->port = mapped;
  if (outcome == CONTROL_INTERRUPTED) return connect_in_background(fd, to, EINTR);
  if (outcome == CONTROL_TIMED_OUT && !nonblocking)
    return connect_in_background(fd, to, EINPROGRESS);
  if (outcome == CONTROL_ANSWERED) {
    if (reply.error != 0) {
      errno = reply.error;
      return -1;
    }
    to->address = reply.address;
    /* Where the port that was asked for is meanwhile: the table tells. */
    to->port = reply.port;
    overlay_map_port(to, IPPROTO_TCP);
  }
  return connect_natively(fd, to, true);
}

static int connect_tcp(int fd, struct endpoint *to) {
  uint16_t mapped = to->port;
  const bool declared = names_port(to->address, to->port, IPPROTO_TCP, &mapped);
  const bool running = (names_state(to->address) & IM_STATE_RUNNING) != 0;
  /* Who connects to himself must not find his own placeholder: he would wait for himself. */
  const bool own = context.guest && to->address == context.address;
  if (own ? declared && !running : !declared || !running) {
    const bool nonblocking = socket_nonblocking(fd);
    /* A declared port has its placeholder: a connect to that is the signal, and is never held. */
    if (own || !declared || !nonblocking) return connect_asking(fd, to, nonblocking, mapped);
  }
  to->port = mapped;
  return connect_natively(fd, to, true);
}

static int connect_udp(int fd, struct endpoint *to) {
  overlay_map_port(to, IPPROTO_UDP);
  return connect_natively(fd, to, false);
}

/* Handed over as IPv4 to a guest that asked for IPv6: what is not on the overlay, too. */
static int connect_as_ipv4(int fd, struct endpoint *to) {
  struct sockaddr_storage address;
  to->ipv6 = false;
  const socklen_t length = endpoint_write(to, &address);
  return real.connect(fd, (struct sockaddr *)&address, length);
}

/* Connected, connecting or listening: the kernel has the answer, given the same address. */
static int connect_again(int fd, struct endpoint *to) {
  struct sockaddr_storage address;
  overlay_map_port(to, IPPROTO_TCP);
  const socklen_t length = endpoint_write(to, &address);
  return real.connect(fd, (struct sockaddr *)&address, length);
}

IM_EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length) {
  struct endpoint to;
  if (!context.active || !endpoint_parse(address, length, &to))
    return real.connect(fd, address, length);
  if ((descriptor_flags(fd) & ANY_SOURCE) != 0) descriptor_clear(fd); /* it gets an address now */
  const bool converted = to.ipv6 && (descriptor_flags(fd) & APPEARS_IPV6) != 0;
  const bool outside = outside_knows(&to) && socket_is_udp(fd);
  if (outside || !overlay_destination(&to))
    return converted ? connect_as_ipv4(fd, &to) : real.connect(fd, address, length);
  to.ipv6 = to.ipv6 && !converted;
  const enum socket_kind kind = socket_kind(fd);
  if (kind == SOCKET_OTHER || (to.ipv6 && socket_only_ipv6(fd)))
    return real.connect(fd, address, length);
  if (kind == SOCKET_TCP_USED) return connect_again(fd, &to);
  if (!names_in_block(to.address)) {
    errno = EHOSTUNREACH; /* another deployment's */
    return -1;
  }
  return kind == SOCKET_UDP ? connect_udp(fd, &to) : connect_tcp(fd, &to);
}
