/*
 * im-exec <descriptor> -- <command> [arguments…]
 *
 * Becomes a client's program: moves the control descriptor out of its way, puts the preload library
 * (IM_PRELOAD) before whatever LD_PRELOAD names, and executes the command, found by PATH. Exit
 * codes as a shell's: 127 not found, 126 not executable; 125 for a mistake in the call of im-exec.
 */
#include "control-number.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_MISUSE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static int complain(const char *about, int error, int status) {
  fprintf(stderr, "im: %s: %s\n", about, strerror(error));
  return status;
}

static int parse_descriptor(const char *text) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  return errno != 0 || end == text || *end != 0 || number < 0 || number > INT_MAX ? -1
                                                                                  : (int)number;
}

static int set_control(int descriptor) {
  char text[16];
  int number = im_control_number(descriptor);
  if (number < 0) return -1;
  if (number != descriptor) close(descriptor);
  snprintf(text, sizeof text, "%d", number);
  return setenv("IM_CONTROL", text, 1);
}

/* The library is for the command, not for this process: the loader reads LD_PRELOAD at exec. */
static int set_preload(void) {
  const char *library = getenv("IM_PRELOAD");
  const char *others = getenv("LD_PRELOAD");
  if (library == NULL || *library == 0) return 0;
  if (others == NULL || *others == 0) {
    if (setenv("LD_PRELOAD", library, 1) < 0) return -1;
  } else {
    size_t size = strlen(library) + strlen(others) + 2;
    char *both = malloc(size);
    if (both == NULL) return -1;
    snprintf(both, size, "%s:%s", library, others);
    int result = setenv("LD_PRELOAD", both, 1);
    free(both);
    if (result < 0) return -1;
  }
  return unsetenv("IM_PRELOAD");
}

int main(int argc, char **argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    fputs("usage: im-exec <descriptor> -- <command> [arguments...]\n", stderr);
    return EXIT_MISUSE;
  }
  if (set_control(parse_descriptor(argv[1])) < 0)
    return complain("control descriptor", errno, EXIT_MISUSE);
  if (set_preload() < 0) return complain("environment", errno, EXIT_MISUSE);
  execvp(argv[3], argv + 3);
  int error = errno;
  return complain(argv[3], error,
                  error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
