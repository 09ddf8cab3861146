/* What the host-runtime says to init, and what it is told. */
#include "init.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START_BYTES_MAX = 1024 * 1024, START_BYTES_MIN = 2 * sizeof(uint32_t) };

/* 1: the wanted bytes are there. 0: not yet. -1: end. */
static int read_up_to(struct link *link, char *bytes, size_t wanted) {
  while (link->received < wanted) {
    ssize_t length = read(link->descriptor, bytes + link->received, wanted - link->received);
    if (length > 0)
      link->received += (size_t)length;
    else if (length < 0 && errno == EINTR)
      continue;
    else if (length < 0 && errno == EAGAIN)
      return 0;
    else
      return -1;
  }
  return 1;
}

static enum command receive_start(struct link *link) {
  if (link->start == NULL) {
    int result = read_up_to(link, (char *)&link->start_length, sizeof link->start_length);
    if (result <= 0) return result == 0 ? COMMAND_NONE : COMMAND_END;
    if (link->start_length < START_BYTES_MIN || link->start_length > START_BYTES_MAX)
      return COMMAND_MALFORMED;
    link->start = malloc(link->start_length);
    if (link->start == NULL) return COMMAND_MALFORMED;
    link->received = 0;
  }
  int result = read_up_to(link, link->start, link->start_length);
  if (result <= 0) return result == 0 ? COMMAND_NONE : COMMAND_END;
  link->started = true;
  return COMMAND_START;
}

static enum command parse_line(const char *line, uint64_t *grace_ms) {
  static const char terminate[] = "terminate ";
  char *end;
  if (strcmp(line, "kill") == 0) return COMMAND_KILL;
  if (strncmp(line, terminate, sizeof terminate - 1) != 0) return COMMAND_NONE;
  const char *number = line + sizeof terminate - 1;
  unsigned long grace = strtoul(number, &end, 10);
  if (end == number || *end != 0) return COMMAND_NONE;
  *grace_ms = grace > INT_MAX ? INT_MAX : grace; /* as far as a timeout of poll reaches */
  return COMMAND_TERMINATE;
}

/* A line that is no command is ignored: a later host-runtime may know more of them. */
static enum command receive_line(struct link *link, uint64_t *grace_ms) {
  char byte;
  for (;;) {
    ssize_t length = read(link->descriptor, &byte, 1);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return COMMAND_NONE;
    if (length <= 0) return COMMAND_END;
    if (byte != '\n') {
      if (link->line_length + 1 < sizeof link->line)
        link->line[link->line_length++] = byte;
      else
        link->oversized = true;
      continue;
    }
    link->line[link->line_length] = 0;
    link->line_length = 0;
    enum command command = link->oversized ? COMMAND_NONE : parse_line(link->line, grace_ms);
    link->oversized = false;
    if (command != COMMAND_NONE) return command;
  }
}

enum command link_receive(struct link *link, uint64_t *grace_ms) {
  return link->started ? receive_line(link, grace_ms) : receive_start(link);
}

void link_send(const struct link *link, const char *format, ...) {
  char line[128];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  if (length < 0 || (size_t)length >= sizeof line - 1) abort();
  line[length++] = '\n';
  for (int sent = 0; sent < length;) {
    ssize_t result = write(link->descriptor, line + sent, (size_t)(length - sent));
    if (result >= 0) {
      sent += (int)result;
    } else if (errno == EAGAIN) {
      struct pollfd writable = {.fd = link->descriptor, .events = POLLOUT};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}
