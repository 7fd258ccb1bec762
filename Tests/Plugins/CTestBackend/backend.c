// SPDX-License-Identifier: BSD-3-Clause
//
// The least that is a plugin: a backend that takes every vif and does nothing for it.
#include "viaduct_accel.h"

static char nothing;

static int attach(void *plugin, const viaduct_backend_host *host) {
    (void)plugin, (void)host;
    return 0;
}
static void *probe(void *plugin, const viaduct_vif *vif) {
    (void)vif;
    return plugin;
}
static void ignore(void *subject) { (void)subject; }
static void want(void *vif, bool wanted) { (void)vif, (void)wanted; }
static void look(void *plugin, viaduct_mbufs mbufs, uint16_t count) { (void)plugin, (void)mbufs, (void)count; }
static void control_message(void *vif, const uint8_t *bytes, size_t length) { (void)vif, (void)bytes, (void)length; }
static void path_event(void *vif, uint32_t event, uint64_t argument) { (void)vif, (void)event, (void)argument; }
static void local_addresses(void *plugin, uint64_t generation, const uint64_t *macs, size_t count) {
    (void)plugin, (void)generation, (void)macs, (void)count;
}
static void link_changed(void *plugin, bool is_up) { (void)plugin, (void)is_up; }
static void tick(void *plugin, uint64_t now_ns) { (void)plugin, (void)now_ns; }

static const viaduct_backend_hooks hooks = {
    .api_version = VIADUCT_ACCEL_API_VERSION,
    .size = sizeof(hooks),
    .name = "least",
    .plugin = &nothing,
    .attach = attach,
    .detach = ignore,
    .probe = probe,
    .remove = ignore,
    .want = want,
    .received_from_wire = look,
    .transmitted_to_wire = look,
    .control_message = control_message,
    .path_event = path_event,
    .local_addresses = local_addresses,
    .port_suspended = ignore,
    .port_resumed = ignore,
    .link_changed = link_changed,
    .tick = tick,
};

const viaduct_backend_hooks *viaduct_backend_plugin(uint32_t host_version, const char **reason) {
    if (host_version >= VIADUCT_ACCEL_API_VERSION) return &hooks;
    *reason = "the host is too old";
    return NULL;
}
