/*
 * Socket options of a placeholder, back to those of a fresh socket: what a guest set on the socket
 * that it was handed outlives it, and connections inherit it. Whatever differs from the fresh
 * socket is set to what the fresh one has, so that the machine's own defaults (sysctl) hold.
 */
#include "addon.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/time.h>

#ifndef SO_BUF_LOCK /* Linux 5.14 */
#define SO_BUF_LOCK 72
#endif
#ifndef UDP_SEGMENT /* Linux 4.18 */
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO /* Linux 5.0 */
#define UDP_GRO 104
#endif

static const struct {
  int level;
  int name;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR},
    {SOL_SOCKET, SO_REUSEPORT},
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_OOBINLINE},
    {SOL_SOCKET, SO_DONTROUTE},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_RCVLOWAT},
    {SOL_SOCKET, SO_TIMESTAMP},
    {SOL_SOCKET, SO_TIMESTAMPNS},
    {SOL_SOCKET, SO_ZEROCOPY},
    {SOL_SOCKET, SO_BUSY_POLL},
    {SOL_SOCKET, SO_MARK},
    {SOL_SOCKET, SO_MAX_PACING_RATE},
    {SOL_SOCKET, SO_INCOMING_CPU},
    {IPPROTO_IP, IP_TOS},
    {IPPROTO_IP, IP_TTL},
    {IPPROTO_IP, IP_MTU_DISCOVER},
    {IPPROTO_IP, IP_RECVTOS},
    {IPPROTO_IP, IP_RECVTTL},
    {IPPROTO_IP, IP_PKTINFO},
    {IPPROTO_IP, IP_FREEBIND},
    {IPPROTO_IP, IP_MINTTL},
    {IPPROTO_TCP, TCP_NODELAY},
    {IPPROTO_TCP, TCP_CORK},
    {IPPROTO_TCP, TCP_KEEPIDLE},
    {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_TCP, TCP_SYNCNT},
    {IPPROTO_TCP, TCP_LINGER2},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {IPPROTO_TCP, TCP_FASTOPEN},
    {IPPROTO_TCP, TCP_SAVE_SYN},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {IPPROTO_TCP, TCP_CONGESTION},
    {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS},
    {SOL_SOCKET, SO_BROADCAST},
    {SOL_SOCKET, SO_RXQ_OVFL},
    {SOL_SOCKET, SO_NO_CHECK},
    {SOL_SOCKET, SO_PEEK_OFF},
    {SOL_SOCKET, SO_TIMESTAMPING},
    {IPPROTO_IP, IP_RECVERR},
    {IPPROTO_IP, IP_RECVOPTS},
    {IPPROTO_IP, IP_RETOPTS},
    {IPPROTO_IP, IP_RECVORIGDSTADDR},
    {IPPROTO_IP, IP_MULTICAST_TTL},
    {IPPROTO_IP, IP_MULTICAST_LOOP},
    {IPPROTO_IP, IP_MULTICAST_IF},
    {IPPROTO_UDP, UDP_CORK},
    {IPPROTO_UDP, UDP_ENCAP},
    {IPPROTO_UDP, UDP_SEGMENT},
    {IPPROTO_UDP, UDP_GRO},
    {SOL_SOCKET, SO_LINGER},
    {SOL_SOCKET, SO_RCVTIMEO},
    {SOL_SOCKET, SO_SNDTIMEO},
};

/* Larger than every option that is compared, TCP_CONGESTION's name too. */
enum { VALUE_BYTES_MAX = 64 };

/* 16 bits, scaled by at most 14: RFC 7323. */
enum { WIDEST_WINDOW = 65535 << 14 };

struct value {
  char bytes[VALUE_BYTES_MAX];
  socklen_t length;
};

static bool get(int descriptor, int level, int name, struct value *value) {
  memset(value, 0, sizeof *value);
  value->length = sizeof value->bytes;
  return getsockopt(descriptor, level, name, value->bytes, &value->length) == 0;
}

/* An option that this kernel does not know cannot have been set: that is no error. */
static bool differs(int descriptor, int fresh, int level, int name, struct value *wanted) {
  struct value found;
  return get(fresh, level, name, wanted) && get(descriptor, level, name, &found) &&
         (wanted->length != found.length ||
          memcmp(wanted->bytes, found.bytes, wanted->length) != 0);
}

static int restore(int descriptor, int fresh, int level, int name) {
  struct value wanted;
  if (!differs(descriptor, fresh, level, name, &wanted)) return 0;
  /* EPERM: set by a guest with more rights than ours (SO_MARK, SO_PRIORITY); nothing can be done,
   * and the connection works. */
  if (setsockopt(descriptor, level, name, wanted.bytes, wanted.length) == 0 || errno == EPERM)
    return 0;
  return -1;
}

/* For options that read as the effective value, and are unset with another one. */
static int restore_with(int descriptor, int fresh, int level, int name, int unset) {
  struct value wanted;
  if (!differs(descriptor, fresh, level, name, &wanted)) return 0;
  return setsockopt(descriptor, level, name, &unset, sizeof unset);
}

/* The kernel doubles what it is given. */
static int restore_buffer(int descriptor, int fresh, int name) {
  struct value wanted;
  int bytes;
  if (!get(fresh, SOL_SOCKET, name, &wanted)) return -1;
  memcpy(&bytes, wanted.bytes, sizeof bytes);
  return restore_with(descriptor, fresh, SOL_SOCKET, name, bytes / 2);
}

int im_restore_options(int descriptor, int fresh) {
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
    if (restore(descriptor, fresh, options[i].level, options[i].name) < 0) return -1;
  /* Buffers after SO_RCVLOWAT, which may enlarge them; setting their size stops the kernel's own
   * tuning until the lock is cleared. The window's clamp cannot be taken off a listener: the widest
   * window that TCP has is as good. */
  if (restore_buffer(descriptor, fresh, SO_RCVBUF) < 0 ||
      restore_buffer(descriptor, fresh, SO_SNDBUF) < 0 ||
      restore(descriptor, fresh, SOL_SOCKET, SO_BUF_LOCK) < 0 ||
      restore_with(descriptor, fresh, IPPROTO_TCP, TCP_MAXSEG, 0) < 0 ||
      restore_with(descriptor, fresh, IPPROTO_TCP, TCP_WINDOW_CLAMP, WIDEST_WINDOW) < 0)
    return -1;
  /* ENOENT: there is no filter. EPERM: it was locked, for good. */
  if (setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)) < 0 &&
      errno != ENOENT && errno != EPERM)
    return -1;
  return 0;
}
