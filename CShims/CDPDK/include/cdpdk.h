// SPDX-License-Identifier: BSD-3-Clause
//
// The one door between Swift and DPDK. This header includes no DPDK header, so that none of DPDK's compiler flags
// spreads to Swift targets; every layout that it repeats is checked against DPDK's by a _Static_assert in mbuf.c.
//
// Rules of this shim
//  * one call a burst, never one a packet;
//  * functions return 0 or a count, or a negative errno: DPDK's two conventions (-errno, and -1 with rte_errno) end here,
//    and rte_errno is read in the same C call;
//  * CDPDK_HOT marks what a polling lcore may call: it never locks, allocates from the C heap or logs.

#ifndef CDPDK_H
#define CDPDK_H

#include "cdpdk_eal.h"
#include "cdpdk_mbuf.h"
#include "cdpdk_port.h"
#include "cdpdk_device.h"
#include "cdpdk_lanes.h"
#include "cdpdk_guest.h"

#endif
