#include "options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "context.h"
#include "descriptor-state.h"
#include "real.h"
#include "sockets.h"

#define VALUE_MAX 32

static const struct option inherited[] = {
    {SOL_SOCKET, SO_KEEPALIVE, false},
    {SOL_SOCKET, SO_LINGER, false},
    {SOL_SOCKET, SO_SNDBUF, true},
    {SOL_SOCKET, SO_RCVBUF, true},
    {SOL_SOCKET, SO_RCVLOWAT, false},
    {SOL_SOCKET, SO_RCVTIMEO, false},
    {SOL_SOCKET, SO_SNDTIMEO, false},
    {SOL_SOCKET, SO_OOBINLINE, false},
    {SOL_SOCKET, SO_PRIORITY, false},
    {SOL_SOCKET, SO_MARK, false},
    {SOL_SOCKET, SO_DONTROUTE, false},
    {SOL_SOCKET, SO_TIMESTAMP, false},
    {SOL_SOCKET, SO_BUSY_POLL, false},
    {SOL_SOCKET, SO_MAX_PACING_RATE, false},
    {IPPROTO_IP, IP_TTL, false},
    {IPPROTO_IP, IP_TOS, false}, /* after SO_PRIORITY, which it sets as well */
    {IPPROTO_IP, IP_MTU_DISCOVER, false},
    {IPPROTO_TCP, TCP_NODELAY, false},
    {IPPROTO_TCP, TCP_KEEPIDLE, false},
    {IPPROTO_TCP, TCP_KEEPINTVL, false},
    {IPPROTO_TCP, TCP_KEEPCNT, false},
    {IPPROTO_TCP, TCP_SYNCNT, false},
    {IPPROTO_TCP, TCP_LINGER2, false},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, false},
    {IPPROTO_TCP, TCP_CONGESTION, false},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, false},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, false},
};

#define OPTIONS (sizeof inherited / sizeof inherited[0])
_Static_assert(OPTIONS <= 32, "a descriptor has one bit for each option");

struct value {
  char bytes[VALUE_MAX];
  socklen_t length;
};

static bool get(int fd, const struct option *option, struct value *value) {
  memset(value, 0, sizeof *value);
  value->length = sizeof value->bytes;
  return real.getsockopt(fd, option->level, option->name, value->bytes, &value->length) == 0;
}

static bool same(const struct value *one, const struct value *other) {
  return one->length == other->length && memcmp(one->bytes, other->bytes, one->length) == 0;
}

static void set(int fd, const struct option *option, struct value *value) {
  if (option->doubled) {
    int size;
    memcpy(&size, value->bytes, sizeof size);
    size /= 2;
    memcpy(value->bytes, &size, sizeof size);
  }
  /* An option that needs a privilege was the guest's to set, and fails here as it did there. */
  real.setsockopt(fd, option->level, option->name, value->bytes, value->length);
}

void option_copy(int fd, int fresh, int target, const struct option *from,
                 const struct option *to) {
  struct value own;
  struct value usual;
  struct value given;
  if (!get(fd, from, &own) || !get(fresh, from, &usual) || same(&own, &usual)) return;
  if (get(target, to, &given) && !same(&own, &given)) set(target, to, &own);
}

void options_hand_over(int fd, int placeholder) {
  const int saved = errno;
  const int family = socket_is_ipv6(fd) ? AF_INET6 : AF_INET;
  const int fresh = real.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (size_t i = 0; fresh >= 0 && i < OPTIONS; i++)
    option_copy(fd, fresh, placeholder, &inherited[i], &inherited[i]);
  if (fresh >= 0) real.close(fresh);
  errno = saved;
}

/*
 * Which options of a placeholder are the guest's doing. Others must not be set on a connection:
 * its buffers, for one, have grown by themselves, and setting them would end that.
 */
static uint32_t options_of_guest(int listener) {
  struct value usual;
  struct value own;
  uint32_t set_by_guest = 0;
  const int fresh = real.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (size_t i = 0; fresh >= 0 && i < OPTIONS; i++) {
    if (!get(listener, &inherited[i], &own) || !get(fresh, &inherited[i], &usual)) continue;
    if (!same(&own, &usual)) set_by_guest |= (uint32_t)1 << i;
  }
  if (fresh >= 0) real.close(fresh);
  return set_by_guest;
}

void options_changed(int listener) {
  struct descriptor *descriptor = descriptor_at(listener);
  if (descriptor == NULL || !context_owns_memory()) return;
  const int saved = errno;
  descriptor->options = options_of_guest(listener);
  atomic_store(&descriptor->stale, descriptor->options == 0 ? 0 : socket_queue_length(listener));
  errno = saved;
}

void options_inherit(int listener, int connection) {
  struct descriptor *descriptor = descriptor_at(listener);
  const uint32_t stale = descriptor == NULL ? 0 : descriptor->stale;
  if (stale == 0) return;
  const int saved = errno;
  struct value wanted;
  struct value own;
  /* Threads that race here may count one connection twice: it is checked once too often. */
  atomic_store(&descriptor->stale, stale - 1);
  for (size_t i = 0; i < OPTIONS; i++) {
    if ((descriptor->options >> i & 1) == 0) continue;
    if (!get(listener, &inherited[i], &wanted) || !get(connection, &inherited[i], &own)) continue;
    if (!same(&wanted, &own)) set(connection, &inherited[i], &wanted);
  }
  errno = saved;
}
