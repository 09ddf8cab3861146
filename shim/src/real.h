/*
 * The functions behind the wrappers. `real.connect(...)` is libc's (or the next preload library's)
 * connect; a bare `connect(...)` inside the shim would be the wrapper: never written.
 */
#ifndef IM_REAL_H
#define IM_REAL_H

#include <netdb.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/utsname.h>

#define IM_EXPORT __attribute__((visibility("default")))

struct real_calls {
#define WRAPPED(result, name, parameters) result(*name) parameters;
#include "wrapped.def"
#undef WRAPPED
};

/*
 * System calls work before the constructor ran (they start as raw system calls); everything else
 * needs real_ensure() first, because another library's constructor may come before ours.
 * Written once, by whoever comes first; a second writer would write the same.
 */
extern struct real_calls real;
extern bool real_resolved;

void real_resolve(void);

static inline void real_ensure(void) {
  if (!real_resolved) real_resolve();
}

#endif
