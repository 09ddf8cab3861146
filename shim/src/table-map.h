/* The name table of this process: mapped read-only, and mapped again when the file has grown. */
#ifndef IM_TABLE_MAP_H
#define IM_TABLE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "table.h"

/* False: there is no valid table to be had. */
bool table_map(void);

bool names_in_block(uint32_t address);
uint32_t names_state(uint32_t address);
/* A host that the table knows; own name included. */
bool names_by_name(const char *name, struct table_host *host);
bool names_by_address(uint32_t address, struct table_host *host);
bool names_port(uint32_t address, uint16_t port, uint16_t protocol, uint16_t *mapped);
/* `port` itself unless it stands in for a declared one. */
uint16_t names_declared_port(uint32_t address, uint16_t port, uint16_t protocol);

#endif
