/*
 * The processes below some roots, and the time they used: one pass over /proc. A process that has
 * ended and was waited for lives on in the numbers of its parent, so the sum of a tree only grows,
 * but for children that nobody waits for.
 */
#include <errno.h>
#include <stdlib.h>

#include "addon-process-list.h"
#include "addon.h"

/* As `processFields` in shim/index.ts. */
enum { FIELDS = 5, ROOTS_MAX = 4096 };

/* Each environment of Node has a thread, and so a list, of its own. */
static _Thread_local struct process_list known;
static _Thread_local bool cleaned_up; /* when the environment ends */

static void forget(void *unused) {
  (void)unused;
  free(known.processes);
  known = (struct process_list){0};
  cleaned_up = false;
}

/* Which root a process is below. Parents that changed while /proc was read cannot make a loop. */
static int32_t root_of(struct process *process) {
  struct process *at = process;
  for (size_t steps = 0; at != NULL && at->root == -2 && steps <= known.count; steps++)
    at = process_list_find(&known, at->parent);
  const int32_t root = at == NULL || at->root == -2 ? -1 : at->root;
  /* The path is short: what was found is noted for the next that come along it. */
  for (at = process; at != NULL && at->root == -2; at = process_list_find(&known, at->parent))
    at->root = root;
  return root;
}

/* Those that are below no root get none; -1: errno says what is wrong. */
static int attribute(size_t *count) {
  *count = 0;
  for (size_t i = 0; i < known.count; i++) (void)root_of(&known.processes[i]);
  for (size_t i = 0; i < known.count; i++) {
    struct process *process = &known.processes[i];
    if (process->root < 0) continue;
    const int found = process_renew(process);
    if (found < 0) return -1;
    if (found == 0) process->root = -1;
    else ++*count;
  }
  return 0;
}

static napi_value to_array(napi_env env, size_t count) {
  void *bytes;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, count * FIELDS * sizeof(double), &bytes, &buffer) != napi_ok)
    return NULL;
  double *row = bytes;
  for (size_t i = 0; i < known.count; i++) {
    const struct process *process = &known.processes[i];
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

static bool mark_roots(napi_env env, napi_value roots) {
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
    struct process *process = process_list_find(&known, (int32_t)pid);
    if (process != NULL) process->root = (int32_t)i;
  }
  return true;
}

napi_value im_process_trees(napi_env env, napi_callback_info info) {
  napi_value roots;
  size_t count;
  if (!im_arguments(env, info, 1, &roots)) return NULL;
  if (!cleaned_up && napi_add_env_cleanup_hook(env, forget, NULL) != napi_ok) return NULL;
  cleaned_up = true;
  if (process_list_renew(&known) < 0) return im_throw(env, "/proc");
  if (!mark_roots(env, roots)) return NULL;
  return attribute(&count) < 0 ? im_throw(env, "/proc") : to_array(env, count);
}
