// SPDX-License-Identifier: BSD-3-Clause
#include <rte_errno.h>
#include <rte_pdump.h>

#include "cdpdk.h"

int cdpdk_capture_serve(void) {
    rte_errno = 0;
    int result = rte_pdump_init();
    return result == 0 ? 0 : rte_errno != 0 ? -rte_errno : result;
}

void cdpdk_capture_withdraw(void) { rte_pdump_uninit(); }
