#include "text.h"

#include <string.h>

struct text text_in(char *buffer, size_t size) {
  buffer[0] = '\0';
  return (struct text){.at = buffer, .size = size, .length = 0, .whole = true};
}

void text_add_bytes(struct text *text, const char *piece, size_t length) {
  if (length >= text->size - text->length) {
    text->whole = false;
    return;
  }
  memcpy(text->at + text->length, piece, length);
  text->length += length;
  text->at[text->length] = '\0';
}

void text_add(struct text *text, const char *piece) {
  text_add_bytes(text, piece, strlen(piece));
}

void text_add_number(struct text *text, uint64_t number) {
  char digits[20];
  size_t from = sizeof digits;
  do {
    digits[--from] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  text_add_bytes(text, digits + from, sizeof digits - from);
}

void text_add_address(struct text *text, uint32_t address) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    text_add_number(text, (address >> shift) & 0xff);
    if (shift > 0) text_add(text, ".");
  }
}

static unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
  return 99;
}

bool text_read_number(const char **at, unsigned base, uint64_t *number) {
  const char *from = *at;
  uint64_t value = 0;
  for (; digit_value(**at) < base; (*at)++) {
    if (value > (UINT64_MAX - 15) / base) return false;
    value = value * base + digit_value(**at);
  }
  *number = value;
  return *at != from;
}

bool text_read_address(const char *text, uint32_t *address) {
  uint32_t value = 0;
  for (int part = 0; part < 4; part++) {
    uint64_t octet = 0;
    if (part > 0 && *text++ != '.') return false;
    if (!text_read_number(&text, 10, &octet) || octet > 255) return false;
    value = value << 8 | (uint32_t)octet;
  }
  *address = value;
  return *text == '\0';
}
