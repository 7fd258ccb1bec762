// SPDX-License-Identifier: BSD-3-Clause
//
// A plugin that watches its host: it counts the calls of its hooks and those that break the host's promises. By itself it
// accelerates nothing; it can be put around another plugin, which then does the work.
//
// Words in its file's name make it misbehave:
//   newer     its tables are newer than any host's
//   adapting  it is newer, and answers with a table of the host's version
//   older     its tables are older than the oldest that is supported
//   short     its tables end too early
//   null      a hook of each table is NULL
//   refusing  it gives no table, with a reason
//   silent    it gives no table, without a reason
//   failing   it refuses every vif and every device
//   unwilling it does not want to be attached

#ifndef VIADUCT_TEST_PLUGIN_H
#define VIADUCT_TEST_PLUGIN_H

#include "viaduct_accel.h"

/// The hooks, in the order of the tables.
enum viaduct_test_hook {
    TEST_NEW_DEVICE, TEST_REMOVE_DEVICE, TEST_SUSPEND, TEST_RESUME, TEST_BACKEND_CHANGED, TEST_POLL, TEST_TRANSMIT,
    TEST_TRANSMIT_DONE, TEST_CLOCK, TEST_ARM_WAKEUP, TEST_DISARM_WAKEUP, TEST_IS_READY, TEST_STATISTICS,
    TEST_ATTACH, TEST_DETACH, TEST_PROBE, TEST_REMOVE_VIF, TEST_WANT, TEST_RECEIVED, TEST_TRANSMITTED, TEST_CONTROL_MESSAGE,
    TEST_PATH_EVENT, TEST_LOCAL_ADDRESSES, TEST_PORT_SUSPENDED, TEST_PORT_RESUMED, TEST_LINK_CHANGED, TEST_TICK,
    TEST_HOOKS
};

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// What a test finds by name in the loaded file.

/// Calls of a hook so far.
VIADUCT_EXPORT uint64_t viaduct_test_calls(uint32_t hook);
/// Frames that a hot hook of the backend was shown.
VIADUCT_EXPORT uint64_t viaduct_test_frames(uint32_t hook);
/// Calls for what was removed, and so of the backend's hooks after `detach` or before `attach`.
VIADUCT_EXPORT uint64_t viaduct_test_late_calls(void);
/// Calls that ran at the same time as one that they must not meet.
VIADUCT_EXPORT uint64_t viaduct_test_overlaps(void);
/// Keeps the hook from returning; lets it return.
VIADUCT_EXPORT void viaduct_test_block(uint32_t hook, bool blocked);
/// Calls that are inside of a hook now.
VIADUCT_EXPORT uint64_t viaduct_test_inside(uint32_t hook);
/// Keeps what the frontend says from the plugin inside.
VIADUCT_EXPORT void viaduct_test_mute(bool muted);
/// The plugin inside of each half, or NULL for none. Not while a host has the half.
VIADUCT_EXPORT void viaduct_test_wrap_backend(const viaduct_backend_hooks *_Nullable hooks);
VIADUCT_EXPORT void viaduct_test_wrap_frontend(const viaduct_frontend_hooks *_Nullable hooks);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
