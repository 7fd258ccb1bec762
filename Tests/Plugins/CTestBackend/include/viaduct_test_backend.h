// SPDX-License-Identifier: BSD-3-Clause
//
// Nothing to include: the plugin is loaded by its entry point.
