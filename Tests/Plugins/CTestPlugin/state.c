// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "state.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#define SUBJECTS 4096

static struct subject subjects[SUBJECTS];
static atomic_uint subjects_used;
static atomic_ulong calls[TEST_HOOKS], frames[TEST_HOOKS], inside[TEST_HOOKS];
static atomic_bool blocked[TEST_HOOKS];
static atomic_ulong late_calls, overlaps;
static atomic_bool muted;

struct subject *subject_new(void *inner) {
    unsigned place = atomic_fetch_add(&subjects_used, 1);
    if (place >= SUBJECTS) return NULL;
    subjects[place].inner = inner;
    atomic_store(&subjects[place].is_alive, true);
    return &subjects[place];
}

void note_if_removed(struct subject *subject) {
    if (!atomic_load(&subject->is_alive)) atomic_fetch_add(&late_calls, 1);
}

void enter(enum viaduct_test_hook hook, enum manner manner, struct subject *subject) {
    atomic_fetch_add(&calls[hook], 1);
    atomic_fetch_add(&inside[hook], 1);
    if (manner == HOT) atomic_fetch_add(&subject->hot, 1);
    bool meets = false;
    if (manner == EXCLUSIVE) {
        // Both sides say that they are there before they look: one of two that meet sees the other.
        meets = atomic_fetch_add(&subject->exclusive, 1) > 0 || atomic_load(&subject->hot) > 0;
    } else if (manner == HOT) {
        meets = atomic_load(&subject->exclusive) > 0;
    }
    if (meets) atomic_fetch_add(&overlaps, 1);
    note_if_removed(subject);
    while (atomic_load(&blocked[hook])) usleep(200);
}

void leave(enum viaduct_test_hook hook, enum manner manner, struct subject *subject) {
    if (manner == HOT) atomic_fetch_sub(&subject->hot, 1);
    if (manner == EXCLUSIVE) atomic_fetch_sub(&subject->exclusive, 1);
    atomic_fetch_sub(&inside[hook], 1);
}

void note_frames(enum viaduct_test_hook hook, uint16_t count) { atomic_fetch_add(&frames[hook], count); }
bool is_muted(void) { return atomic_load(&muted); }

bool is_told(const char *word) {
    Dl_info info;
    if (dladdr((const void *)subjects, &info) == 0 || info.dli_fname == NULL) return false;
    const char *slash = strrchr(info.dli_fname, '/');
    return strstr(slash == NULL ? info.dli_fname : slash, word) != NULL;
}

uint32_t told_version(uint32_t host_version) {
    if (is_told("newer")) return host_version + 1;
    if (is_told("older")) return VIADUCT_ACCEL_API_OLDEST - 1;
    // Otherwise it is as new as this header, or newer and able to be as old as the host.
    if (is_told("adapting") || host_version < VIADUCT_ACCEL_API_VERSION) return host_version;
    return VIADUCT_ACCEL_API_VERSION;
}

uint32_t told_size(size_t size) { return (uint32_t)(is_told("short") ? size - sizeof(void *) : size); }

bool is_refusing(const char **reason) {
    if (is_told("refusing")) *reason = "no such device\nin this machine";
    return is_told("refusing") || is_told("silent");
}

uint64_t viaduct_test_calls(uint32_t hook) { return hook < TEST_HOOKS ? atomic_load(&calls[hook]) : 0; }
uint64_t viaduct_test_frames(uint32_t hook) { return hook < TEST_HOOKS ? atomic_load(&frames[hook]) : 0; }
uint64_t viaduct_test_inside(uint32_t hook) { return hook < TEST_HOOKS ? atomic_load(&inside[hook]) : 0; }
uint64_t viaduct_test_late_calls(void) { return atomic_load(&late_calls); }
uint64_t viaduct_test_overlaps(void) { return atomic_load(&overlaps); }
void viaduct_test_mute(bool is_muted) { atomic_store(&muted, is_muted); }
void viaduct_test_block(uint32_t hook, bool is_blocked) {
    if (hook < TEST_HOOKS) atomic_store(&blocked[hook], is_blocked);
}
