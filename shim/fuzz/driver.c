/*
 * Runs a target without libFuzzer: <target> <seed> <milliseconds>, or <target> <file> to repeat one
 * input. Prints how many inputs it took. Where one crashes, its bytes are printed as hex before the
 * sanitizer's report ends the process.
 */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static uint64_t state;
static uint8_t input[FUZZ_INPUT_MAX];
static size_t length;

static uint32_t pick(uint32_t below) { /* xorshift64: the same inputs for the same seed */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16) % below;
}

static void print_input(void) {
  fputs("input ", stderr);
  for (size_t i = 0; i < length; i++) fprintf(stderr, "%02x", input[i]);
  fputc('\n', stderr);
}

static void on_signal(int number) {
  print_input();
  signal(number, SIG_DFL);
  raise(number);
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Numbers at which decoders go wrong. */
static uint32_t interesting(void) {
  static const uint32_t numbers[] = {0, 1, 2, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000,
                                     0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
  if (pick(4) == 0) return (uint32_t)length + pick(9) - 4;
  return numbers[pick(sizeof numbers / sizeof *numbers)];
}

static void resize(void) {
  const size_t wanted = pick(8) == 0 ? pick(FUZZ_INPUT_MAX) : (size_t)(pick(2) * pick(64));
  if (wanted > length) {
    for (; length < wanted; length++) input[length] = (uint8_t)pick(256);
  } else if (pick(2) == 0 && length > wanted) {
    length -= wanted;
  } else {
    length = wanted;
  }
}

static void mutate_once(void) {
  if (length == 0 || pick(10) == 0) {
    resize();
    return;
  }
  const size_t at = pick((uint32_t)length);
  const size_t width = (size_t)1 << pick(3);
  const uint32_t number = interesting();
  switch (pick(5)) {
    case 0: input[at] ^= (uint8_t)(1u << pick(8)); break;
    case 1: input[at] = (uint8_t)pick(256); break;
    case 2: /* a number, where a number would stand */
      if (at / width * width + width <= length) memcpy(input + at / width * width, &number, width);
      break;
    case 3:
      length--;
      memmove(input + at, input + at + 1, length - at);
      break;
    default: /* some of the input once more */
      memmove(input + pick((uint32_t)length), input + at, 1);
      break;
  }
}

static void next_input(uint32_t round) {
  if (pick(50) == 0) {
    length = pick(256);
    for (size_t i = 0; i < length; i++) input[i] = (uint8_t)pick(256);
    return;
  }
  length = fuzz_example(round, input);
  FUZZ_REQUIRE(length <= FUZZ_INPUT_MAX);
  for (uint32_t times = round % 50 == 0 ? 0 : 1 + pick(6); times > 0; times--) mutate_once();
}

static void take_input(void) {
  /* Of exactly the input's length, so that one byte too far is seen. */
  uint8_t *copy = malloc(length);
  FUZZ_REQUIRE(copy != NULL || length == 0);
  if (length > 0) memcpy(copy, input, length);
  LLVMFuzzerTestOneInput(copy, length);
  free(copy);
}

static int repeat(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return 1;
  length = fread(input, 1, sizeof input, file);
  fclose(file);
  take_input();
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  if (__sanitizer_set_death_callback != NULL) __sanitizer_set_death_callback(print_input);
  signal(SIGILL, on_signal);
  signal(SIGTRAP, on_signal);
  signal(SIGPIPE, SIG_IGN);
  if (argc == 2) return repeat(argv[1]);
  state = strtoull(argv[1], NULL, 10) * 2654435761u + 1;
  const long long until = now_ms() + atoll(argv[2]);
  uint32_t round = 0;
  for (; now_ms() < until; round++) {
    next_input(round);
    take_input();
  }
  printf("%u inputs\n", round);
  return 0;
}
