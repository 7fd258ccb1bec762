// SPDX-License-Identifier: BSD-3-Clause
//
// DPDK's libraries are not instrumented, so the thread sanitizer does not see that a ring or a queue hands an mbuf from one
// thread to another, and the address sanitizer does not see that a freed mbuf's memory is out of bounds. The shim says so.

#ifndef CDPDK_SANITIZERS_H
#define CDPDK_SANITIZERS_H

#include "cdpdk.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CDPDK_TSAN 1
void __tsan_acquire(void *_Nonnull address);
void __tsan_release(void *_Nonnull address);
#endif
#if __has_feature(address_sanitizer)
#define CDPDK_ASAN 1
#include <sanitizer/asan_interface.h>
#endif
#endif

#pragma clang assume_nonnull begin

static inline void shim_release(const void *address) {
#ifdef CDPDK_TSAN
    __tsan_release((void *)(uintptr_t)address);
#else
    (void)address;
#endif
}

static inline void shim_acquire(const void *address) {
#ifdef CDPDK_TSAN
    __tsan_acquire((void *)(uintptr_t)address);
#else
    (void)address;
#endif
}

/// The mbufs leave this thread.
static inline void shim_release_mbufs(cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) {
#ifdef CDPDK_TSAN
    for (uint32_t i = 0; i < count; i++) __tsan_release(slots[i]);
#else
    (void)slots;
    (void)count;
#endif
}

/// Where struct rte_mbuf has `next`, which only a frame of several segments uses.
#define CDPDK_MBUF_NEXT 64

/// The mbufs came to this thread, and may be touched, all their segments.
static inline void shim_acquire_mbufs(cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) {
#ifdef CDPDK_TSAN
    for (uint32_t i = 0; i < count; i++) __tsan_acquire(slots[i]);
#elif defined(CDPDK_ASAN)
    for (uint32_t i = 0; i < count; i++) {
        cdpdk_mbuf *segment = slots[i];
        for (uint16_t left = segment->nb_segs; left > 0 && segment != NULL; left--) {
            __asan_unpoison_memory_region(segment->buf_addr, segment->buf_len);
            segment = *(cdpdk_mbuf **)(void *)((char *)segment + CDPDK_MBUF_NEXT);
        }
    }
#else
    (void)slots;
    (void)count;
#endif
}

/// The mbufs go back to their pool: touching their data is an error until they come out again.
static inline void shim_poison_mbufs(cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) {
#ifdef CDPDK_ASAN
    // Only plain mbufs of one reference: the data of others is still in use elsewhere.
    for (uint32_t i = 0; i < count; i++)
        if (slots[i]->refcnt == 1 && slots[i]->nb_segs == 1)
            __asan_poison_memory_region(slots[i]->buf_addr, slots[i]->buf_len);
#else
    (void)slots;
    (void)count;
#endif
}

#pragma clang assume_nonnull end

#endif
