/* test_err.c - every outcome has a row, and no sentence can steer a terminal.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>

#include "tap.h"

static void every_code_has_a_name_a_status_and_a_meaning(void)
{
    for (int code = KM_OK; code < KM_CODE_COUNT; code++) {
        CHECK(strlen(km_code_name((enum km_code)code)) > 0);
        CHECK(strlen(km_code_meaning((enum km_code)code)) > 0);
        CHECK(km_code_http((enum km_code)code) >= 200);
        CHECK((km_code_exit((enum km_code)code) == 0) == (code == KM_OK));
    }
}

static void control_characters_are_replaced(void)
{
    struct km_err err;
    CHECK(km_fail(&err, KM_EINPUT, "run %s", "a\x1b[31mb\n") == KM_EINPUT);
    CHECK_TEXT(err.message, "run a?[31mb?");
}

static void a_full_disk_is_told_from_a_broken_one(void)
{
    struct km_err err;
    CHECK(km_fail_errno(&err, ENOSPC, "writing x") == KM_ENOSPACE);
    CHECK(km_fail_errno(&err, EIO, "writing x") == KM_EIO);
    CHECK_TEXT(err.message, "writing x: Input/output error");
    CHECK(km_fail_errno(NULL, ENOENT, "x") == KM_ENOTFOUND);
}

int main(void)
{
    RUN(every_code_has_a_name_a_status_and_a_meaning);
    RUN(control_characters_are_replaced);
    RUN(a_full_disk_is_told_from_a_broken_one);
    return tap_end();
}
