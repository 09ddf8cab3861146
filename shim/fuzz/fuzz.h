/*
 * What a fuzz target is: LLVMFuzzerTestOneInput as libFuzzer calls it, and examples to start from.
 * A target returns 0 and crashes by a sanitizer's word or an assertion's, never by its input.
 */
#ifndef IM_FUZZ_H
#define IM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

enum { FUZZ_INPUT_MAX = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes a valid input and returns its length; each number another one, over and over. */
size_t fuzz_example(uint32_t number, uint8_t data[FUZZ_INPUT_MAX]);

/* An assertion that optimised builds keep. */
#define FUZZ_REQUIRE(condition) \
  do {                          \
    if (!(condition)) __builtin_trap(); \
  } while (0)

#endif
