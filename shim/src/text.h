/* Text in buffers of the caller: no malloc, no stdio, no locale. Usable between fork and exec. */
#ifndef IM_TEXT_H
#define IM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
  char *at;
  size_t size;
  size_t length;
  bool whole; /* false: something did not fit */
};

struct text text_in(char *buffer, size_t size);
void text_add(struct text *text, const char *piece);
void text_add_bytes(struct text *text, const char *piece, size_t length);
void text_add_number(struct text *text, uint64_t number);
void text_add_address(struct text *text, uint32_t address);

/* Digits of the base from `*at` on; moves `*at` behind them. False: no digit, or too large. */
bool text_read_number(const char **at, unsigned base, uint64_t *number);
/* A dotted IPv4 address, and nothing else. */
bool text_read_address(const char *text, uint32_t *address);

#endif
