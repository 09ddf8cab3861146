/*
 * The little that the shim must remember about a descriptor number.
 * Shared by all threads of the process, as descriptors are; a forked child has its own copy; a
 * child of vfork reads the parent's and must not write (context_owns_memory).
 */
#ifndef IM_DESCRIPTOR_STATE_H
#define IM_DESCRIPTOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define DESCRIPTORS_MAX 65536

enum descriptor_flag {
  HANDED_OVER = 1 << 0,  /* a placeholder of the supervisor */
  LISTENS = 1 << 1,      /* the guest's listen was reported */
  APPEARS_IPV6 = 1 << 2, /* AF_INET in the kernel, AF_INET6 for the guest */
  LAZY_PORT = 1 << 3,    /* bound to port 0 for the guest, not bound yet in the kernel */
  SHUT = 1 << 4,         /* a listener after shutdown; it was on `asked_port` */
  UNREACHABLE = 1 << 5,  /* IPV6_V6ONLY: bound to any port of ::1, `asked_port` was meant */
  SHARES_PORT = 1 << 6,  /* a handed over listener whose socket had SO_REUSEPORT set */
  ANY_SOURCE = 1 << 7    /* UDP without an address of its own: each datagram names its source */
};

struct descriptor {
  uint8_t flags;
  uint16_t asked_port;
  uint32_t options; /* which the guest has set on a handed over listener (options.c) */
  /* Connections that were queued before the last change of options: they need them in accept. */
  _Atomic uint32_t stale;
  _Atomic uint32_t acceptors; /* threads that are inside accept, or wait for a datagram */
};

/* NULL out of range. */
struct descriptor *descriptor_at(int fd);
uint8_t descriptor_flags(int fd);
/* These change nothing where the memory is not ours. */
void descriptor_mark(int fd, uint8_t flags);
void descriptor_clear(int fd);
void descriptor_copy(int from, int to);
/* One above the highest number that was ever marked. */
int descriptor_limit(void);

#endif
