// SPDX-License-Identifier: BSD-3-Clause
#include "state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/// The plugin inside, or NULL.
static const viaduct_backend_hooks *inner;

void viaduct_test_wrap_backend(const viaduct_backend_hooks *hooks) { inner = hooks; }

/// The plugin as a whole, alive while it is attached.
static struct subject whole;

static int attach(void *plugin, const viaduct_backend_host *host) {
    (void)plugin;
    atomic_store(&whole.is_alive, true);
    enter(TEST_ATTACH, EXCLUSIVE, &whole);
    int result = is_told("unwilling") ? -ENODEV : inner == NULL ? 0 : inner->attach(inner->plugin, host);
    leave(TEST_ATTACH, EXCLUSIVE, &whole);
    if (result != 0) atomic_store(&whole.is_alive, false);
    return result;
}

static void detach(void *plugin) {
    (void)plugin;
    enter(TEST_DETACH, EXCLUSIVE, &whole);
    if (inner != NULL) inner->detach(inner->plugin);
    atomic_store(&whole.is_alive, false);
    leave(TEST_DETACH, EXCLUSIVE, &whole);
}

static void *probe(void *plugin, const viaduct_vif *vif) {
    (void)plugin;
    enter(TEST_PROBE, EXCLUSIVE, &whole);
    struct subject *result = NULL;
    if (!is_told("failing")) {
        void *state = inner == NULL ? NULL : inner->probe(inner->plugin, vif);
        if (inner == NULL || state != NULL) result = subject_new(state);
    }
    leave(TEST_PROBE, EXCLUSIVE, &whole);
    return result;
}

// A vif's hooks meet the hot ones of the whole, so both are told.

static void remove_vif(void *vif) {
    struct subject *subject = vif;
    enter(TEST_REMOVE_VIF, EXCLUSIVE, &whole);
    note_if_removed(subject);
    if (inner != NULL) inner->remove(subject->inner);
    atomic_store(&subject->is_alive, false);
    leave(TEST_REMOVE_VIF, EXCLUSIVE, &whole);
}

static void want(void *vif, bool wanted) {
    struct subject *subject = vif;
    enter(TEST_WANT, EXCLUSIVE, &whole);
    note_if_removed(subject);
    if (inner != NULL) inner->want(subject->inner, wanted);
    leave(TEST_WANT, EXCLUSIVE, &whole);
}

/// Returns for a few seconds, in which a host comes to serve, and then never again.
static void stay_at_last(void) {
    static time_t first;
    if (first == 0) first = time(NULL);
    while (time(NULL) > first + 4) {}
}

static void received_from_wire(void *plugin, viaduct_mbufs mbufs, uint16_t count) {
    (void)plugin;
    enter(TEST_RECEIVED, HOT, &whole);
    if (is_told("endless")) stay_at_last();
    note_frames(TEST_RECEIVED, count);
    if (inner != NULL) inner->received_from_wire(inner->plugin, mbufs, count);
    leave(TEST_RECEIVED, HOT, &whole);
}

static void transmitted_to_wire(void *plugin, viaduct_mbufs mbufs, uint16_t count) {
    (void)plugin;
    enter(TEST_TRANSMITTED, HOT, &whole);
    note_frames(TEST_TRANSMITTED, count);
    if (inner != NULL) inner->transmitted_to_wire(inner->plugin, mbufs, count);
    leave(TEST_TRANSMITTED, HOT, &whole);
}

static void control_message(void *vif, const uint8_t *bytes, size_t length) {
    struct subject *subject = vif;
    enter(TEST_CONTROL_MESSAGE, ALONGSIDE, subject);
    if (inner != NULL && !is_muted()) inner->control_message(subject->inner, bytes, length);
    leave(TEST_CONTROL_MESSAGE, ALONGSIDE, subject);
}

static void path_event(void *vif, uint32_t event, uint64_t argument) {
    struct subject *subject = vif;
    enter(TEST_PATH_EVENT, ALONGSIDE, subject);
    if (inner != NULL) inner->path_event(subject->inner, event, argument);
    leave(TEST_PATH_EVENT, ALONGSIDE, subject);
}

static void local_addresses(void *plugin, uint64_t generation, const uint64_t *macs, size_t count) {
    (void)plugin;
    enter(TEST_LOCAL_ADDRESSES, ALONGSIDE, &whole);
    if (inner != NULL) inner->local_addresses(inner->plugin, generation, macs, count);
    leave(TEST_LOCAL_ADDRESSES, ALONGSIDE, &whole);
}

static void port_suspended(void *plugin) {
    (void)plugin;
    enter(TEST_PORT_SUSPENDED, ALONGSIDE, &whole);
    if (inner != NULL) inner->port_suspended(inner->plugin);
    leave(TEST_PORT_SUSPENDED, ALONGSIDE, &whole);
}

static void port_resumed(void *plugin) {
    (void)plugin;
    enter(TEST_PORT_RESUMED, ALONGSIDE, &whole);
    if (inner != NULL) inner->port_resumed(inner->plugin);
    leave(TEST_PORT_RESUMED, ALONGSIDE, &whole);
}

static void link_changed(void *plugin, bool is_up) {
    (void)plugin;
    enter(TEST_LINK_CHANGED, ALONGSIDE, &whole);
    if (inner != NULL) inner->link_changed(inner->plugin, is_up);
    leave(TEST_LINK_CHANGED, ALONGSIDE, &whole);
}

static void tick(void *plugin, uint64_t now_ns) {
    (void)plugin;
    enter(TEST_TICK, ALONGSIDE, &whole);
    if (inner != NULL) inner->tick(inner->plugin, now_ns);
    leave(TEST_TICK, ALONGSIDE, &whole);
}

static viaduct_backend_hooks hooks = {
    .name = "test",
    .plugin = &whole,
    .attach = attach,
    .detach = detach,
    .probe = probe,
    .remove = remove_vif,
    .want = want,
    .received_from_wire = received_from_wire,
    .transmitted_to_wire = transmitted_to_wire,
    .control_message = control_message,
    .path_event = path_event,
    .local_addresses = local_addresses,
    .port_suspended = port_suspended,
    .port_resumed = port_resumed,
    .link_changed = link_changed,
    .tick = tick,
};

const viaduct_backend_hooks *viaduct_backend_plugin(uint32_t host_version, const char **reason) {
    if (is_refusing(reason)) return NULL;
    hooks.api_version = told_version(host_version);
    hooks.size = told_size(sizeof(hooks));
    if (is_told("null")) {
        void *missing = NULL;
        memcpy((char *)&hooks + offsetof(viaduct_backend_hooks, want), &missing, sizeof(missing));
    }
    return &hooks;
}
