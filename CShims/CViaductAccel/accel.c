// SPDX-License-Identifier: BSD-3-Clause
//
// A compiled home for the header: a C compiler checks it, with all warnings, in every build.
#include "viaduct_accel.h"

_Static_assert(offsetof(viaduct_frontend_hooks, api_version) == 0, "the version comes first, for ever");
_Static_assert(offsetof(viaduct_backend_hooks, api_version) == 0, "the version comes first, for ever");
_Static_assert(offsetof(viaduct_backend_host, api_version) == 0, "the version comes first, for ever");
