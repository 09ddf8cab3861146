/*
 * Reader of the name table (layout: protocol.h). Pure functions over (base, length): every offset
 * is checked before it is followed, so that a garbage file can give wrong answers but no crash.
 * Readers take no lock; see protocol.h for slots and generations.
 */
#ifndef IM_TABLE_H
#define IM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define TABLE_NAME_MAX 253

struct table {
  const uint8_t *base;
  size_t length;
};

enum table_result {
  TABLE_FOUND,
  TABLE_ABSENT,
  TABLE_SHORT /* the active slot lies beyond the mapping: map the file again */
};

struct table_host {
  uint32_t address;
  char name[TABLE_NAME_MAX + 1];
};

/* False: not a name table of this version. */
bool table_valid(const struct table *table);

bool table_in_block(const struct table *table, uint32_t address);
/* enum im_host_state; 0 outside the block. */
uint32_t table_state(const struct table *table, uint32_t address);

/* Case does not matter, one trailing dot is tolerated. */
enum table_result table_by_name(const struct table *table, const char *name,
                                struct table_host *host);
enum table_result table_by_address(const struct table *table, uint32_t address,
                                   struct table_host *host);

/* FOUND: the host declares the port; `*mapped` is what is bound instead of it. */
enum table_result table_port(const struct table *table, uint32_t address, uint16_t port,
                             uint16_t protocol, uint16_t *mapped);
/* The way back: which declared port is bound as `mapped`? */
enum table_result table_declared_port(const struct table *table, uint32_t address,
                                      uint16_t mapped, uint16_t protocol, uint16_t *port);

#endif
