// SPDX-License-Identifier: BSD-3-Clause
//
// First include of every file of the shim. DPDK's inline functions synchronise by atomics and fences of their own that the thread
// sanitizer can't follow, so nothing in these files is instrumented by it; the hand-overs are said explicitly (sanitizers.h).

#include <rte_config.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("thread"))), apply_to = function)
#endif
