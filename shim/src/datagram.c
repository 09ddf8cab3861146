/*
 * Datagrams on their way out. Peers on the overlay must see who sends: a socket that has no address
 * names its source with each such datagram, and is not bound to it, because what it sends
 * elsewhere, to a resolver for one, would have a source that nobody can answer.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "context.h"
#include "datagram-control.h"
#include "descriptor-state.h"
#include "outside.h"
#include "overlay.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

/* Messages that sendmmsg sends at a time. */
#define BATCH 8

enum verdict { UNTOUCHED, REDIRECTED, FORBIDDEN };

/* A message with another destination; it points into this struct, which must stay where it is. */
struct redirected {
  struct msghdr message;
  struct sockaddr_storage address;
  struct datagram_control control;
};

static enum verdict forbid(int error) {
  errno = error;
  return FORBIDDEN;
}

/* A UDP socket, and has it an address? Asked once, while the answer cannot change behind us. */
static bool names_source(int fd, uint8_t flags) {
  struct endpoint own;
  if ((flags & HANDED_OVER) != 0) return false;
  if ((flags & ANY_SOURCE) != 0) return true;
  if (!socket_own_endpoint(fd, &own) || own.kind != ENDPOINT_ANY) return false;
  descriptor_mark(fd, flags | ANY_SOURCE);
  return true;
}

static enum verdict redirect(int fd, const struct msghdr *message, struct redirected *instead) {
  struct endpoint to;
  const uint8_t flags = descriptor_flags(fd);
  const bool converted = (flags & APPEARS_IPV6) != 0;
  const struct sockaddr *address = message->msg_name;
  if (!context.active || address == NULL) return UNTOUCHED;
  if (!endpoint_parse(address, message->msg_namelen, &to)) {
    const bool ipv6 = message->msg_namelen >= sizeof *address && address->sa_family == AF_INET6;
    return converted && ipv6 ? forbid(ENETUNREACH) : UNTOUCHED;
  }
  const bool overlay = !outside_knows(&to) && overlay_destination(&to);
  if (!overlay && !converted) return UNTOUCHED;
  /* A listener that was handed over refuses to send, whatever it is given. */
  if ((flags & (ANY_SOURCE | HANDED_OVER)) == 0 && !socket_is_udp(fd)) return UNTOUCHED;
  if (to.ipv6 && !converted && socket_only_ipv6(fd)) return UNTOUCHED;
  if (overlay && !names_in_block(to.address)) return forbid(EHOSTUNREACH); /* not ours */
  if (overlay) overlay_map_port(&to, IPPROTO_UDP);
  to.ipv6 = to.ipv6 && !converted;
  const uint32_t source = overlay && names_source(fd, flags) ? context.address : 0;
  instead->message = *message;
  instead->message.msg_name = &instead->address;
  instead->message.msg_namelen = endpoint_write(&to, &instead->address);
  if ((converted || source != 0) &&
      datagram_control_out(message, converted, source, &instead->control)) {
    instead->message.msg_control = instead->control.bytes;
    instead->message.msg_controllen = instead->control.length;
  }
  return REDIRECTED;
}

IM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  struct redirected instead;
  if (message == NULL) return real.sendmsg(fd, message, flags);
  switch (redirect(fd, message, &instead)) {
  case FORBIDDEN:
    return -1;
  case REDIRECTED:
    return real.sendmsg(fd, &instead.message, flags);
  case UNTOUCHED:
    break;
  }
  return real.sendmsg(fd, message, flags);
}

IM_EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags,
                         const struct sockaddr *address, socklen_t length) {
  struct redirected instead;
  struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
  const struct msghdr message = {.msg_name = (void *)(uintptr_t)address,
                                 .msg_namelen = length,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1};
  if (address == NULL) return real.sendto(fd, data, size, flags, address, length);
  switch (redirect(fd, &message, &instead)) {
  case FORBIDDEN:
    return -1;
  case REDIRECTED:
    return real.sendmsg(fd, &instead.message, flags);
  case UNTOUCHED:
    break;
  }
  return real.sendto(fd, data, size, flags, address, length);
}

/* How many of these, at most BATCH, were sent; -1 and errno where not one was. */
static int send_batch(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  struct redirected instead[BATCH];
  struct mmsghdr batch[BATCH];
  unsigned ready = 0;
  for (; ready < count; ready++) {
    batch[ready] = messages[ready];
    const enum verdict verdict = redirect(fd, &messages[ready].msg_hdr, &instead[ready]);
    if (verdict == FORBIDDEN) break;
    if (verdict == REDIRECTED) batch[ready].msg_hdr = instead[ready].message;
  }
  if (ready == 0) return -1;
  const int sent = real.sendmmsg(fd, batch, ready, flags);
  for (int i = 0; i < sent; i++) messages[i].msg_len = batch[i].msg_len;
  return sent;
}

IM_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  unsigned sent = 0;
  if (!context.active || messages == NULL || count == 0)
    return real.sendmmsg(fd, messages, count, flags);
  while (sent < count) {
    const unsigned size = count - sent < BATCH ? count - sent : BATCH;
    const int more = send_batch(fd, messages + sent, size, flags);
    /* As the kernel: what was sent counts, the error comes with the next call. */
    if (more < 0) return sent == 0 ? -1 : (int)sent;
    sent += (unsigned)more;
    if ((unsigned)more < size) break;
  }
  return (int)sent;
}
