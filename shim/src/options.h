/*
 * Socket options across a handover: those that the guest set on its own socket are set on the
 * placeholder, and once more on connections that were queued before. TCP_DEFER_ACCEPT never: a
 * silent client would wake nobody.
 */
#ifndef IM_OPTIONS_H
#define IM_OPTIONS_H

#include <stdbool.h>

struct option {
  int level;
  int name;
  bool doubled; /* the kernel reports twice what was set */
};

/* Sets `to` of `target`, where `from` of `fd` is not what it is of a fresh socket. */
void option_copy(int fd, int fresh, int target, const struct option *from,
                 const struct option *to);

/* Sets on `placeholder` what distinguishes `fd` from a fresh socket. */
void options_hand_over(int fd, int placeholder);
void options_hand_over_datagrams(int fd, int placeholder);
/* What an IPv6 option is called on an IPv4 socket; -1: nothing. */
int options_as_ipv4(int option);
/* The options of a handed over listener changed: what is queued now lacks them. */
void options_changed(int listener);
/* For a connection that was just accepted. All keep errno. */
void options_inherit(int listener, int connection);

#endif
