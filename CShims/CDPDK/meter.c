// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_meter.h>

#include "cdpdk.h"

struct cdpdk_meter {
    struct rte_meter_srtcm_profile profile;
    struct rte_meter_srtcm state;
};

cdpdk_meter *cdpdk_meter_create(uint64_t rate, uint64_t burst, uint64_t now, int *error) {
    // The sum of what came in since the last call is cut to the burst only afterwards: at 2^37 a second it overflows after 4 years.
    if (rate > UINT64_C(1) << 37 || burst > UINT32_MAX) {
        *error = -ERANGE;
        return NULL;
    }
    struct rte_meter_srtcm_params parameters = {.cir = rate, .cbs = burst, .ebs = 0};
    cdpdk_meter *meter = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*meter)));
    if (meter == NULL) {
        *error = -ENOMEM;
        return NULL;
    }
    *error = rte_meter_srtcm_profile_config(&meter->profile, &parameters);
    if (*error == 0) *error = rte_meter_srtcm_config(&meter->state, &meter->profile);
    if (*error != 0) {
        free(meter);
        return NULL;
    }
    meter->state.time = now;
    return meter;
}

void cdpdk_meter_free(cdpdk_meter *meter) { free(meter); }

bool cdpdk_meter_passes(cdpdk_meter *meter, uint32_t cost, uint64_t now) {
    // Another processor's counter may be a little behind: rte_meter would take that for half an eternity.
    if ((int64_t)(now - meter->state.time) < 0) now = meter->state.time;
    return rte_meter_srtcm_color_blind_check(&meter->state, &meter->profile, now, cost) == RTE_COLOR_GREEN;
}

#include "uninstrumented_end.h"
