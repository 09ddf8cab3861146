/*
 * im-keeper: what its parts share. One thread, no lock. It forks only to execute the daemon, and
 * between the two makes system calls alone. Every descriptor of its own is CLOEXEC; the daemon gets
 * three, by number.
 *
 *      ┌──────── back-off over ─────────┐
 *      ▼                                │
 *   running ─── the daemon ended ───> waiting
 *      │                                │
 *      └── QUIT; asked to end; the first start failed; the home has gone ──> end
 */
#ifndef IM_KEEPER_H
#define IM_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "custody.h"

enum {
  /* What the daemon is executed with. */
  DAEMON_LINK = 3,
  DAEMON_LOCK = 4,
  DAEMON_CHANNEL = 5, /* Node's, to whoever started us; the first daemon only */
  OWN_LOWEST = 10     /* our own stand above these, so that none is in the way */
};

/* One descriptor and the label it is kept under. Entries stay where they are: a list that is being
 * sent goes by their numbers. */
struct kept {
  int descriptor; /* -1: free */
  uint32_t next;  /* in its bucket, or of the free ones; entry + 1, 0 ends */
  uint16_t label_length;
  char label[IM_CUSTODY_LABEL_MAX];
};

struct custody {
  struct kept *entries;
  uint32_t capacity; /* a power of two, also the number of buckets */
  uint32_t used;     /* entries at and beyond it have never been used */
  uint32_t free;
  uint32_t *buckets;
};

/* Owns the descriptor from here on. False: no memory; it is closed. */
bool custody_keep(struct custody *custody, const char *label, uint16_t length, int descriptor);
void custody_drop(struct custody *custody, const char *label, uint16_t length);

/* The daemon's messages. */
struct link {
  int descriptor;         /* -1: there is none */
  int highest;            /* custody leaves the numbers above to what keeps us going */
  bool ready;             /* READY was said, now or by a daemon before */
  bool quit;              /* QUIT was said */
  bool listing;           /* LIST is being answered */
  bool unasked;           /* all is being sent, or was: the next LIST asks for just that */
  bool crowded;           /* too many descriptors are on their way: try again a little later */
  uint32_t listed;        /* entries before it have been sent */
  struct custody custody; /* survives every daemon */
};

struct call {
  const char *lock_file;
  const char *pid_file; /* NULL: none is wanted */
  pid_t adopted;        /* 0: none */
  char **command;
};

struct keeper {
  struct call call;
  struct link link;
  int lock;
  int channel;  /* -1: none (any more) */
  int signals;  /* signalfd */
  int adopted;  /* pidfd of a daemon that is not our child; else -1 */
  pid_t daemon; /* 0: none runs */
  bool asked;   /* to end, by a signal */
  unsigned restarts;
  unsigned young_deaths; /* one after another */
  uint64_t started_ms;
  uint64_t due_ms; /* while none runs */
};

/* Takes what has arrived, at most a turn's worth; false: nothing is left for now. */
bool link_receive(struct link *link);
/* Goes on with the answer to LIST until the daemon's queue is full. */
void link_list(struct link *link);
/* The answer to the LIST that a daemon which is being started will send. */
void link_list_unasked(struct link *link);
void link_close(struct link *link);

/* One line of the daemon's log, printf-like. Keeps errno. */
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);
/* Tells Node at the other end of the channel that another daemon has the lock. */
void report_taken(int channel);

/* Moves it to OWN_LOWEST or above, CLOEXEC. -1 with errno; the given one is closed in any case. */
int own(int descriptor);

/* The lock of a home. Returns its descriptor; -1 with errno, EWOULDBLOCK where it is taken. */
int lock_take(const char *path);
/* An inherited one: false where it is not the lock that the path leads to, or not ours. */
bool lock_holds(const char *path, int lock);

/* In keeper-start.c. False: not a call that we understand. */
bool parse_call(int argc, char **argv, struct call *call);
/* Signals, limits, lock and the first daemon, or the one to adopt (daemon > 0 and adopted -1 after
 * that: it has ended meanwhile). -1 with errno. Ends the process where the lock is taken. */
int begin(struct keeper *keeper);
/* -1 with errno: the machine does not let us. */
int start_daemon(struct keeper *keeper);
uint64_t now_ms(void);

#endif
