// SPDX-License-Identifier: BSD-3-Clause
#ifndef VIADUCT_TEST_STATE_H
#define VIADUCT_TEST_STATE_H

#include "viaduct_test_plugin.h"

#include <stdatomic.h>

/// What a host holds: a device of the frontend, a vif of the backend, or the attached backend itself. Never freed, so that a call
/// that comes too late finds it.
struct subject {
    /// The plugin inside keeps its own.
    void *_Nullable inner;
    atomic_bool is_alive;
    /// Calls of hot hooks, and of those that must not meet any other, that are running.
    atomic_int hot, exclusive;
};

enum manner {
    /// Meets any other.
    ALONGSIDE,
    /// Never meets an exclusive one.
    HOT,
    /// Never meets a hot one, or another exclusive one.
    EXCLUSIVE
};

/// A subject that lives from now on; NULL when there were too many.
struct subject *_Nullable subject_new(void *_Nullable inner);

/// Brackets a call of a hook.
void enter(enum viaduct_test_hook hook, enum manner manner, struct subject *_Nonnull subject);
void leave(enum viaduct_test_hook hook, enum manner manner, struct subject *_Nonnull subject);
/// Notes that a vif's hook came too late: what it meets is the whole backend's business.
void note_if_removed(struct subject *_Nonnull subject);
void note_frames(enum viaduct_test_hook hook, uint16_t count);
bool is_muted(void);

/// Whether the file's name has that word.
bool is_told(const char *_Nonnull word);
/// The version and the size that the tables shall have.
uint32_t told_version(uint32_t host_version);
uint32_t told_size(size_t size);
/// Whether there is to be no table; says why.
bool is_refusing(const char *_Nullable *_Nonnull reason);

#endif
