// SPDX-License-Identifier: BSD-3-Clause
#ifndef CDPDK_VHOST_MEMORY_H
#define CDPDK_VHOST_MEMORY_H

#include "cdpdk.h"

#pragma clang assume_nonnull begin

/// librte_vhost's MAX_VHOST_DEVICE.
#define SHIM_VHOST_DEVICES 1024

/// Looks at each message of a new connection that shares memory. `refused` is called, once, on librte_vhost's thread, when nothing more is
/// taken from it.
void shim_vhost_memory_watch(int device, void (*refused)(int device, cdpdk_vhost_fault fault));
/// The connection has ended, its memory is about to be unmapped.
void shim_vhost_memory_forget(int device);
/// Whether nothing more may be taken from the connection.
bool shim_vhost_memory_is_lost(int device);

#pragma clang assume_nonnull end

#endif
