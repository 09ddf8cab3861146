/*
 * What this process is in the deployment: read from the environment once, in the constructor,
 * because some guests (nginx's workers) clear theirs.
 * Owner: the process. `control` may move, `pid` changes in a forked child; the rest is constant.
 */
#ifndef IM_CONTEXT_H
#define IM_CONTEXT_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_LINK_MAX 64

enum context_variable {
  CONTEXT_TABLE,
  CONTEXT_ADDRESS,
  CONTEXT_HOST,
  CONTEXT_DEPLOYMENT,
  CONTEXT_INCARNATION,
  CONTEXT_VARIABLES
};

struct context {
  bool active; /* false: the shim is transparent */
  bool guest;  /* on a host; false: a client started with `im run` */
  _Atomic int control;
  uint32_t address;
  const char *host; /* guests only */
  const char *table_path; /* NULL: none was given */
  /* "NAME=value" as found, NULL where absent. */
  const char *variable[CONTEXT_VARIABLES];
  char library[PATH_MAX]; /* path of this library, "" if unknown */
  pid_t pid;
  /* What the control descriptor is, as in "socket:[4711]"; "" where /proc tells nothing. */
  char control_link[CONTROL_LINK_MAX];
};

extern struct context context;

/*
 * False in a child of vfork (or of a bare clone): it shares memory with a parent that still runs
 * on it, or was not seen coming; what it does to its descriptors must not be written down.
 */
bool context_owns_memory(void);

/*
 * The number of the control descriptor in this process. A child of vfork that put something else
 * onto the number has it elsewhere, and could not write that down.
 */
int context_control_here(void);

/* An AF_UNIX SOCK_SEQPACKET socket? */
bool context_is_control(int fd);

#endif
