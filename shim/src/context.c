#include "context.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"
#include "real.h"
#include "table-map.h"
#include "text.h"

struct context context = {.control = -1};

static const char *const variable_name[CONTEXT_VARIABLES] = {
    [CONTEXT_TABLE] = "IM_TABLE=",
    [CONTEXT_ADDRESS] = "IM_ADDRESS=",
    [CONTEXT_HOST] = "IM_HOST=",
    [CONTEXT_DEPLOYMENT] = "IM_DEPLOYMENT=",
    [CONTEXT_INCARNATION] = "IM_INCARNATION=",
};

/* Room for a path and short names; what does not fit makes the shim transparent. */
static char variable_text[PATH_MAX + 1024];

bool context_owns_memory(void) { return (pid_t)syscall(SYS_getpid) == context.pid; }

bool context_is_control(int fd) {
  int domain = 0;
  int type = 0;
  socklen_t length = sizeof domain;
  if (real.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return false;
  length = sizeof type;
  if (real.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return false;
  return domain == AF_UNIX && type == SOCK_SEQPACKET;
}

static bool is_own_control(int fd) {
  char link[PROCFS_LINK_MAX];
  return procfs_descriptor(0, fd, link) && strcmp(link, context.control_link) == 0;
}

static bool take_control(const char *name, void *state) {
  const int fd = procfs_number(name);
  if (fd < 0 || !is_own_control(fd)) return false;
  *(int *)state = fd;
  return true;
}

int context_control_here(void) {
  const int saved = errno;
  int number = context.control;
  if (context.control_link[0] != '\0' && !context_owns_memory() && !is_own_control(number))
    procfs_any("/proc/self/fd", take_control, &number);
  errno = saved;
  return number;
}

static void in_forked_child(void) { context.pid = (pid_t)syscall(SYS_getpid); }

static int find_library(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size;
  (void)unused;
  const uintptr_t here = (uintptr_t)&find_library;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    const uintptr_t from = object->dlpi_addr + part->p_vaddr;
    if (part->p_type != PT_LOAD || here < from || here - from >= part->p_memsz) continue;
    struct text path = text_in(context.library, sizeof context.library);
    /* A relative path would mean another file after chdir. */
    if (object->dlpi_name[0] == '/') text_add(&path, object->dlpi_name);
    return 1;
  }
  return 0;
}

/* Copies the variables out of the environment: a guest may overwrite its own in place. */
static bool copy_variables(void) {
  struct text text = text_in(variable_text, sizeof variable_text);
  for (int i = 0; i < CONTEXT_VARIABLES; i++) {
    char name[32];
    const size_t length = strlen(variable_name[i]) - 1;
    memcpy(name, variable_name[i], length);
    name[length] = '\0';
    const char *value = getenv(name);
    if (value == NULL) continue;
    context.variable[i] = text.at + text.length;
    text_add(&text, variable_name[i]);
    text_add(&text, value);
    text_add_bytes(&text, "", 1);
  }
  return text.whole;
}

static const char *variable_value(enum context_variable variable) {
  const char *text = context.variable[variable];
  return text == NULL ? NULL : text + strlen(variable_name[variable]);
}

static bool read_environment(void) {
  const char *control = getenv("IM_CONTROL");
  uint64_t number = 0;
  if (control == NULL || !text_read_number(&control, 10, &number)) return false;
  if (*control != '\0' || number > INT_MAX || !context_is_control((int)number)) return false;
  context.control = (int)number;
  procfs_descriptor(0, context.control, context.control_link);
  if (!copy_variables()) return false;
  const char *address = variable_value(CONTEXT_ADDRESS);
  if (address == NULL || !text_read_address(address, &context.address)) return false;
  context.host = variable_value(CONTEXT_HOST);
  context.guest = context.host != NULL;
  context.table_path = variable_value(CONTEXT_TABLE);
  return true;
}

__attribute__((constructor)) static void start(void) {
  const int saved = errno;
  real_ensure();
  context.pid = (pid_t)syscall(SYS_getpid);
  pthread_atfork(NULL, NULL, in_forked_child);
  dl_iterate_phdr(find_library, NULL);
  context.active = read_environment() && table_map();
  errno = saved;
}
