/* pidfds: processes by descriptor, so that a number that is used again never meets a stranger. */
#include "addon.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than some C libraries; the numbers are the same on every architecture. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* All three make CLOEXEC descriptors by themselves. */
napi_value im_pidfd_open(napi_env env, napi_callback_info info) {
  napi_value value;
  uint32_t pid;
  if (!im_arguments(env, info, 1, &value) || !im_read_uint32(env, value, &pid)) return NULL;
  long pidfd = syscall(SYS_pidfd_open, (pid_t)pid, 0);
  return pidfd < 0 ? im_throw(env, "pidfd_open") : im_number(env, pidfd);
}

napi_value im_pidfd_send_signal(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int pidfd;
  uint32_t signal;
  if (!im_arguments(env, info, 2, values) || !im_read_descriptor(env, values[0], &pidfd) ||
      !im_read_uint32(env, values[1], &signal))
    return NULL;
  if (syscall(SYS_pidfd_send_signal, pidfd, (int)signal, NULL, 0) < 0)
    return im_throw(env, "pidfd_send_signal");
  return im_undefined(env);
}

napi_value im_pidfd_get_descriptor(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int pidfd, wanted;
  if (!im_arguments(env, info, 2, values) || !im_read_descriptor(env, values[0], &pidfd) ||
      !im_read_descriptor(env, values[1], &wanted))
    return NULL;
  long descriptor = syscall(SYS_pidfd_getfd, pidfd, wanted, 0);
  return descriptor < 0 ? im_throw(env, "pidfd_getfd") : im_number(env, descriptor);
}
