/* errno as JavaScript errors, in the shape of Node's own (`code`, `syscall`), errno positive. */
#include "addon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* strerrorname_np is younger (glibc 2.32) than systems that Node 20 runs on. */
#define NAMED(name)                                                                                \
  { name, #name }
static const struct {
  int error;
  const char *name;
} names[] = {
    NAMED(EPERM),         NAMED(ENOENT),       NAMED(ESRCH),           NAMED(EINTR),
    NAMED(EIO),           NAMED(ENXIO),        NAMED(E2BIG),           NAMED(ENOEXEC),
    NAMED(EBADF),         NAMED(ECHILD),       NAMED(EAGAIN),          NAMED(ENOMEM),
    NAMED(EACCES),        NAMED(EFAULT),       NAMED(EBUSY),           NAMED(EEXIST),
    NAMED(EXDEV),         NAMED(ENODEV),       NAMED(ENOTDIR),         NAMED(EISDIR),
    NAMED(EINVAL),        NAMED(ENFILE),       NAMED(EMFILE),          NAMED(ENOTTY),
    NAMED(ETXTBSY),       NAMED(EFBIG),        NAMED(ENOSPC),          NAMED(ESPIPE),
    NAMED(EROFS),         NAMED(EMLINK),       NAMED(EPIPE),           NAMED(EDOM),
    NAMED(ERANGE),        NAMED(EDEADLK),      NAMED(ENAMETOOLONG),    NAMED(ENOLCK),
    NAMED(ENOSYS),        NAMED(ELOOP),        NAMED(EPROTO),          NAMED(EOVERFLOW),
    NAMED(EUSERS),        NAMED(ENOTSOCK),     NAMED(EDESTADDRREQ),    NAMED(EMSGSIZE),
    NAMED(EPROTOTYPE),    NAMED(ENOPROTOOPT),  NAMED(EPROTONOSUPPORT), NAMED(ESOCKTNOSUPPORT),
    NAMED(EOPNOTSUPP),    NAMED(EPFNOSUPPORT), NAMED(EAFNOSUPPORT),    NAMED(EADDRINUSE),
    NAMED(EADDRNOTAVAIL), NAMED(ENETDOWN),     NAMED(ENETUNREACH),     NAMED(ENETRESET),
    NAMED(ECONNABORTED),  NAMED(ECONNRESET),   NAMED(ENOBUFS),         NAMED(EISCONN),
    NAMED(ENOTCONN),      NAMED(ESHUTDOWN),    NAMED(ETOOMANYREFS),    NAMED(ETIMEDOUT),
    NAMED(ECONNREFUSED),  NAMED(EHOSTDOWN),    NAMED(EHOSTUNREACH),    NAMED(EALREADY),
    NAMED(EINPROGRESS),   NAMED(ESTALE),       NAMED(EDQUOT),          NAMED(ECANCELED),
};

const char *im_errno_name(int error) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].error == error) return names[i].name;
  return NULL;
}

napi_value im_throw_error(napi_env env, const char *syscall, int error) {
  char number[24];
  char reason[128];
  char message[256];
  const char *code = im_errno_name(error);
  if (code == NULL) {
    snprintf(number, sizeof number, "E%d", error);
    code = number;
  }
  snprintf(message, sizeof message, "%s %s: %s", syscall, code,
           strerror_r(error, reason, sizeof reason));
  napi_value error_value;
  napi_value code_value = im_text(env, code);
  napi_value message_value = im_text(env, message);
  if (code_value != NULL && message_value != NULL &&
      napi_create_error(env, code_value, message_value, &error_value) == napi_ok &&
      im_set(env, error_value, "errno", im_number(env, error)) &&
      im_set(env, error_value, "syscall", im_text(env, syscall)))
    napi_throw(env, error_value);
  return NULL;
}

napi_value im_throw(napi_env env, const char *syscall) {
  return im_throw_error(env, syscall, errno);
}

napi_value im_throw_and_close(napi_env env, const char *syscall, int descriptor) {
  int error = errno;
  close(descriptor);
  return im_throw_error(env, syscall, error);
}
