/* What is kept: a hash table with chains. Memory is taken only where it has to grow. */
#include "keeper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPACITY_FIRST = 256 };

/* FNV-1a, 32 bits. */
static uint32_t hash_of(const char *label, uint16_t length) {
  uint32_t hash = 2166136261u;
  for (uint16_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)label[i]) * 16777619u;
  return hash;
}

static uint32_t *bucket_of(struct custody *custody, const char *label, uint16_t length) {
  return &custody->buckets[hash_of(label, length) & (custody->capacity - 1)];
}

/* The link that leads to the entry, or the empty one at the end of its chain. */
static uint32_t *find(struct custody *custody, const char *label, uint16_t length) {
  uint32_t *link = bucket_of(custody, label, length);
  while (*link != 0) {
    struct kept *kept = &custody->entries[*link - 1];
    if (kept->label_length == length && memcmp(kept->label, label, length) == 0) break;
    link = &kept->next;
  }
  return link;
}

/* All entries are in use: chains are made anew over twice as many buckets. */
static bool grow(struct custody *custody) {
  if (custody->capacity > UINT32_MAX / 4) return false;
  uint32_t capacity = custody->capacity == 0 ? CAPACITY_FIRST : custody->capacity * 2;
  uint32_t *buckets = calloc(capacity, sizeof *buckets);
  if (buckets == NULL) return false;
  struct kept *entries = realloc(custody->entries, capacity * sizeof *entries);
  if (entries == NULL) {
    free(buckets);
    return false;
  }
  free(custody->buckets);
  custody->buckets = buckets;
  custody->entries = entries;
  custody->capacity = capacity;
  for (uint32_t i = 0; i < custody->used; i++) {
    uint32_t *bucket = bucket_of(custody, entries[i].label, entries[i].label_length);
    entries[i].next = *bucket;
    *bucket = i + 1;
  }
  return true;
}

bool custody_keep(struct custody *custody, const char *label, uint16_t length, int descriptor) {
  if (custody->free == 0 && custody->used == custody->capacity && !grow(custody)) {
    close(descriptor);
    return false;
  }
  uint32_t *link = find(custody, label, length);
  if (*link != 0) {
    struct kept *before = &custody->entries[*link - 1];
    close(before->descriptor);
    before->descriptor = descriptor;
    return true;
  }
  uint32_t number = custody->free != 0 ? custody->free : ++custody->used;
  struct kept *kept = &custody->entries[number - 1];
  if (custody->free != 0) custody->free = kept->next;
  *kept = (struct kept){.descriptor = descriptor, .label_length = length};
  memcpy(kept->label, label, length);
  *link = number;
  return true;
}

void custody_drop(struct custody *custody, const char *label, uint16_t length) {
  if (custody->capacity == 0) return;
  uint32_t *link = find(custody, label, length);
  if (*link == 0) return;
  uint32_t number = *link;
  struct kept *kept = &custody->entries[number - 1];
  *link = kept->next;
  close(kept->descriptor);
  kept->descriptor = -1;
  kept->next = custody->free;
  custody->free = number;
}
