// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "cdpdk.h"

cdpdk_hash *cdpdk_hash_create(const char *name, uint32_t entries, int numa_node, int *error) {
    struct rte_hash_parameters parameters = {
        .name = name,
        .entries = entries,
        .key_len = sizeof(uint64_t),
        .hash_func = rte_hash_crc,
        .socket_id = numa_node < 0 ? 0 : numa_node,
        // Without it a table may refuse a key long before it holds `entries` of them.
        .extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
    };
    struct rte_hash *hash = rte_hash_create(&parameters);
    *error = hash == NULL ? -rte_errno : 0;
    return (cdpdk_hash *)hash;
}

void cdpdk_hash_free(cdpdk_hash *hash) { rte_hash_free((struct rte_hash *)hash); }

uint32_t cdpdk_hash_count(const cdpdk_hash *hash) { return (uint32_t)rte_hash_count((const struct rte_hash *)hash); }

int cdpdk_hash_set(cdpdk_hash *hash, uint64_t key, uint64_t value) {
    return rte_hash_add_key_data((struct rte_hash *)hash, &key, (void *)(uintptr_t)value);
}

int cdpdk_hash_remove(cdpdk_hash *hash, uint64_t key) {
    int result = rte_hash_del_key((struct rte_hash *)hash, &key);
    return result < 0 ? result : 0;
}

bool cdpdk_hash_get(const cdpdk_hash *hash, uint64_t key, uint64_t *value) {
    void *data;
    if (rte_hash_lookup_data((const struct rte_hash *)hash, &key, &data) < 0) return false;
    *value = (uint64_t)(uintptr_t)data;
    return true;
}

uint64_t cdpdk_hash_get_bulk(const cdpdk_hash *hash, const uint64_t *keys, uint32_t count, uint64_t *values) {
    if (count > RTE_HASH_LOOKUP_BULK_MAX) count = RTE_HASH_LOOKUP_BULK_MAX;
    const void *pointers[RTE_HASH_LOOKUP_BULK_MAX];
    for (uint32_t i = 0; i < count; i++) pointers[i] = &keys[i];
    uint64_t hits = 0;
    if (count == 0) return 0;
    rte_hash_lookup_bulk_data((const struct rte_hash *)hash, pointers, count, &hits, (void **)values);
    return hits;
}

bool cdpdk_hash_next(const cdpdk_hash *hash, uint32_t *cursor, uint64_t *key, uint64_t *value) {
    const void *found_key;
    void *data;
    if (rte_hash_iterate((const struct rte_hash *)hash, &found_key, &data, cursor) < 0) return false;
    *key = *(const uint64_t *)found_key;
    *value = (uint64_t)(uintptr_t)data;
    return true;
}

#include "uninstrumented_end.h"
