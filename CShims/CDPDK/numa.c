// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <stdlib.h>
#include <string.h>

#include <numa.h>

#include "cdpdk.h"

void *cdpdk_numa_alloc(size_t size, int numa_node) {
    void *memory;
    if (numa_available() < 0) {
        // A kernel without NUMA has one node.
        memory = aligned_alloc(64, (size + 63) / 64 * 64);
        if (memory != NULL) memset(memory, 0, size);
        return memory;
    }
    memory = numa_node < 0 ? numa_alloc_local(size) : numa_alloc_onnode(size, numa_node);
    return memory;
}

void cdpdk_numa_free(void *memory, size_t size) {
    if (numa_available() < 0)
        free(memory);
    else
        numa_free(memory, size);
}

uint32_t cdpdk_numa_node_count(void) { return numa_available() < 0 ? 1 : (uint32_t)numa_num_configured_nodes(); }

#include "uninstrumented_end.h"
