/*
 * im-init: what its parts share. One thread; it forks once, for the guest's command.
 *
 *   waiting ──start──> running ──all gone──> (exit 0)
 *      │                  │ terminate         ▲
 *      │                  ▼                   │
 *      │             terminating ──grace──> killing
 *      └── failed, end of file, kill ─────────┘
 */
#ifndef IM_INIT_H
#define IM_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The host-runtime: start message and commands come from it, status lines go to it. */
struct link {
  int descriptor;
  char *start; /* the start message while it comes in */
  uint32_t start_length;
  size_t received;
  char line[128];
  size_t line_length;
  bool started;   /* the start message is complete: lines follow */
  bool oversized; /* the line is too long for any command: skipped up to its end */
};

/* A complete start message; the strings point into link.start. */
struct start {
  const char *directory;
  char **arguments;   /* NULL-terminated */
  char **environment; /* NULL-terminated, IM_CONTROL included */
};

enum command {
  COMMAND_NONE, /* nothing complete so far */
  COMMAND_START,
  COMMAND_TERMINATE,
  COMMAND_KILL,
  COMMAND_MALFORMED, /* start message that cannot be one */
  COMMAND_END        /* the host-runtime is gone */
};

/* Takes what has arrived up to the first complete command. */
enum command link_receive(struct link *link, uint64_t *grace_ms);
/* One status line, printf-like, newline added. A host-runtime that is gone is no error here: its
 * end of file says so. */
__attribute__((format(printf, 2, 3))) void link_send(const struct link *link, const char *format,
                                                     ...);

/* Splits link.start; false where counts and strings do not agree, or memory is short. */
bool start_parse(const struct link *link, int control, struct start *start);

/* Forks and executes. Returns the pid; or -1 with errno and the step that failed. */
pid_t spawn(const struct start *start, const char **step);

#endif
