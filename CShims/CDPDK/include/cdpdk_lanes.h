// SPDX-License-Identifier: BSD-3-Clause
//
// What polling lcores use besides: quiescent states, tables, meters, calls through pointers.

#ifndef CDPDK_LANES_H
#define CDPDK_LANES_H

#include "cdpdk_base.h"

#pragma clang assume_nonnull begin

// ---------------------------------------------------------------------------------------------------------------------
// Quiescent states (qsbr.c): rte_rcu_qsbr

typedef struct cdpdk_qsbr cdpdk_qsbr;

cdpdk_qsbr *_Nullable cdpdk_qsbr_create(uint32_t readers);
void cdpdk_qsbr_free(cdpdk_qsbr *qsbr);
int cdpdk_qsbr_online(cdpdk_qsbr *qsbr, uint32_t reader);
int cdpdk_qsbr_offline(cdpdk_qsbr *qsbr, uint32_t reader);
void cdpdk_qsbr_quiescent(cdpdk_qsbr *qsbr, uint32_t reader) CDPDK_HOT;
/// Waits until every online reader passed a quiescent state, at most `timeout_ms`: 0 or -ETIMEDOUT.
int cdpdk_qsbr_synchronize(cdpdk_qsbr *qsbr, uint32_t timeout_ms);

// ---------------------------------------------------------------------------------------------------------------------
// Hash table of 64-bit keys and values (hash.c): rte_hash, one writer at a time, the writer is the only reader

typedef struct cdpdk_hash cdpdk_hash;

cdpdk_hash *_Nullable cdpdk_hash_create(const char *name, uint32_t entries, int numa_node, int *error);
void cdpdk_hash_free(cdpdk_hash *hash);
uint32_t cdpdk_hash_count(const cdpdk_hash *hash) CDPDK_HOT;
/// Adds or replaces: 0, or -ENOSPC.
int cdpdk_hash_set(cdpdk_hash *hash, uint64_t key, uint64_t value) CDPDK_HOT;
int cdpdk_hash_remove(cdpdk_hash *hash, uint64_t key) CDPDK_HOT;
bool cdpdk_hash_get(const cdpdk_hash *hash, uint64_t key, uint64_t *value) CDPDK_HOT;
/// Looks up `count` (at most 64) keys; bit i of the result is set, and values[i] valid, where keys[i] was found.
uint64_t cdpdk_hash_get_bulk(const cdpdk_hash *hash, const uint64_t *keys, uint32_t count, uint64_t *values) CDPDK_HOT;
/// The entry at or behind `*cursor` (start with 0), which moves on; false at the end.
bool cdpdk_hash_next(const cdpdk_hash *hash, uint32_t *cursor, uint64_t *key, uint64_t *value) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Meters (meter.c): rte_meter's single rate three colour marker (RFC 2697) without an excess burst, so of two colours

typedef struct cdpdk_meter cdpdk_meter;

/// `rate` units of `cost` a second, `burst` at once; the burst is whole at `now`, ticks of the time-stamp counter. NULL with
/// *error = -errno.
cdpdk_meter *_Nullable cdpdk_meter_create(uint64_t rate, uint64_t burst, uint64_t now, int *error);
void cdpdk_meter_free(cdpdk_meter *meter);
/// Whether `cost` is green at `now`. What is not takes nothing out of the bucket.
bool cdpdk_meter_passes(cdpdk_meter *meter, uint32_t cost, uint64_t now) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Calls through function pointers, which @_noLocks code cannot make itself

typedef uint32_t (*cdpdk_poll_function)(void *context) CDPDK_HOT;

static inline uint32_t cdpdk_call_poll(cdpdk_poll_function function, void *context) CDPDK_HOT {
    return function(context);
}

// Hand-over of a block of memory between threads by means that the thread sanitizer cannot see (DPDK is not instrumented).
void cdpdk_hand_over(const void *address) CDPDK_HOT;
void cdpdk_take_over(const void *address) CDPDK_HOT;

#pragma clang assume_nonnull end

#endif
