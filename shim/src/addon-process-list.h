/*
 * All processes of this machine, as of the last pass over /proc. To read what a process is costs
 * ten times as much as all the rest, so it is read again only where it may have changed: a process
 * that has used no processor since has neither waited for a child nor changed its state, and it
 * keeps its parent for as long as that lives.
 */
#ifndef IM_ADDON_PROCESS_LIST_H
#define IM_ADDON_PROCESS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct process {
  ino_t identity;  /* of its directory in /proc: the next of the same number has another */
  clockid_t clock; /* of the time it uses */
  int64_t used_ns; /* just before it was read; -1: nobody knows */
  double cpu_ms;   /* also of children that were waited for */
  int32_t pid;
  int32_t parent;
  int32_t root; /* for the caller; -2: not known yet */
  char state;
  bool has_clock;
  bool is_new; /* since the pass before */
};

struct process_list {
  struct process *processes; /* by pid */
  size_t count;
  size_t room;
};

/* One pass. -1: errno says what is wrong, and the list is as it was. */
int process_list_renew(struct process_list *list);

struct process *process_list_find(const struct process_list *list, int32_t pid);

/* Reads one again if it has run. 1: it is as it says; 0: it has ended; -1 and errno. */
int process_renew(struct process *process);

#endif
