/*
 * The environment of what a guest executes: programs that scrub or rebuild theirs stay in the
 * deployment. Everything is in memory of the caller, because a child of vfork may call.
 */
#ifndef IM_ENVIRONMENT_H
#define IM_ENVIRONMENT_H

#include <limits.h>
#include <stddef.h>

#include "context.h"

struct environment {
  char control[32];
  char *preload; /* of preload_size bytes */
  size_t preload_size;
  char **slots; /* of slot_count pointers */
  size_t slot_count;
};

size_t environment_slots(char *const envp[]);
size_t environment_preload_size(char *const envp[]);

/* The environment to execute with: `envp` itself where the shim is transparent. */
char *const *environment_build(struct environment *environment, char *const envp[]);

/* In this process's own `environ`, for calls that do not let us pass one (system, popen). */
void environment_restore(void);

/* Declares `name`, with room for what envp needs in the frame of the caller. */
#define ENVIRONMENT_IN_FRAME(name, envp)                                           \
  char name##_preload[environment_preload_size(envp)];                             \
  char *name##_slots[environment_slots(envp)];                                     \
  struct environment name = {.preload = name##_preload,                            \
                             .preload_size = sizeof name##_preload,                \
                             .slots = name##_slots,                                \
                             .slot_count = sizeof name##_slots / sizeof(char *)}

#endif
