/*
 * Readiness on Node's loop. All that is watched is in an epoll of its own, and that one epoll is a
 * poll handle of libuv's: an event wakes the loop's thread and no other, events that arrive while
 * JavaScript is busy coalesce in the kernel, and arming costs the loop nothing.
 *
 * An event carries descriptor and generation. Where one callback removes another watch of the same
 * batch, and its number is used again at once, that one has another generation: no event is its.
 *
 * The handle is made with the first watch, and holds the loop only while there is a watch. It is
 * closed in the environment's cleanup hook, which the environment waits for. Descriptors are
 * CLOEXEC; a bare fork is not supported (Node does none).
 */
#include "addon.h"
#include "addon-loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH_MAX = 256 };

struct watch {
  napi_ref callback; /* NULL: the slot is free */
  uint32_t generation;
  bool armed;
  bool edges; /* called back for each arrival, and armed for as long as it is watched */
};

struct im_watcher {
  napi_env env;
  im_poll *poll; /* NULL: not yet, or no longer */
  int epoll;

  struct watch *watches; /* indexed by descriptor */
  size_t watches_length;
  size_t count;
  uint32_t generation;
};

static struct watch *find(struct im_watcher *watcher, int descriptor) {
  if ((size_t)descriptor >= watcher->watches_length) return NULL;
  struct watch *watch = &watcher->watches[descriptor];
  return watch->callback == NULL ? NULL : watch;
}

static void deliver(struct im_watcher *watcher, uint64_t event) {
  struct watch *watch = find(watcher, (int)(uint32_t)event);
  if (watch == NULL || watch->generation != (uint32_t)(event >> 32)) return;
  watch->armed = watch->edges;
  napi_env env = watcher->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, failure;
  /* Microtasks and ticks are run after it, as after any other callback of the loop's. */
  if (napi_get_reference_value(env, watch->callback, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_make_callback(env, NULL, receiver, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &failure) == napi_ok)
    /* As an exception in any other callback of Node's: 'uncaughtException'. */
    napi_fatal_exception(env, failure);
  napi_close_handle_scope(env, scope);
}

static void on_ready(im_poll *poll, int status, int ready) {
  (void)status;
  (void)ready;
  struct im_watcher *watcher = uv_handle_get_data(poll);
  struct epoll_event events[BATCH_MAX];
  /* The rest of more than these is there at the loop's next turn. */
  int count = epoll_wait(watcher->epoll, events, BATCH_MAX, 0);
  for (int i = 0; i < count; i++) deliver(watcher, events[i].data.u64);
}

static void closed(im_poll *poll) {
  napi_async_cleanup_hook_handle hook = uv_handle_get_data(poll);
  free(poll);
  napi_remove_async_cleanup_hook(hook);
}

/* The environment ends. What is still watched is not called back any more. */
static void stop(napi_async_cleanup_hook_handle hook, void *argument) {
  struct im_watcher *watcher = argument;
  im_poll *poll = watcher->poll;
  watcher->poll = NULL;
  uv_handle_set_data(poll, hook);
  uv_close(poll, closed);
}

static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  struct im_watcher *watcher = data;
  for (size_t i = 0; i < watcher->watches_length; i++)
    if (watcher->watches[i].callback != NULL)
      napi_delete_reference(env, watcher->watches[i].callback);
  if (watcher->epoll >= 0) close(watcher->epoll);
  free(watcher->watches);
  free(watcher);
}

struct im_watcher *im_watcher_create(napi_env env) {
  struct im_watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) return NULL;
  watcher->env = env;
  watcher->epoll = -1;
  if (napi_set_instance_data(env, watcher, release, NULL) == napi_ok) return watcher;
  release(env, watcher, NULL);
  return NULL;
}

/* Returns 0 or an errno, and then `poll` is not in use; EINVAL: the environment is ending. */
static int open_poll(struct im_watcher *watcher, im_poll *poll) {
  struct uv_loop_s *loop;
  if (napi_get_uv_event_loop(watcher->env, &loop) != napi_ok) return EINVAL;
  int error = -uv_poll_init(loop, poll, watcher->epoll);
  if (error != 0) return error;
  uv_handle_set_data(poll, watcher);
  uv_unref(poll);
  /* From here on the handle is the loop's, and the hook closes it: neither fails but for memory. */
  watcher->poll = poll;
  if (napi_add_async_cleanup_hook(watcher->env, stop, watcher, NULL) != napi_ok ||
      uv_poll_start(poll, UV_READABLE, on_ready) != 0)
    abort();
  return 0;
}

static bool start(struct im_watcher *watcher, napi_env env) {
  if (watcher->poll != NULL) return true;
  if (watcher->epoll < 0) watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (watcher->epoll < 0) {
    im_throw(env, "epoll_create1");
    return false;
  }
  im_poll *poll = malloc(uv_handle_size(UV_POLL));
  int error = poll == NULL ? ENOMEM : open_poll(watcher, poll);
  if (error == 0) return true;
  free(poll);
  im_throw_error(env, "uv_poll_init", error);
  return false;
}

static bool grow(struct im_watcher *watcher, int descriptor) {
  size_t length = watcher->watches_length == 0 ? 64 : watcher->watches_length;
  while (length <= (size_t)descriptor) length *= 2;
  if (length == watcher->watches_length) return true;
  struct watch *watches = realloc(watcher->watches, length * sizeof *watches);
  if (watches == NULL) return false;
  memset(watches + watcher->watches_length, 0,
         (length - watcher->watches_length) * sizeof *watches);
  watcher->watches = watches;
  watcher->watches_length = length;
  return true;
}

static int arm(struct im_watcher *watcher, int operation, int descriptor,
               const struct watch *watch) {
  const uint32_t how = watch->edges ? EPOLLET : EPOLLONESHOT;
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | how,
                              .data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)descriptor};
  return epoll_ctl(watcher->epoll, operation, descriptor, &event);
}

static struct im_watcher *watcher_of(napi_env env) {
  void *data = NULL;
  return napi_get_instance_data(env, &data) == napi_ok ? data : NULL;
}

static napi_value watch_for(napi_env env, napi_callback_info info, bool edges) {
  napi_value values[2];
  napi_valuetype type;
  int descriptor;
  struct im_watcher *watcher = watcher_of(env);
  if (watcher == NULL || !im_arguments(env, info, 2, values) ||
      !im_read_descriptor(env, values[0], &descriptor))
    return NULL;
  if (napi_typeof(env, values[1], &type) != napi_ok || type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a callback");
    return NULL;
  }
  if (find(watcher, descriptor) != NULL) return im_throw_error(env, "epoll_ctl", EEXIST);
  if (!start(watcher, env)) return NULL;
  struct watch fresh = {.generation = ++watcher->generation, .armed = true, .edges = edges};
  /* EEXIST: closed without unwatch, and the number refers to the same open file again. */
  if (arm(watcher, EPOLL_CTL_ADD, descriptor, &fresh) < 0 &&
      (errno != EEXIST || arm(watcher, EPOLL_CTL_MOD, descriptor, &fresh) < 0))
    return im_throw(env, "epoll_ctl");
  /* Only now: a number that epoll took is a real descriptor, so the table stays small. */
  if (!grow(watcher, descriptor)) {
    epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, descriptor, NULL);
    return im_throw_error(env, "watch", ENOMEM);
  }
  if (napi_create_reference(env, values[1], 1, &fresh.callback) != napi_ok) {
    epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, descriptor, NULL);
    return NULL;
  }
  watcher->watches[descriptor] = fresh;
  if (watcher->count++ == 0) uv_ref(watcher->poll);
  return im_undefined(env);
}

napi_value im_watch(napi_env env, napi_callback_info info) { return watch_for(env, info, false); }

napi_value im_watch_edges(napi_env env, napi_callback_info info) {
  return watch_for(env, info, true);
}

napi_value im_rearm(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  struct im_watcher *watcher = watcher_of(env);
  if (watcher == NULL || !im_arguments(env, info, 1, &value) ||
      !im_read_descriptor(env, value, &descriptor))
    return NULL;
  struct watch *watch = find(watcher, descriptor);
  if (watch == NULL) return im_throw_error(env, "epoll_ctl", ENOENT);
  /* Armed: its event, perhaps on its way already, is the next time that is asked for. */
  if (watch->armed) return im_undefined(env);
  if (arm(watcher, EPOLL_CTL_MOD, descriptor, watch) < 0)
    return im_throw(env, "epoll_ctl");
  watch->armed = true;
  return im_undefined(env);
}

void im_watcher_forget(struct im_watcher *watcher, napi_env env, int descriptor) {
  struct watch *watch = find(watcher, descriptor);
  if (watch == NULL) return;
  /* Fails where the descriptor was closed before: then the kernel has forgotten it too. */
  epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, descriptor, NULL);
  napi_delete_reference(env, watch->callback);
  watch->callback = NULL;
  if (--watcher->count == 0 && watcher->poll != NULL) uv_unref(watcher->poll);
}

napi_value im_unwatch(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  struct im_watcher *watcher = watcher_of(env);
  if (watcher == NULL || !im_arguments(env, info, 1, &value) ||
      !im_read_descriptor(env, value, &descriptor))
    return NULL;
  im_watcher_forget(watcher, env, descriptor);
  return im_undefined(env);
}
