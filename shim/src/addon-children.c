/* Orphans of a process below this one come to it, and are ended here. */
#include "addon.h"
#include "process-tree.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

napi_value im_become_subreaper(napi_env env, napi_callback_info info) {
  (void)info;
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return im_throw(env, "prctl");
  return im_undefined(env);
}

/* Node waits for the children that it started by their numbers, and never for these. */
static bool reap_all(void) {
  pid_t pid;
  do pid = waitpid(-1, NULL, WNOHANG);
  while (pid > 0 || (pid < 0 && errno == EINTR));
  return pid < 0;
}

napi_value im_end_children(napi_env env, napi_callback_info info) {
  (void)info;
  if (reap_all()) return im_boolean(env, true);
  tree_signal(SIGKILL);
  return im_boolean(env, reap_all());
}
