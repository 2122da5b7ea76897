/* known_sets.c - the table of known sets of runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_sets.h"

#include "known_backtest.h"
#include "known_compare.h"
#include "known_levers.h"
#include "known_profile.h"
#include "known_retain.h"
#include "known_scaling.h"
#include "known_speed.h"
#include "known_tasks.h"
#include "known_tune.h"
#include "known_verdicts.h"

struct known_set known_sets[] = {
    {.name = "backtest", .make = known_backtest_make},
    {.name = "compare", .make = known_compare_make},
    {.name = "levers", .make = known_levers_make},
    {.name = "profile", .make = known_profile_make},
    {.name = "retain", .make = known_retain_make},
    {.name = "tasks", .make = known_tasks_make},
    {.name = "tune", .make = known_tune_make},
    {.name = "faults", .make = known_faults_make},
    {.name = "turned", .make = known_turned_make},
    {.name = "epochs", .make = known_epochs_make},
    {.name = "flat", .make = known_flat_make},
    {.name = "short", .make = known_short_make},
    {.name = "speed", .make = known_speed_make},
    {.name = "ranks", .make = known_ranks_make},
    {.name = "scaling", .make = known_scaling_make},
    {.name = "waits", .make = known_waits_make},
};
const size_t known_set_count = sizeof known_sets / sizeof *known_sets;
