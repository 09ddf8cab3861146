#include "table.h"

#include <string.h>

#define READ_ATTEMPTS_MAX 1000

/* One slot, with its directory read and checked once. */
struct slot {
  const uint8_t *base;
  size_t length;
  struct im_table_slot head;
};

typedef enum table_result (*slot_reader)(const struct slot *slot, const void *query,
                                         void *answer);

static bool fits(size_t length, uint64_t offset, uint64_t count, size_t size) {
  return offset <= length && count <= (length - offset) / size;
}

static uint32_t load_word(const struct table *table, size_t offset) {
  uint32_t word;
  __atomic_load((const uint32_t *)(const void *)(table->base + offset), &word, __ATOMIC_ACQUIRE);
  return word;
}

static struct im_table_header read_header(const struct table *table) {
  struct im_table_header header;
  memcpy(&header, table->base, sizeof header);
  return header;
}

bool table_valid(const struct table *table) {
  if (table->base == NULL || table->length < sizeof(struct im_table_header)) return false;
  const struct im_table_header header = read_header(table);
  if (header.magic != IM_TABLE_MAGIC || header.version != IM_TABLE_VERSION) return false;
  if (header.block_size == 0 || (header.block_size & (header.block_size - 1)) != 0) return false;
  if (header.states_offset % sizeof(uint32_t) != 0) return false;
  return fits(table->length, header.states_offset, header.block_size, sizeof(uint32_t));
}

bool table_in_block(const struct table *table, uint32_t address) {
  const struct im_table_header header = read_header(table);
  return address - header.block_base < header.block_size;
}

uint32_t table_state(const struct table *table, uint32_t address) {
  const struct im_table_header header = read_header(table);
  const uint64_t index = address - header.block_base;
  if (index >= header.block_size) return 0;
  if (!fits(table->length, header.states_offset, index + 1, sizeof(uint32_t))) return 0;
  if (header.states_offset % sizeof(uint32_t) != 0) return 0;
  return load_word(table, (size_t)(header.states_offset + index * sizeof(uint32_t)));
}

static enum table_result open_slot(const struct table *table, uint32_t generation,
                                   struct slot *slot) {
  const struct im_table_header header = read_header(table);
  const struct im_table_slot_ref ref = header.slot[generation & 1];
  if (!fits(table->length, ref.offset, ref.length, 1)) return TABLE_SHORT;
  if (ref.length < sizeof slot->head) return TABLE_ABSENT;
  slot->base = table->base + ref.offset;
  slot->length = (size_t)ref.length;
  memcpy(&slot->head, slot->base, sizeof slot->head);
  const struct im_table_slot *head = &slot->head;
  if (!fits(slot->length, head->entries_offset, head->entry_count, sizeof(struct im_table_entry)))
    return TABLE_ABSENT;
  if (!fits(slot->length, head->hash_offset, head->hash_size, sizeof(uint32_t)))
    return TABLE_ABSENT;
  return TABLE_FOUND;
}

static enum table_result read_slot(const struct table *table, slot_reader reader,
                                   const void *query, void *answer) {
  const size_t at = offsetof(struct im_table_header, generation);
  enum table_result result = TABLE_ABSENT;
  for (int attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
    const uint32_t generation = load_word(table, at);
    struct slot slot;
    result = open_slot(table, generation, &slot);
    if (result == TABLE_FOUND) result = reader(&slot, query, answer);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (load_word(table, at) == generation) return result;
  }
  return result;
}

static struct im_table_entry entry_at(const struct slot *slot, uint32_t index) {
  struct im_table_entry entry;
  memcpy(&entry, slot->base + slot->head.entries_offset + (size_t)index * sizeof entry,
         sizeof entry);
  return entry;
}

static bool copy_host(const struct slot *slot, const struct im_table_entry *entry,
                      struct table_host *host) {
  if (entry->name_length > TABLE_NAME_MAX) return false;
  if (!fits(slot->length, entry->name_offset, entry->name_length, 1)) return false;
  memcpy(host->name, slot->base + entry->name_offset, entry->name_length);
  host->name[entry->name_length] = '\0';
  host->address = entry->address;
  return true;
}

struct wanted_name {
  char text[TABLE_NAME_MAX + 1];
  uint32_t length;
};

static enum table_result find_name(const struct slot *slot, const void *query, void *answer) {
  const struct wanted_name *wanted = query;
  struct table_host *host = answer;
  const uint32_t size = slot->head.hash_size;
  if (size == 0 || (size & (size - 1)) != 0) return TABLE_ABSENT;
  const uint32_t hash = im_name_hash(wanted->text, wanted->length);
  for (uint32_t step = 0; step < size; step++) {
    uint32_t index;
    const size_t cell = (hash + step) & (size - 1);
    memcpy(&index, slot->base + slot->head.hash_offset + cell * sizeof index, sizeof index);
    if (index == 0 || index > slot->head.entry_count) return TABLE_ABSENT;
    const struct im_table_entry entry = entry_at(slot, index - 1);
    if (entry.name_length != wanted->length || !copy_host(slot, &entry, host)) continue;
    if (memcmp(host->name, wanted->text, wanted->length) == 0) return TABLE_FOUND;
  }
  return TABLE_ABSENT;
}

enum table_result table_by_name(const struct table *table, const char *name,
                                struct table_host *host) {
  struct wanted_name wanted;
  const size_t given = strnlen(name, TABLE_NAME_MAX + 2);
  const size_t length = given > 1 && name[given - 1] == '.' ? given - 1 : given;
  if (length == 0 || length > TABLE_NAME_MAX) return TABLE_ABSENT;
  for (size_t i = 0; i < length; i++) {
    const char c = name[i];
    wanted.text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  wanted.length = (uint32_t)length;
  return read_slot(table, find_name, &wanted, host);
}

static bool find_entry(const struct slot *slot, uint32_t address, struct im_table_entry *entry) {
  uint32_t low = 0;
  uint32_t high = slot->head.entry_count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    *entry = entry_at(slot, middle);
    if (entry->address == address) return true;
    if (entry->address < address) low = middle + 1;
    else high = middle;
  }
  return false;
}

static enum table_result find_address(const struct slot *slot, const void *query, void *answer) {
  const uint32_t *address = query;
  struct im_table_entry entry;
  if (!find_entry(slot, *address, &entry)) return TABLE_ABSENT;
  return copy_host(slot, &entry, answer) ? TABLE_FOUND : TABLE_ABSENT;
}

enum table_result table_by_address(const struct table *table, uint32_t address,
                                   struct table_host *host) {
  return read_slot(table, find_address, &address, host);
}

struct wanted_port {
  uint32_t address;
  uint16_t port;
  uint16_t protocol;
  bool mapped; /* `port` is the mapped one */
};

static enum table_result find_port(const struct slot *slot, const void *query, void *answer) {
  const struct wanted_port *wanted = query;
  uint16_t *found = answer;
  struct im_table_entry entry;
  struct im_table_port port;
  if (!find_entry(slot, wanted->address, &entry)) return TABLE_ABSENT;
  if (!fits(slot->length, entry.ports_offset, entry.port_count, sizeof port)) return TABLE_ABSENT;
  for (size_t i = 0; i < entry.port_count; i++) {
    memcpy(&port, slot->base + entry.ports_offset + i * sizeof port, sizeof port);
    if (port.protocol != wanted->protocol) continue;
    if ((wanted->mapped ? port.mapped : port.port) != wanted->port) continue;
    *found = wanted->mapped ? port.port : port.mapped;
    return TABLE_FOUND;
  }
  return TABLE_ABSENT;
}

enum table_result table_port(const struct table *table, uint32_t address, uint16_t port,
                             uint16_t protocol, uint16_t *mapped) {
  const struct wanted_port wanted = {address, port, protocol, false};
  return read_slot(table, find_port, &wanted, mapped);
}

enum table_result table_declared_port(const struct table *table, uint32_t address,
                                      uint16_t mapped, uint16_t protocol, uint16_t *port) {
  const struct wanted_port wanted = {address, mapped, protocol, true};
  return read_slot(table, find_port, &wanted, port);
}
