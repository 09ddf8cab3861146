/*
 * Datagrams on their way in: a guest that sent to a declared port must see the answer come from it,
 * also where another port stands in for it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>

#include "context.h"
#include "datagram-control.h"
#include "descriptor-state.h"
#include "endpoint.h"
#include "outside.h"
#include "real.h"
#include "table-map.h"

/* False: an address that the guest gets as it is. */
static bool translated(const struct sockaddr_storage *from, socklen_t length, bool ipv6,
                       struct endpoint *endpoint) {
  if (!endpoint_parse((const struct sockaddr *)from, length, endpoint)) return false;
  const bool overlay = endpoint->kind == ENDPOINT_OVERLAY;
  outside_note(endpoint);
  if (overlay) endpoint->port = names_declared_port(endpoint->address, endpoint->port, IPPROTO_UDP);
  const bool converted = ipv6 && !endpoint->ipv6;
  endpoint->ipv6 = endpoint->ipv6 || ipv6;
  return overlay || converted;
}

static void deliver(int fd, const struct sockaddr_storage *from, socklen_t full,
                    struct sockaddr *address, socklen_t *length) {
  struct endpoint endpoint;
  if (translated(from, full, (descriptor_flags(fd) & APPEARS_IPV6) != 0, &endpoint)) {
    endpoint_deliver(&endpoint, address, length);
    return;
  }
  memcpy(address, from, *length < full ? *length : full);
  *length = full;
}

/* Threads that wait in a handed over socket: a shutdown has to wake them (listener.c). */
static struct descriptor *enter(int fd) {
  if ((descriptor_flags(fd) & HANDED_OVER) == 0) return NULL;
  struct descriptor *descriptor = descriptor_at(fd);
  atomic_fetch_add(&descriptor->acceptors, 1);
  return descriptor;
}

static void leave(struct descriptor *descriptor) {
  if (descriptor != NULL) atomic_fetch_sub(&descriptor->acceptors, 1);
}

static ssize_t wait_for_one(int fd, struct msghdr *message, int flags) {
  struct descriptor *descriptor = enter(fd);
  const ssize_t received = real.recvmsg(fd, message, flags);
  leave(descriptor);
  return received;
}

IM_EXPORT ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address,
                           socklen_t *length) {
  struct sockaddr_storage from;
  socklen_t full = sizeof from;
  if (!context.active) return real.recvfrom(fd, data, size, flags, address, length);
  const bool named = address != NULL && length != NULL;
  struct descriptor *descriptor = enter(fd);
  const ssize_t received =
      named ? real.recvfrom(fd, data, size, flags, (struct sockaddr *)&from, &full)
            : real.recvfrom(fd, data, size, flags, address, length);
  leave(descriptor);
  if (received >= 0 && named) deliver(fd, &from, full, address, length);
  return received;
}

/* What _FORTIFY_SOURCE makes of recvfrom; libc's own ends the program that asks for too much. */
IM_EXPORT ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags,
                                 struct sockaddr *address, socklen_t *length) {
  if (!context.active || size > room) {
    real_ensure();
    return real.__recvfrom_chk(fd, data, size, room, flags, address, length);
  }
  return recvfrom(fd, data, size, flags, address, length);
}

/* In its place: sin_port and sin6_port are at the same offset, and only the port is another. */
static void restore_port(struct msghdr *message, socklen_t room) {
  struct sockaddr_storage from;
  struct endpoint endpoint;
  const socklen_t length = message->msg_namelen;
  if (length > room || length > sizeof from) return;
  memcpy(&from, message->msg_name, length);
  if (!translated(&from, length, false, &endpoint)) return;
  const uint16_t port = htons(endpoint.port);
  memcpy((char *)message->msg_name + offsetof(struct sockaddr_in, sin_port), &port, sizeof port);
}

static ssize_t receive_as_ipv6(int fd, struct msghdr *message, int flags) {
  struct sockaddr_storage from;
  struct datagram_control control;
  struct msghdr own = *message;
  if (own.msg_name != NULL) {
    own.msg_name = &from;
    own.msg_namelen = sizeof from;
  }
  if (own.msg_control != NULL) {
    own.msg_control = control.bytes;
    own.msg_controllen = sizeof control.bytes;
  }
  const ssize_t received = wait_for_one(fd, &own, flags);
  if (received < 0) return received;
  message->msg_flags = own.msg_flags;
  control.length = own.msg_controllen;
  if (own.msg_control != NULL)
    datagram_control_in(&control, message);
  else
    message->msg_controllen = own.msg_controllen;
  if (own.msg_name != NULL)
    deliver(fd, &from, own.msg_namelen, message->msg_name, &message->msg_namelen);
  return received;
}

IM_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  if (!context.active || message == NULL) return real.recvmsg(fd, message, flags);
  if ((descriptor_flags(fd) & (APPEARS_IPV6 | HANDED_OVER)) == (APPEARS_IPV6 | HANDED_OVER))
    return receive_as_ipv6(fd, message, flags);
  const socklen_t room = message->msg_namelen;
  const ssize_t received = wait_for_one(fd, message, flags);
  if (received >= 0 && message->msg_name != NULL) restore_port(message, room);
  return received;
}

/* One at a time. Fewer than were asked for may be returned: none but the first is awaited. */
static int receive_many_as_ipv6(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  unsigned received = 0;
  int how = flags & ~MSG_WAITFORONE;
  for (; received < count; received++, how |= MSG_DONTWAIT) {
    const ssize_t length = receive_as_ipv6(fd, &messages[received].msg_hdr, how);
    if (length < 0) return received == 0 ? -1 : (int)received;
    messages[received].msg_len = (unsigned)length;
  }
  return (int)received;
}

/* As many as the kernel takes in one call (UIO_MAXIOV). */
#define MESSAGES_MAX 1024

IM_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                       struct timespec *limit) {
  socklen_t rooms[MESSAGES_MAX];
  const unsigned most = count < MESSAGES_MAX ? count : MESSAGES_MAX;
  if (!context.active || messages == NULL) return real.recvmmsg(fd, messages, count, flags, limit);
  if ((descriptor_flags(fd) & (APPEARS_IPV6 | HANDED_OVER)) == (APPEARS_IPV6 | HANDED_OVER))
    return receive_many_as_ipv6(fd, messages, count, flags);
  for (unsigned i = 0; i < most; i++) rooms[i] = messages[i].msg_hdr.msg_namelen;
  const int received = real.recvmmsg(fd, messages, most, flags, limit);
  for (int i = 0; i < received; i++)
    if (messages[i].msg_hdr.msg_name != NULL) restore_port(&messages[i].msg_hdr, rooms[i]);
  return received;
}
