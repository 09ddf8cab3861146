#include "epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"
#include "real.h"
#include "text.h"

struct search {
  int fd;
  uint64_t inode;
  struct epoll_registrations *found;
};

static bool word_after(const char **at, const char *label, unsigned base, uint64_t *value) {
  const char *place = strstr(*at, label);
  if (place == NULL) return false;
  place += strlen(label);
  while (*place == ' ') place++;
  if (!text_read_number(&place, base, value)) return false;
  *at = place;
  return true;
}

/* "tfd:        5 events:     2019 data:                5  pos:0 ino:1a2b sdev:9" */
static void read_line(const char *line, int epoll, struct search *search) {
  uint64_t fd = 0;
  uint64_t events = 0;
  uint64_t data = 0;
  uint64_t inode = 0;
  if (!word_after(&line, "tfd:", 10, &fd) || fd != (uint64_t)search->fd) return;
  if (!word_after(&line, "events:", 16, &events)) return;
  if (!word_after(&line, "data:", 16, &data)) return;
  if (word_after(&line, "ino:", 16, &inode) && inode != search->inode) return;
  struct epoll_registrations *found = search->found;
  if (found->count == EPOLL_REGISTRATIONS_MAX) return;
  found->list[found->count++] =
      (struct epoll_registration){.epoll = epoll, .events = (uint32_t)events, .data = data};
}

static void read_lines(int info, int epoll, struct search *search) {
  char buffer[2048];
  size_t kept = 0;
  for (;;) {
    const ssize_t more = read(info, buffer + kept, sizeof buffer - 1 - kept);
    if (more <= 0) return;
    kept += (size_t)more;
    buffer[kept] = '\0';
    char *line = buffer;
    for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
      *end = '\0';
      read_line(line, epoll, search);
      line = end + 1;
    }
    kept -= (size_t)(line - buffer);
    memmove(buffer, line, kept);
    if (kept == sizeof buffer - 1) kept = 0; /* no line of ours is that long */
  }
}

static bool visit(const char *name, void *state) {
  char link[PROCFS_LINK_MAX];
  char leaf[32];
  char path[64];
  const int epoll = procfs_number(name);
  if (epoll < 0 || !procfs_descriptor(0, epoll, link)) return false;
  if (strcmp(link, "anon_inode:[eventpoll]") != 0) return false;
  struct text text = text_in(leaf, sizeof leaf);
  text_add(&text, "fdinfo/");
  text_add(&text, name);
  procfs_path(path, sizeof path, 0, leaf);
  const int info = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (info < 0) return false;
  read_lines(info, epoll, state);
  real.close(info);
  return false;
}

void epoll_find(int fd, struct epoll_registrations *found) {
  const int saved = errno;
  char link[PROCFS_LINK_MAX];
  struct search search = {.fd = fd, .found = found};
  found->count = 0;
  if (procfs_descriptor(0, fd, link) && strncmp(link, "socket:[", 8) == 0) {
    const char *digits = link + 8;
    if (text_read_number(&digits, 10, &search.inode)) procfs_any("/proc/self/fd", visit, &search);
  }
  errno = saved;
}

void epoll_add_again(int fd, const struct epoll_registrations *found) {
  const int saved = errno;
  for (size_t i = 0; i < found->count; i++) {
    struct epoll_event event = {.events = found->list[i].events, .data.u64 = found->list[i].data};
    epoll_ctl(found->list[i].epoll, EPOLL_CTL_ADD, fd, &event);
  }
  errno = saved;
}

void epoll_remove(int fd) {
  const int saved = errno;
  struct epoll_registrations found;
  epoll_find(fd, &found);
  for (size_t i = 0; i < found.count; i++)
    epoll_ctl(found.list[i].epoll, EPOLL_CTL_DEL, fd, NULL);
  errno = saved;
}
