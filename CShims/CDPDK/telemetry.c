// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_telemetry.h>

#include "cdpdk.h"

// The library passes a command's name and no context, so one function serves all commands.
static cdpdk_telemetry_provider provider;

static int answer(const char *command, const char *parameters, struct rte_tel_data *data) {
    return provider(command, parameters, (cdpdk_telemetry_data *)data);
}

int cdpdk_telemetry_serve(const char *command, const char *help, cdpdk_telemetry_provider function) {
    provider = function;
    return rte_telemetry_register_cmd(command, answer, help);
}

const char *cdpdk_runtime_folder(void) { return rte_eal_get_runtime_dir(); }

cdpdk_telemetry_data *cdpdk_telemetry_create(void) { return (cdpdk_telemetry_data *)rte_tel_data_alloc(); }

void cdpdk_telemetry_free(cdpdk_telemetry_data *data) { rte_tel_data_free((struct rte_tel_data *)data); }

int cdpdk_telemetry_begin_object(cdpdk_telemetry_data *data) { return rte_tel_data_start_dict((struct rte_tel_data *)data); }

int cdpdk_telemetry_begin_list(cdpdk_telemetry_data *data) {
    return rte_tel_data_start_array((struct rte_tel_data *)data, RTE_TEL_STRING_VAL);
}

int cdpdk_telemetry_append(cdpdk_telemetry_data *data, const char *text) {
    return rte_tel_data_add_array_string((struct rte_tel_data *)data, text);
}

int cdpdk_telemetry_add_text(cdpdk_telemetry_data *data, const char *name, const char *text) {
    return rte_tel_data_add_dict_string((struct rte_tel_data *)data, name, text);
}

int cdpdk_telemetry_add_number(cdpdk_telemetry_data *data, const char *name, uint64_t number) {
    return rte_tel_data_add_dict_u64((struct rte_tel_data *)data, name, number);
}

int cdpdk_telemetry_add_data(cdpdk_telemetry_data *data, const char *name, cdpdk_telemetry_data *inner) {
    return rte_tel_data_add_dict_container((struct rte_tel_data *)data, name, (struct rte_tel_data *)inner, 0);
}

#include "uninstrumented_end.h"
