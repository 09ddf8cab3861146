/*
 * All descendants of this process, whatever sessions and groups they have made for themselves:
 * found by the lists of children under /proc, the kernel's own; where it has none
 * (CONFIG_PROC_CHILDREN), by the parents of all processes.
 */
#include "process-tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pids {
  int signal; /* each gets it as soon as it is found, and once */
  pid_t *list;
  size_t count;
  size_t room;
};

static bool contains(const struct pids *pids, pid_t pid) {
  for (size_t i = 0; i < pids->count; i++)
    if (pids->list[i] == pid) return true;
  return false;
}

/* Short of memory the list stays incomplete; the next pass, after the next exit, finds more. */
static void add(struct pids *pids, pid_t pid) {
  if (pid <= 0 || contains(pids, pid)) return;
  if (pids->count == pids->room) {
    size_t room = pids->room == 0 ? 64 : pids->room * 2;
    pid_t *list = realloc(pids->list, room * sizeof *list);
    if (list == NULL) return;
    pids->list = list;
    pids->room = room;
  }
  pids->list[pids->count++] = pid;
  /* At once: meanwhile it might fork. ESRCH: has ended. EPERM: has more rights than we have, and
   * has to end by itself. */
  kill(pid, pids->signal);
}

/* False: the kernel has no such list (or the task has just ended). */
static bool add_children_of_task(struct pids *pids, pid_t pid, const char *task) {
  char path[64];
  long child;
  snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, task);
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  while (fscanf(file, "%ld", &child) == 1) add(pids, (pid_t)child);
  fclose(file);
  return true;
}

/* A thread's children are listed with that thread. */
static bool add_children(struct pids *pids, pid_t pid) {
  char path[64];
  bool known = false;
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *tasks = opendir(path);
  if (tasks == NULL) return false;
  for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks))
    if (task->d_name[0] != '.' && add_children_of_task(pids, pid, task->d_name)) known = true;
  closedir(tasks);
  return known;
}

static pid_t parent_of(const char *pid) {
  char path[64], status[512];
  int parent;
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = read(file, status, sizeof status - 1);
  close(file);
  if (length <= 0) return -1;
  status[length] = 0;
  const char *name_end = strrchr(status, ')'); /* the name may hold anything, ')' too */
  return name_end != NULL && sscanf(name_end, ") %*c %d", &parent) == 1 ? parent : -1;
}

/* One generation more in each turn, until a turn finds nobody new. */
static void add_by_parents(struct pids *pids) {
  size_t before;
  do {
    before = pids->count;
    DIR *processes = opendir("/proc");
    if (processes == NULL) return;
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
      int pid = atoi(entry->d_name);
      pid_t parent = pid > 0 ? parent_of(entry->d_name) : -1;
      if (parent > 0 && (parent == getpid() || contains(pids, parent))) add(pids, pid);
    }
    closedir(processes);
  } while (pids->count != before);
}

static void look(struct pids *pids) {
  if (!add_children(pids, getpid())) {
    add_by_parents(pids);
    return;
  }
  for (size_t i = 0; i < pids->count; i++) add_children(pids, pids->list[i]);
}

/* Enough for a tree at rest; one that forks without end is met again after the next exit. */
enum { LOOKS_MAX = 8 };

void tree_signal(int signal) {
  struct pids pids = {.signal = signal};
  size_t before;
  int looks = 0;
  /* Those that were forked meanwhile, or that the kernel skipped because another child ended during
   * the read, are found by the next look. */
  do {
    before = pids.count;
    look(&pids);
  } while (pids.count != before && ++looks < LOOKS_MAX);
  free(pids.list);
}
