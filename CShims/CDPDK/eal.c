// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE  // sched.h's sets of CPUs
#include "uninstrumented_begin.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_version.h>

#include "sanitizers.h"

int cdpdk_eal_init(int count, const char *const *arguments) {
    // rte_eal_init rewrites argv and keeps pointers into it: hand it copies of its own, which live as long as the process.
    // The second half keeps those that it drops from its array, so that they do not count as leaked.
    static char **copies;
    if (copies != NULL) return -EALREADY;
    copies = calloc(2 * ((size_t)count + 1), sizeof(char *));
    if (copies == NULL) return -ENOMEM;
    for (int i = 0; i < count; i++) {
        copies[i] = copies[count + 1 + i] = strdup(arguments[i]);
        if (copies[i] == NULL) return -ENOMEM;
    }
    int result = rte_eal_init(count, copies);
    return result < 0 ? -(rte_errno != 0 ? rte_errno : EINVAL) : 0;
}

int cdpdk_eal_cleanup(void) { return rte_eal_cleanup(); }
const char *cdpdk_version(void) { return rte_version(); }
const char *cdpdk_strerror(int error) { return rte_strerror(error < 0 ? -error : error); }

uint32_t cdpdk_worker_lcores(uint32_t *ids, uint32_t capacity) {
    uint32_t count = 0;
    unsigned int lcore;
    RTE_LCORE_FOREACH_WORKER(lcore) {
        if (count < capacity) ids[count] = lcore;
        count++;
    }
    return count;
}

int cdpdk_lcore_launch(uint32_t lcore, int (*function)(void *), void *argument) {
    shim_release(argument);
    return rte_eal_remote_launch(function, argument, lcore);
}

int cdpdk_lcore_wait(uint32_t lcore) { return rte_eal_wait_lcore(lcore); }
bool cdpdk_cpu_is_allowed(uint32_t cpu) {
    // Linux on x86-64 is built for 8192 at most; cpu_set_t ends at 1024.
    cpu_set_t set[CDPDK_CPU_LIMIT / CPU_SETSIZE];
    if (cpu >= CDPDK_CPU_LIMIT || sched_getaffinity(getpid(), sizeof(set), set) != 0) return false;
    return CPU_ISSET_S(cpu, sizeof(set), set);
}

uint32_t cdpdk_lcore_numa_node(uint32_t lcore) { return rte_lcore_to_socket_id(lcore); }
uint64_t cdpdk_tsc_hz(void) { return rte_get_tsc_hz(); }

void cdpdk_sleep_microseconds(uint32_t microseconds) {
    struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = (long)(microseconds % 1000000) * 1000};
    nanosleep(&time, NULL);
}

void cdpdk_hand_over(const void *address) { shim_release(address); }
void cdpdk_take_over(const void *address) { shim_acquire(address); }

#include "uninstrumented_end.h"
