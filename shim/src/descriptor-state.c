#include "descriptor-state.h"

#include <stdatomic.h>
#include <stddef.h>

#include "context.h"

static struct descriptor descriptors[DESCRIPTORS_MAX];
static _Atomic int limit;

struct descriptor *descriptor_at(int fd) {
  return fd >= 0 && fd < DESCRIPTORS_MAX ? &descriptors[fd] : NULL;
}

uint8_t descriptor_flags(int fd) {
  const struct descriptor *descriptor = descriptor_at(fd);
  return descriptor == NULL ? 0 : descriptor->flags;
}

int descriptor_limit(void) { return limit; }

static void raise_limit(int fd) {
  int seen = limit;
  while (fd >= seen && !atomic_compare_exchange_weak(&limit, &seen, fd + 1)) continue;
}

void descriptor_mark(int fd, uint8_t flags) {
  struct descriptor *descriptor = descriptor_at(fd);
  if (descriptor == NULL || !context_owns_memory()) return;
  descriptor->flags = flags;
  raise_limit(fd);
}

void descriptor_clear(int fd) {
  struct descriptor *descriptor = descriptor_at(fd);
  if (descriptor == NULL || descriptor->flags == 0 || !context_owns_memory()) return;
  descriptor->flags = 0;
  descriptor->asked_port = 0;
  descriptor->stale = 0;
  descriptor->options = 0;
}

void descriptor_copy(int from, int to) {
  const uint8_t flags = descriptor_flags(from);
  if (flags == 0 && descriptor_flags(to) == 0) return;
  struct descriptor *source = descriptor_at(from);
  struct descriptor *target = descriptor_at(to);
  if (target == NULL || !context_owns_memory()) return;
  target->asked_port = source == NULL ? 0 : source->asked_port;
  target->stale = source == NULL ? 0 : source->stale;
  target->options = source == NULL ? 0 : source->options;
  target->acceptors = 0;
  target->flags = flags;
  raise_limit(to);
}
