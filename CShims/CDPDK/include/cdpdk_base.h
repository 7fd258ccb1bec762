// SPDX-License-Identifier: BSD-3-Clause
//
// What every part of the shim's header needs.

#ifndef CDPDK_BASE_H
#define CDPDK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define CDPDK_HOT __attribute__((swift_attr("@_noLocks")))
#else
#define CDPDK_HOT
#endif

#endif
