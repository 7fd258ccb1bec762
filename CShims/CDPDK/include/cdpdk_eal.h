// SPDX-License-Identifier: BSD-3-Clause
//
// The EAL and what surrounds it: start, log, telemetry, capture, memory outside its heaps.

#ifndef CDPDK_EAL_H
#define CDPDK_EAL_H

#include "cdpdk_base.h"

#pragma clang assume_nonnull begin

// ---------------------------------------------------------------------------------------------------------------------
// EAL, lcores, time (eal.c)

/// Initialises the EAL with `arguments` (argv[0] included). May be called once in a process, also after a failure.
int cdpdk_eal_init(int count, const char *_Nonnull const *_Nonnull arguments);
int cdpdk_eal_cleanup(void);
const char *cdpdk_version(void);
/// Text of an errno, in DPDK's words where it has its own (rte_strerror). Thread-local storage.
const char *cdpdk_strerror(int error);

/// The worker lcore ids, in ascending order; returns how many there are.
uint32_t cdpdk_worker_lcores(uint32_t *ids, uint32_t capacity);
/// Starts `function(argument)` on a waiting worker lcore.
int cdpdk_lcore_launch(uint32_t lcore, int (*function)(void *_Nullable), void *_Nullable argument);
/// Waits until the function launched on `lcore` returned; its result.
int cdpdk_lcore_wait(uint32_t lcore);
uint32_t cdpdk_lcore_numa_node(uint32_t lcore);

uint64_t cdpdk_tsc_hz(void);
void cdpdk_sleep_microseconds(uint32_t microseconds) CDPDK_HOT;

static inline uint64_t cdpdk_tsc(void) CDPDK_HOT {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#endif
}

static inline void cdpdk_pause(void) CDPDK_HOT {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield" ::: "memory");
#endif
}

// DPDK's log (log.c): kept out of standard error, so that a command's own one-line error stands alone.

/// Bytes of a line, its end included; longer ones are cut.
enum { CDPDK_LOG_LINE = 512 };

typedef struct cdpdk_log_line {
    /// RTE_LOG_*: 1, an emergency, to 8, for debugging.
    uint32_t level;
    char text[CDPDK_LOG_LINE];
} cdpdk_log_line;

/// Takes DPDK's log from now on (before or after cdpdk_eal_init); with `keeps_lines` for cdpdk_log_read, otherwise only the newest one is
/// remembered. 0, or a negative errno.
int cdpdk_log_capture(bool keeps_lines);
/// Takes the oldest line that waits; false when none does. At most 256 wait: `lost_lines` gets the number of those that found no room since the
/// last call.
bool cdpdk_log_read(cdpdk_log_line *line, uint64_t *lost_lines);
/// Copies the newest line that DPDK logged since the last call into `text` (terminated); its length, 0 when none.
size_t cdpdk_log_take_last(char *text, size_t capacity);
/// Makes `text` the newest line, as if DPDK had logged it, for a device in software that refuses something.
void cdpdk_log_note(const char *text);

// ---------------------------------------------------------------------------------------------------------------------
// Capture (capture.c)

/// Serves capture tools in other processes (rte_pdump_init).
int cdpdk_capture_serve(void);
void cdpdk_capture_withdraw(void);

// ---------------------------------------------------------------------------------------------------------------------
// Telemetry (telemetry.c)

/// What a command is answered with, or an object or a list inside of that.
typedef struct cdpdk_telemetry_data cdpdk_telemetry_data;
/// Fills `data`; a negative result is answered with null. The library's own threads call, one for each client.
typedef int (*cdpdk_telemetry_provider)(const char *command, const char *_Nullable parameters, cdpdk_telemetry_data *data);
/// Makes `function`, which has to be the same for all commands, answer `command`, for the rest of the process.
int cdpdk_telemetry_serve(const char *command, const char *help, cdpdk_telemetry_provider function);
/// Where the EAL's sockets are.
const char *cdpdk_runtime_folder(void);
cdpdk_telemetry_data *_Nullable cdpdk_telemetry_create(void);
void cdpdk_telemetry_free(cdpdk_telemetry_data *data);
int cdpdk_telemetry_begin_object(cdpdk_telemetry_data *data);
int cdpdk_telemetry_begin_list(cdpdk_telemetry_data *data);
int cdpdk_telemetry_append(cdpdk_telemetry_data *data, const char *text);
int cdpdk_telemetry_add_text(cdpdk_telemetry_data *data, const char *name, const char *text);
int cdpdk_telemetry_add_number(cdpdk_telemetry_data *data, const char *name, uint64_t number);
/// Takes `inner`, unless it fails.
int cdpdk_telemetry_add_data(cdpdk_telemetry_data *data, const char *name, cdpdk_telemetry_data *inner);

// ---------------------------------------------------------------------------------------------------------------------
// NUMA (numa.c): memory outside DPDK's heaps

/// Zeroed, 64-byte aligned memory on `numa_node` (any node when negative); NULL when there is none.
void *_Nullable cdpdk_numa_alloc(size_t size, int numa_node);
void cdpdk_numa_free(void *memory, size_t size);
uint32_t cdpdk_numa_node_count(void);
/// Whether this process may run on that CPU now (sched_getaffinity(2)); false for those beyond the machine's.
bool cdpdk_cpu_is_allowed(uint32_t cpu);
/// No CPU has this number or a higher one.
enum { CDPDK_CPU_LIMIT = 8192 };

#pragma clang assume_nonnull end

#endif
