/*
 * What a host-runtime tells init: the start message, in pieces of the length that the first byte
 * gives, and lines after it. init-link.c and init-start.c as they are.
 */
#include "../src/init.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_strings(char **strings) {
  for (size_t i = 0; strings[i] != NULL; i++) FUZZ_REQUIRE(strlen(strings[i]) < FUZZ_INPUT_MAX);
}

static void take_start(const struct link *link) {
  struct start start = {0};
  const bool parsed = start_parse(link, 900, &start);
  if (parsed) {
    size_t last = 0;
    read_strings(start.arguments);
    read_strings(start.environment);
    FUZZ_REQUIRE(strlen(start.directory) < FUZZ_INPUT_MAX && start.arguments[0] != NULL);
    while (start.environment[last + 1] != NULL) last++;
    FUZZ_REQUIRE(strcmp(start.environment[last], "IM_CONTROL=900") == 0);
    free(start.environment[last]);
  }
  free(start.arguments);
  free(start.environment);
}

static void take(struct link *link) {
  for (;;) {
    uint64_t grace_ms = 0;
    const enum command command = link_receive(link, &grace_ms);
    if (command == COMMAND_START) take_start(link);
    else if (command == COMMAND_NONE || command == COMMAND_MALFORMED || command == COMMAND_END)
      return;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct link link = {0};
  int ends[2];
  if (size == 0) return 0;
  const size_t piece = data[0] == 0 ? size : data[0];
  FUZZ_REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  link.descriptor = ends[0];
  for (size_t at = 1; at < size; at += piece) {
    const size_t length = piece < size - at ? piece : size - at;
    FUZZ_REQUIRE(write(ends[1], data + at, length) == (ssize_t)length);
    take(&link);
  }
  close(ends[1]);
  take(&link);
  close(ends[0]);
  free(link.start);
  return 0;
}

static size_t put_strings(uint8_t *data, size_t at, uint32_t count, const char *text) {
  for (uint32_t i = 0; i < count; i++) {
    memcpy(data + at, text, strlen(text) + 1);
    at += strlen(text) + 1;
  }
  return at;
}

size_t fuzz_example(uint32_t number, uint8_t data[FUZZ_INPUT_MAX]) {
  static const char lines[] = "terminate 5000\nkill\nterminate x\n";
  const uint32_t counts[] = {1 + number % 3, number % 5};
  size_t at = put_strings(data, 1 + sizeof(uint32_t) + sizeof counts, 1, "/tmp");
  at = put_strings(data, at, counts[0], "--port");
  at = put_strings(data, at, counts[1], number % 2 == 0 ? "IM_CONTROL=7" : "A=b");
  const uint32_t length = (uint32_t)(at - 1 - sizeof length);
  data[0] = (uint8_t)(number % 40);
  memcpy(data + 1, &length, sizeof length);
  memcpy(data + 1 + sizeof length, counts, sizeof counts);
  memcpy(data + at, lines, sizeof lines - 1);
  return at + sizeof lines - 1;
}
