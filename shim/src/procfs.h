/* Reading /proc with bare system calls: no malloc, so that it works in a forked child too. */
#ifndef IM_PROCFS_H
#define IM_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCFS_LINK_MAX 64

typedef bool (*procfs_visitor)(const char *name, void *state);

/* Calls the visitor for each entry until it returns true; returns whether one did. */
bool procfs_any(const char *path, procfs_visitor visitor, void *state);

/* What descriptor `fd` of a process (0: this one) is, as in "socket:[4711]". */
bool procfs_descriptor(pid_t pid, int fd, char link[PROCFS_LINK_MAX]);

/* "/proc/<pid>/<leaf>", /proc/self for pid 0. */
void procfs_path(char *path, size_t size, pid_t pid, const char *leaf);

/* A decimal number and nothing else; -1 otherwise. */
int procfs_number(const char *name);

#endif
