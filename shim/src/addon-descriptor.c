/* Descriptors as such, and the two machine-wide locks that are made of them. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>

static bool read_one(napi_env env, napi_callback_info info, int *descriptor) {
  napi_value value;
  return im_arguments(env, info, 1, &value) && im_read_descriptor(env, value, descriptor);
}

napi_value im_reserve_descriptors(napi_env env, napi_callback_info info) {
  napi_value value;
  uint32_t count;
  if (!im_arguments(env, info, 1, &value) || !im_read_uint32(env, value, &count)) return NULL;
  /* Two that nobody else can see: the lowest that is free, and a copy of it above the others. */
  int lowest = eventfd(0, EFD_CLOEXEC);
  if (lowest < 0) return im_undefined(env);
  int highest = -1;
  if (count < (uint32_t)(INT_MAX - lowest))
    highest = fcntl(lowest, F_DUPFD_CLOEXEC, lowest + (int)count);
  if (highest >= 0) close(highest);
  close(lowest);
  return im_undefined(env);
}

napi_value im_duplicate(napi_env env, napi_callback_info info) {
  int descriptor;
  if (!read_one(env, info, &descriptor)) return NULL;
  int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  return duplicate < 0 ? im_throw(env, "fcntl") : im_number(env, duplicate);
}

napi_value im_close(napi_env env, napi_callback_info info) {
  int descriptor;
  void *watcher;
  if (!read_one(env, info, &descriptor)) return NULL;
  /* Where others hold the same open file, epoll would go on reporting it after the close. */
  if (napi_get_instance_data(env, &watcher) == napi_ok) im_watcher_forget(watcher, env, descriptor);
  /* EINTR: Linux has closed it nevertheless. */
  if (close(descriptor) < 0 && errno != EINTR) return im_throw(env, "close");
  return im_undefined(env);
}

napi_value im_try_lock(napi_env env, napi_callback_info info) {
  int descriptor, result;
  if (!read_one(env, info, &descriptor)) return NULL;
  do result = flock(descriptor, LOCK_EX | LOCK_NB);
  while (result < 0 && errno == EINTR);
  if (result < 0 && errno != EWOULDBLOCK) return im_throw(env, "flock");
  return im_boolean(env, result == 0);
}

napi_value im_bind_abstract(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t length;
  char name[sizeof((struct sockaddr_un *)NULL)->sun_path];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!im_arguments(env, info, 1, &value) || !im_read_name(env, value, name, sizeof name, &length))
    return NULL;
  memcpy(address.sun_path + 1, name, length); /* the first byte, NUL, makes it abstract */
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return im_throw(env, "socket");
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
  if (bind(descriptor, (struct sockaddr *)&address, size) == 0) return im_number(env, descriptor);
  if (errno != EADDRINUSE) return im_throw_and_close(env, "bind", descriptor);
  close(descriptor);
  return im_null(env);
}
