/*
 * The processes below some roots, and the time they used: one pass over /proc. A process that has
 * ended and was waited for lives on in the numbers of its parent, so the sum of a tree only grows,
 * but for children that nobody waits for.
 */
#include "addon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As `processFields` in shim/index.ts. */
enum { FIELDS = 5, ROOTS_MAX = 4096 };

struct process {
  int32_t pid;
  int32_t parent;
  int32_t root; /* index of the root it is below; -1: of none; -2: not known yet */
  char state;
  double cpu_ms;
};

struct list {
  struct process *processes;
  size_t count;
  size_t room;
};

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

/* False with errno EMFILE, ENFILE or ENOMEM: it may run, but cannot be looked at. */
static bool read_process(int proc, const char *name, struct process *process) {
  char path[64];
  char text[1024];
  errno = 0;
  if (snprintf(path, sizeof path, "%s/stat", name) >= (int)sizeof path) return false;
  const int descriptor = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (length <= 0) return false;
  text[length] = 0;
  *process = (struct process){.pid = (int32_t)strtol(name, NULL, 10), .root = -2};
  return parse(text, process);
}

static bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static struct process *next(struct list *list) {
  if (list->count == list->room) {
    const size_t room = list->room == 0 ? 256 : list->room * 2;
    struct process *processes = realloc(list->processes, room * sizeof *processes);
    if (processes == NULL) return NULL;
    list->processes = processes;
    list->room = room;
  }
  return &list->processes[list->count];
}

static int by_pid(const void *one, const void *other) {
  const struct process *a = one, *b = other;
  return (a->pid > b->pid) - (a->pid < b->pid);
}

static int read_all(struct list *list) {
  DIR *directory = opendir("/proc");
  if (directory == NULL) return -1;
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    struct process *process = next(list);
    if (process == NULL) {
      closedir(directory);
      errno = ENOMEM;
      return -1;
    }
    /* One that ended meanwhile is none. */
    if (read_process(dirfd(directory), entry->d_name, process)) {
      list->count++;
    } else if (is_shortage(errno)) {
      const int error = errno;
      closedir(directory);
      errno = error;
      return -1;
    }
  }
  closedir(directory);
  qsort(list->processes, list->count, sizeof *list->processes, by_pid);
  return 0;
}

static struct process *find(struct list *list, int32_t pid) {
  const struct process wanted = {.pid = pid};
  return list->count == 0
             ? NULL
             : bsearch(&wanted, list->processes, list->count, sizeof wanted, by_pid);
}

/* Which root a process is below. Parents that changed while /proc was read cannot make a loop. */
static int32_t root_of(struct list *list, struct process *process) {
  struct process *at = process;
  for (size_t steps = 0; at != NULL && at->root == -2 && steps <= list->count; steps++)
    at = find(list, at->parent);
  const int32_t root = at == NULL || at->root == -2 ? -1 : at->root;
  /* The path is short: what was found is noted for the next that come along it. */
  for (at = process; at != NULL && at->root == -2; at = find(list, at->parent)) at->root = root;
  return root;
}

static napi_value to_array(napi_env env, struct list *list) {
  void *bytes;
  napi_value buffer, array;
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++)
    if (root_of(list, &list->processes[i]) >= 0) count++;
  if (napi_create_arraybuffer(env, count * FIELDS * sizeof(double), &bytes, &buffer) != napi_ok)
    return NULL;
  double *row = bytes;
  for (size_t i = 0; i < list->count; i++) {
    const struct process *process = &list->processes[i];
    if (process->root < 0) continue;
    row[0] = process->root;
    row[1] = process->pid;
    row[2] = process->cpu_ms;
    row[3] = process->state;
    row[4] = process->parent;
    row += FIELDS;
  }
  if (napi_create_typedarray(env, napi_float64_array, count * FIELDS, buffer, 0, &array) != napi_ok)
    return NULL;
  return array;
}

static bool mark_roots(napi_env env, napi_value roots, struct list *list) {
  uint32_t length;
  if (napi_get_array_length(env, roots, &length) != napi_ok || length > ROOTS_MAX) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a list of process ids");
    return false;
  }
  for (uint32_t i = 0; i < length; i++) {
    napi_value value;
    uint32_t pid;
    if (napi_get_element(env, roots, i, &value) != napi_ok || !im_read_uint32(env, value, &pid))
      return false;
    struct process *process = find(list, (int32_t)pid);
    if (process != NULL) process->root = (int32_t)i;
  }
  return true;
}

napi_value im_process_trees(napi_env env, napi_callback_info info) {
  napi_value roots;
  struct list list = {0};
  if (!im_arguments(env, info, 1, &roots)) return NULL;
  if (read_all(&list) < 0) {
    free(list.processes);
    return im_throw(env, "/proc");
  }
  napi_value array = mark_roots(env, roots, &list) ? to_array(env, &list) : NULL;
  free(list.processes);
  return array;
}
