/*
 * Epoll registrations of this process, found in /proc/self/fdinfo. A handed over listener needs
 * them twice: a server that registered its socket before bind loses the registration when another
 * socket takes the number, and one that closes it keeps it, because the supervisor has a duplicate.
 */
#ifndef IM_EPOLL_H
#define IM_EPOLL_H

#include <stddef.h>
#include <stdint.h>

#define EPOLL_REGISTRATIONS_MAX 64

struct epoll_registration {
  int epoll;
  uint32_t events;
  uint64_t data;
};

struct epoll_registrations {
  size_t count;
  struct epoll_registration list[EPOLL_REGISTRATIONS_MAX];
};

/* Where descriptor `fd`, with the socket it stands for now, is registered. All keep errno. */
void epoll_find(int fd, struct epoll_registrations *found);
void epoll_add_again(int fd, const struct epoll_registrations *found);
void epoll_remove(int fd);

#endif
