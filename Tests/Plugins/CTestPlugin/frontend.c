// SPDX-License-Identifier: BSD-3-Clause
#include "state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/// The plugin inside, or NULL.
static const viaduct_frontend_hooks *inner;

void viaduct_test_wrap_frontend(const viaduct_frontend_hooks *hooks) { inner = hooks; }

/// What comes before there is a device.
static struct subject nobody = {.is_alive = true};

static void *new_device(void *plugin, const viaduct_vif *vif) {
    (void)plugin;
    enter(TEST_NEW_DEVICE, EXCLUSIVE, &nobody);
    struct subject *device = NULL;
    if (!is_told("failing")) {
        void *state = inner == NULL ? NULL : inner->new_device(inner->plugin, vif);
        if (inner == NULL || state != NULL) device = subject_new(state);
    }
    leave(TEST_NEW_DEVICE, EXCLUSIVE, &nobody);
    return device;
}

static void remove_device(void *device) {
    struct subject *subject = device;
    enter(TEST_REMOVE_DEVICE, EXCLUSIVE, subject);
    if (inner != NULL) inner->remove(subject->inner);
    atomic_store(&subject->is_alive, false);
    leave(TEST_REMOVE_DEVICE, EXCLUSIVE, subject);
}

static void suspend_device(void *device) {
    struct subject *subject = device;
    enter(TEST_SUSPEND, EXCLUSIVE, subject);
    if (inner != NULL) inner->suspend(subject->inner);
    leave(TEST_SUSPEND, EXCLUSIVE, subject);
}

static void resume_device(void *device) {
    struct subject *subject = device;
    enter(TEST_RESUME, EXCLUSIVE, subject);
    if (inner != NULL) inner->resume(subject->inner);
    leave(TEST_RESUME, EXCLUSIVE, subject);
}

static int backend_changed(void *device, const viaduct_grant *grant) {
    struct subject *subject = device;
    enter(TEST_BACKEND_CHANGED, EXCLUSIVE, subject);
    int result = inner != NULL ? inner->backend_changed(subject->inner, grant) : grant == NULL ? 0 : -EOPNOTSUPP;
    leave(TEST_BACKEND_CHANGED, EXCLUSIVE, subject);
    return result;
}

static uint16_t poll_device(void *device, viaduct_mbufs mbufs, uint16_t capacity) {
    struct subject *subject = device;
    enter(TEST_POLL, HOT, subject);
    uint16_t count = inner == NULL ? 0 : inner->poll(subject->inner, mbufs, capacity);
    leave(TEST_POLL, HOT, subject);
    return count;
}

static void transmit(void *device, viaduct_mbufs mbufs, uint8_t *verdicts, uint16_t count) {
    struct subject *subject = device;
    enter(TEST_TRANSMIT, HOT, subject);
    if (inner != NULL) {
        inner->transmit(subject->inner, mbufs, verdicts, count);
    } else {
        for (uint16_t place = 0; place < count; place++) {
            if (verdicts[place] == VIADUCT_ELIGIBLE) verdicts[place] = VIADUCT_DECLINED_NOT_CONNECTED;
        }
    }
    leave(TEST_TRANSMIT, HOT, subject);
}

static int transmit_done(void *device) {
    struct subject *subject = device;
    enter(TEST_TRANSMIT_DONE, HOT, subject);
    int result = inner == NULL ? 1 : inner->transmit_done(subject->inner);
    leave(TEST_TRANSMIT_DONE, HOT, subject);
    return result;
}

static uint64_t clock_of_device(void *device) {
    struct subject *subject = device;
    enter(TEST_CLOCK, HOT, subject);
    uint64_t result;
    if (inner != NULL) {
        result = inner->clock(subject->inner);
    } else {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        result = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }
    leave(TEST_CLOCK, HOT, subject);
    return result;
}

static bool arm_wakeup(void *device) {
    struct subject *subject = device;
    enter(TEST_ARM_WAKEUP, HOT, subject);
    bool result = inner != NULL && inner->arm_wakeup(subject->inner);
    leave(TEST_ARM_WAKEUP, HOT, subject);
    return result;
}

static void disarm_wakeup(void *device) {
    struct subject *subject = device;
    enter(TEST_DISARM_WAKEUP, HOT, subject);
    if (inner != NULL) inner->disarm_wakeup(subject->inner);
    leave(TEST_DISARM_WAKEUP, HOT, subject);
}

static bool is_ready(void *device) {
    struct subject *subject = device;
    enter(TEST_IS_READY, HOT, subject);
    bool result = inner != NULL && inner->is_ready(subject->inner);
    leave(TEST_IS_READY, HOT, subject);
    return result;
}

static void statistics(void *device, viaduct_path_statistics *result) {
    struct subject *subject = device;
    enter(TEST_STATISTICS, ALONGSIDE, subject);
    memset(result, 0, sizeof(*result));
    if (inner != NULL) inner->statistics(subject->inner, result);
    leave(TEST_STATISTICS, ALONGSIDE, subject);
}

static viaduct_frontend_hooks hooks = {
    .name = "test",
    .plugin = &nobody,
    .new_device = new_device,
    .remove = remove_device,
    .suspend = suspend_device,
    .resume = resume_device,
    .backend_changed = backend_changed,
    .poll = poll_device,
    .transmit = transmit,
    .transmit_done = transmit_done,
    .clock = clock_of_device,
    .arm_wakeup = arm_wakeup,
    .disarm_wakeup = disarm_wakeup,
    .is_ready = is_ready,
    .statistics = statistics,
};

const viaduct_frontend_hooks *viaduct_frontend_plugin(uint32_t host_version, const char **reason) {
    if (is_refusing(reason)) return NULL;
    hooks.api_version = told_version(host_version);
    hooks.size = told_size(sizeof(hooks));
    if (is_told("null")) {
        void *missing = NULL;
        memcpy((char *)&hooks + offsetof(viaduct_frontend_hooks, transmit_done), &missing, sizeof(missing));
    }
    return &hooks;
}
