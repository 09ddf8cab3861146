#include "addon-process-list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of all its threads, also of those that have ended: the kernel tells anybody. -1: it has ended. */
static int64_t used_ns(const struct process *process) {
  struct timespec used;
  if (!process->has_clock || clock_gettime(process->clock, &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static bool parse(const char *text, struct process *process) {
  /* The name may hold anything, a closing bracket too: the last one ends it. */
  const char *after = strrchr(text, ')');
  unsigned long used[4];
  if (after == NULL ||
      sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
             &process->state, &process->parent, &used[0], &used[1], &used[2], &used[3]) != 6)
    return false;
  const double ticks = (double)used[0] + (double)used[1] + (double)used[2] + (double)used[3];
  process->cpu_ms = ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
  return true;
}

/* It may run, but cannot be looked at. */
static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* As process_renew. */
static int read_process(struct process *process) {
  char path[32];
  char text[1024];
  /* First: what it uses while it is read is seen by the next pass. */
  process->used_ns = used_ns(process);
  snprintf(path, sizeof path, "/proc/%d/stat", (int)process->pid);
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return is_shortage(errno) ? -1 : 0;
  const ssize_t length = read(descriptor, text, sizeof text - 1);
  const int error = errno;
  close(descriptor);
  errno = error;
  if (length < 0 && is_shortage(error)) return -1;
  if (length <= 0) return 0;
  text[length] = 0;
  return parse(text, process) ? 1 : 0;
}

int process_renew(struct process *process) {
  const int64_t used = used_ns(process);
  return used >= 0 && used == process->used_ns ? 1 : read_process(process);
}

static int by_pid(const void *one, const void *other) {
  const struct process *a = one, *b = other;
  return (a->pid > b->pid) - (a->pid < b->pid);
}

struct process *process_list_find(const struct process_list *list, int32_t pid) {
  const struct process wanted = {.pid = pid};
  return list->count == 0
             ? NULL
             : bsearch(&wanted, list->processes, list->count, sizeof wanted, by_pid);
}

static struct process *next(struct process_list *list) {
  if (list->count == list->room) {
    const size_t room = list->room == 0 ? 256 : list->room * 2;
    struct process *processes = realloc(list->processes, room * sizeof *processes);
    if (processes == NULL) return NULL;
    list->processes = processes;
    list->room = room;
  }
  return &list->processes[list->count];
}

static int add(struct process_list *list, const struct process_list *before,
               const struct dirent *entry) {
  struct process *process = next(list);
  if (process == NULL) return -1;
  const int32_t pid = (int32_t)strtol(entry->d_name, NULL, 10);
  const struct process *known = process_list_find(before, pid);
  /* 1: the kernel had no memory to say. */
  if (known != NULL && known->identity == entry->d_ino && entry->d_ino > 1) {
    *process = *known;
    process->is_new = false;
    process->root = -2;
    list->count++;
    return 0;
  }
  *process = (struct process){.pid = pid, .identity = entry->d_ino, .root = -2, .is_new = true};
  process->has_clock = clock_getcpuclockid(pid, &process->clock) == 0;
  const int found = read_process(process);
  if (found > 0) list->count++;
  return found < 0 ? -1 : 0;
}

static int add_all(struct process_list *list, const struct process_list *before) {
  DIR *directory = opendir("/proc");
  if (directory == NULL) return -1;
  int result = 0;
  for (const struct dirent *entry; result == 0 && (entry = readdir(directory)) != NULL;)
    if (isdigit((unsigned char)entry->d_name[0])) result = add(list, before, entry);
  const int error = errno;
  closedir(directory);
  errno = error;
  if (list->count > 0) qsort(list->processes, list->count, sizeof *list->processes, by_pid);
  return result;
}

/* Those whose parent has ended have another, also where somebody else has that number by now. */
static int renew_parents(struct process_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    struct process *process = &list->processes[i];
    if (process->is_new || process->parent == 0) continue;
    const struct process *parent = process_list_find(list, process->parent);
    if (parent != NULL && !parent->is_new) continue;
    if (read_process(process) < 0) return -1;
  }
  return 0;
}

int process_list_renew(struct process_list *list) {
  struct process_list now = {0};
  if (add_all(&now, list) < 0 || renew_parents(&now) < 0) {
    const int error = errno;
    free(now.processes);
    errno = error;
    return -1;
  }
  free(list->processes);
  *list = now;
  return 0;
}
