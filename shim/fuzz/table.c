/* The name table as a guest maps it, with every question that the shim asks of it. */
#include "fuzz.h"
#include "table.h"

#include <string.h>

enum { HOSTS = 3, BLOCK_SIZE = 8, STATES_AT = 4096, SLOT_AT = STATES_AT + 4 * BLOCK_SIZE,
       ROOM = 1024 };
static const uint32_t block_base = 0x7f400100;
static const char *const names[HOSTS] = {"web", "api", "worker-17"};

static void check(const struct table_host *host) {
  FUZZ_REQUIRE(memchr(host->name, '\0', sizeof host->name) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const asked[] = {"web", "API.", "worker-17", "", ".", "missing.example"};
  const struct table table = {.base = data, .length = size};
  struct table_host host;
  uint16_t port = 0;
  if (!table_valid(&table)) return 0;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
    if (table_by_name(&table, asked[i], &host) == TABLE_FOUND) check(&host);
  for (uint32_t i = 0; i < BLOCK_SIZE + 2; i++) {
    const uint32_t address = block_base - 1 + i;
    table_in_block(&table, address);
    table_state(&table, address);
    if (table_by_address(&table, address, &host) == TABLE_FOUND) check(&host);
    table_port(&table, address, 80, IM_PROTOCOL_TCP, &port);
    table_declared_port(&table, address, 8080, IM_PROTOCOL_TCP, &port);
  }
  return 0;
}

/* One slot with all three hosts; the generation says which of the two slots that is. */
size_t fuzz_example(uint32_t number, uint8_t data[FUZZ_INPUT_MAX]) {
  struct im_table_header header = {.magic = IM_TABLE_MAGIC, .version = IM_TABLE_VERSION,
                                   .generation = number % 2, .block_base = block_base,
                                   .block_size = BLOCK_SIZE, .states_offset = STATES_AT};
  struct im_table_slot slot = {.entry_count = HOSTS, .entries_offset = sizeof slot,
                               .hash_size = 8,
                               .hash_offset = sizeof slot + HOSTS * sizeof(struct im_table_entry)};
  uint32_t cells[8] = {0};
  uint32_t tail = slot.hash_offset + (uint32_t)sizeof cells;
  uint8_t *base = data + SLOT_AT;
  memset(data, 0, SLOT_AT + 512 + ROOM);
  for (uint32_t i = 0; i < HOSTS; i++) {
    const uint32_t length = (uint32_t)strlen(names[i]);
    const struct im_table_port port = {.port = 80, .mapped = 8080, .protocol = IM_PROTOCOL_TCP};
    const struct im_table_entry entry = {.address = block_base + i, .name_offset = tail,
                                         .name_length = (uint16_t)length, .port_count = 1,
                                         .ports_offset = tail + length};
    uint32_t cell = im_name_hash(names[i], length) & 7;
    while (cells[cell] != 0) cell = (cell + 1) & 7;
    cells[cell] = i + 1;
    memcpy(base + slot.entries_offset + i * sizeof entry, &entry, sizeof entry);
    memcpy(base + tail, names[i], length);
    memcpy(base + tail + length, &port, sizeof port);
    tail += length + (uint32_t)sizeof port;
  }
  /* Now and then there is room for a name that is too long. */
  if (number % 3 == 0) tail += ROOM;
  memcpy(base, &slot, sizeof slot);
  memcpy(base + slot.hash_offset, cells, sizeof cells);
  header.slot[number % 2] = (struct im_table_slot_ref){.offset = SLOT_AT, .length = tail};
  memcpy(data, &header, sizeof header);
  return SLOT_AT + tail;
}
