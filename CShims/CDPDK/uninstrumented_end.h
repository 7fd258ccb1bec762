// SPDX-License-Identifier: BSD-3-Clause
//
// Last include of every file of the shim: see uninstrumented_begin.h.

#if defined(__clang__)
#pragma clang attribute pop
#endif
