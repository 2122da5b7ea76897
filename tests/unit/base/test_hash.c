/* test_hash.c - checksums match the published vectors, ids keep parts apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "tap.h"

static void crc32c_matches_the_check_value_in_any_pieces(void)
{
    CHECK(km_crc32c(0, "123456789", 9) == 0xe3069283u);
    CHECK(km_crc32c(km_crc32c(0, "1234", 4), "56789", 5) == 0xe3069283u);
    CHECK(km_crc32c(0, "", 0) == 0);
}

static void ids_fit_63_bits_and_keep_parts_apart(void)
{
    const struct km_str one[] = {KM_STR("a"), KM_STR("bc")};
    const struct km_str two[] = {KM_STR("ab"), KM_STR("c")};
    uint64_t a = km_id(one, 2), b = km_id(two, 2);
    CHECK(a != b && a != 0 && a >> 63 == 0 && b >> 63 == 0);
    CHECK(km_id(one, 2) == a);
}

static void a_fingerprint_does_not_depend_on_the_pieces(void)
{
    struct km_fingerprint *print = km_fingerprint_create();
    km_fingerprint_add(print, "hello ", 6);
    km_fingerprint_add(print, "world", 5);
    uint64_t pieces = km_fingerprint_value(print);
    km_fingerprint_reset(print);
    km_fingerprint_add(print, "hello world", 11);
    CHECK(km_fingerprint_value(print) == pieces);
    km_fingerprint_destroy(print);
    km_fingerprint_destroy(NULL);
}

int main(void)
{
    RUN(crc32c_matches_the_check_value_in_any_pieces);
    RUN(ids_fit_63_bits_and_keep_parts_apart);
    RUN(a_fingerprint_does_not_depend_on_the_pieces);
    return tap_end();
}
