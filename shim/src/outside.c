#include "outside.h"

#include <stdatomic.h>

#include "context.h"

static _Atomic uint32_t ports[65536 / 32];

static bool is_outside(const struct endpoint *endpoint) {
  return context.guest && endpoint->kind == ENDPOINT_LOOPBACK && endpoint->address != 0;
}

void outside_note(const struct endpoint *from) {
  if (is_outside(from)) atomic_fetch_or(&ports[from->port / 32], (uint32_t)1 << from->port % 32);
}

bool outside_knows(const struct endpoint *to) {
  return is_outside(to) && (ports[to->port / 32] >> to->port % 32 & 1) != 0;
}
