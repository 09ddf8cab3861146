/*
 * Readiness on Node's loop: libuv offers no poll handle through Node-API, so one thread for each
 * Node environment sleeps in epoll_wait and hands batches over a thread-safe function.
 *
 * Ownership: the table of watches belongs to the JavaScript thread alone. The epoll thread fills
 * `batch` and calls; the JavaScript thread copies it and posts `taken`; only then does the epoll
 * thread fill it again. So there is no lock, and events that arrive while JavaScript is busy
 * coalesce in the kernel.
 *
 * An event carries descriptor and generation. A watch that was removed, and whose number has been
 * used again before the event arrived, has another generation: the event is dropped.
 *
 * The thread starts with the first watch, and the loop is held only while there is a watch. In the
 * environment's cleanup hook the thread is stopped and joined: it never outlives the environment,
 * nor delays its end. Descriptors are CLOEXEC; a bare fork is not supported (Node does none).
 */
#include "addon.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH_MAX = 256 };

struct watch {
  napi_ref callback; /* NULL: the slot is free */
  uint32_t generation;
  bool armed;
  bool edges; /* called back for each arrival, and armed for as long as it is watched */
};

struct im_watcher {
  napi_threadsafe_function call;
  pthread_t thread;
  bool running; /* of the JavaScript thread: is there a thread to join? */
  int epoll;
  int stop; /* eventfd, data UINT64_MAX in the epoll */
  sem_t taken;
  atomic_bool stopping;
  size_t batch_length;
  uint64_t batch[BATCH_MAX];

  struct watch *watches; /* indexed by descriptor */
  size_t watches_length;
  size_t count;
  uint32_t generation;
};

static const uint64_t stop_event = UINT64_MAX;

static void *run_epoll(void *argument) {
  struct im_watcher *watcher = argument;
  struct epoll_event events[BATCH_MAX];
  while (!atomic_load(&watcher->stopping)) {
    int count = epoll_wait(watcher->epoll, events, BATCH_MAX, -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) abort(); /* only a descriptor that is not ours any more can cause this */
    watcher->batch_length = 0;
    for (int i = 0; i < count; i++)
      if (events[i].data.u64 != stop_event)
        watcher->batch[watcher->batch_length++] = events[i].data.u64;
    if (watcher->batch_length == 0) continue;
    if (napi_call_threadsafe_function(watcher->call, NULL, napi_tsfn_nonblocking) != napi_ok)
      break; /* the environment is closing: nobody listens any more */
    while (sem_wait(&watcher->taken) < 0 && errno == EINTR) continue;
  }
  return NULL;
}

static struct watch *find(struct im_watcher *watcher, int descriptor) {
  if ((size_t)descriptor >= watcher->watches_length) return NULL;
  struct watch *watch = &watcher->watches[descriptor];
  return watch->callback == NULL ? NULL : watch;
}

static void deliver(struct im_watcher *watcher, napi_env env, uint64_t event) {
  struct watch *watch = find(watcher, (int)(uint32_t)event);
  if (watch == NULL || watch->generation != (uint32_t)(event >> 32)) return;
  watch->armed = watch->edges;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, failure;
  if (napi_get_reference_value(env, watch->callback, &callback) == napi_ok &&
      napi_get_undefined(env, &receiver) == napi_ok &&
      napi_call_function(env, receiver, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &failure) == napi_ok)
    /* As an exception in any other callback of Node's: 'uncaughtException'. */
    napi_fatal_exception(env, failure);
  napi_close_handle_scope(env, scope);
}

static void call_back(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  (void)data;
  /* Being torn down; the cleanup hook has joined or will join the thread. */
  if (env == NULL) return;
  struct im_watcher *watcher = context;
  uint64_t batch[BATCH_MAX];
  size_t length = watcher->batch_length;
  memcpy(batch, watcher->batch, length * sizeof batch[0]);
  sem_post(&watcher->taken);
  for (size_t i = 0; i < length; i++) deliver(watcher, env, batch[i]);
}

static void stop(void *argument) {
  struct im_watcher *watcher = argument;
  if (!watcher->running) return;
  watcher->running = false;
  atomic_store(&watcher->stopping, true);
  sem_post(&watcher->taken);
  /* Cannot fail: the counter is 0. */
  if (eventfd_write(watcher->stop, 1) != 0) abort();
  pthread_join(watcher->thread, NULL);
}

static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  struct im_watcher *watcher = data;
  for (size_t i = 0; i < watcher->watches_length; i++)
    if (watcher->watches[i].callback != NULL)
      napi_delete_reference(env, watcher->watches[i].callback);
  if (watcher->epoll >= 0) close(watcher->epoll);
  if (watcher->stop >= 0) close(watcher->stop);
  sem_destroy(&watcher->taken);
  free(watcher->watches);
  free(watcher);
}

struct im_watcher *im_watcher_create(napi_env env) {
  struct im_watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) return NULL;
  watcher->epoll = -1;
  watcher->stop = -1;
  sem_init(&watcher->taken, 0, 0);
  if (napi_set_instance_data(env, watcher, release, NULL) == napi_ok) return watcher;
  release(env, watcher, NULL);
  return NULL;
}

static bool open_epoll(struct im_watcher *watcher) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = stop_event};
  if (watcher->epoll < 0) watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (watcher->epoll < 0) return false;
  if (watcher->stop >= 0) return true;
  watcher->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return watcher->stop >= 0 && epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->stop, &event) == 0;
}

/* Signals are for Node's own threads. Returns 0 or an errno. */
static int start_thread(struct im_watcher *watcher) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&watcher->thread, NULL, run_epoll, watcher);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

static bool start(struct im_watcher *watcher, napi_env env) {
  if (watcher->running) return true;
  if (!open_epoll(watcher)) {
    im_throw(env, "epoll_create1");
    return false;
  }
  napi_value name = im_text(env, "im-watch");
  if (watcher->call == NULL && (name == NULL || napi_create_threadsafe_function(
                                                    env, NULL, NULL, name, 0, 1, NULL, NULL,
                                                    watcher, call_back, &watcher->call) != napi_ok))
    return false;
  /* Added after the thread-safe function's own hook, so it runs before it: last in, first out. */
  if (napi_add_env_cleanup_hook(env, stop, watcher) != napi_ok) return false;
  int error = start_thread(watcher);
  if (error != 0) {
    napi_remove_env_cleanup_hook(env, stop, watcher);
    im_throw_error(env, "pthread_create", error);
    return false;
  }
  watcher->running = true;
  napi_unref_threadsafe_function(env, watcher->call);
  return true;
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
  if (watcher->count++ == 0) napi_ref_threadsafe_function(env, watcher->call);
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
  if (--watcher->count == 0) napi_unref_threadsafe_function(env, watcher->call);
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
