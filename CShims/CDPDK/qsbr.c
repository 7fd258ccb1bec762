// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_rcu_qsbr.h>

#include "sanitizers.h"

static struct rte_rcu_qsbr *real(cdpdk_qsbr *qsbr) { return (struct rte_rcu_qsbr *)qsbr; }

cdpdk_qsbr *cdpdk_qsbr_create(uint32_t readers) {
    size_t size = rte_rcu_qsbr_get_memsize(readers);
    size = (size + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE * RTE_CACHE_LINE_SIZE;
    struct rte_rcu_qsbr *qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
    if (qsbr == NULL) return NULL;
    if (rte_rcu_qsbr_init(qsbr, readers) != 0) {
        free(qsbr);
        return NULL;
    }
    return (cdpdk_qsbr *)qsbr;
}

void cdpdk_qsbr_free(cdpdk_qsbr *qsbr) { free(qsbr); }

int cdpdk_qsbr_online(cdpdk_qsbr *qsbr, uint32_t reader) {
    if (rte_rcu_qsbr_thread_register(real(qsbr), reader) != 0) return -EINVAL;
    rte_rcu_qsbr_thread_online(real(qsbr), reader);
    shim_acquire(qsbr);
    return 0;
}

int cdpdk_qsbr_offline(cdpdk_qsbr *qsbr, uint32_t reader) {
    shim_release(qsbr);
    rte_rcu_qsbr_thread_offline(real(qsbr), reader);
    return rte_rcu_qsbr_thread_unregister(real(qsbr), reader) == 0 ? 0 : -EINVAL;
}

void cdpdk_qsbr_quiescent(cdpdk_qsbr *qsbr, uint32_t reader) {
    shim_release(qsbr);
    rte_rcu_qsbr_quiescent(real(qsbr), reader);
    shim_acquire(qsbr);
}

int cdpdk_qsbr_synchronize(cdpdk_qsbr *qsbr, uint32_t timeout_ms) {
    shim_release(qsbr);
    uint64_t token = rte_rcu_qsbr_start(real(qsbr));
    // Poll with sleeps of 50 us: rte_rcu_qsbr_synchronize would spin, without a bound, on a processor that the reader may need.
    const struct timespec pause = {.tv_nsec = 50000};
    for (uint64_t spins = 0; rte_rcu_qsbr_check(real(qsbr), token, false) != 1; spins++) {
        if (spins >= (uint64_t)timeout_ms * 20) return -ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
    shim_acquire(qsbr);
    return 0;
}

#include "uninstrumented_end.h"
