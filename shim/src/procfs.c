#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real.h"
#include "text.h"

struct entry { /* linux_dirent64 */
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

void procfs_path(char *path, size_t size, pid_t pid, const char *leaf) {
  struct text text = text_in(path, size);
  text_add(&text, "/proc/");
  if (pid == 0) text_add(&text, "self");
  else text_add_number(&text, (uint64_t)pid);
  text_add(&text, "/");
  text_add(&text, leaf);
}

int procfs_number(const char *name) {
  uint64_t number = 0;
  if (!text_read_number(&name, 10, &number) || *name != '\0' || number > INT_MAX) return -1;
  return (int)number;
}

bool procfs_descriptor(pid_t pid, int fd, char link[PROCFS_LINK_MAX]) {
  char leaf[24];
  char path[64];
  struct text text = text_in(leaf, sizeof leaf);
  text_add(&text, "fd/");
  text_add_number(&text, (uint64_t)fd);
  procfs_path(path, sizeof path, pid, leaf);
  const ssize_t length = readlink(path, link, PROCFS_LINK_MAX - 1);
  if (length < 0) return false;
  link[length] = '\0';
  return true;
}

static bool visit_all(const char *buffer, long filled, procfs_visitor visitor, void *state) {
  for (long at = 0; at < filled;) {
    const struct entry *entry = (const void *)(buffer + at);
    if (entry->name[0] != '.' && visitor(entry->name, state)) return true;
    at += entry->length;
  }
  return false;
}

bool procfs_any(const char *path, procfs_visitor visitor, void *state) {
  const int directory =
      (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  _Alignas(8) char buffer[2048];
  bool found = false;
  while (!found) {
    const long filled = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
    if (filled <= 0) break;
    found = visit_all(buffer, filled, visitor, state);
  }
  real.close(directory);
  return found;
}
