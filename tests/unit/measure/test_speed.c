/* test_speed.c - change points, FLOP, ETTR, scaling, noise scale and stragglers
 * against NumPy, SciPy and ruptures (tests/oracle), and the book of seconds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/change.h"
#include "measure/device.h"
#include "measure/ettr.h"
#include "measure/goodput.h"
#include "measure/mfu.h"
#include "measure/noise_scale.h"
#include "measure/rng.h"
#include "measure/scaling.h"
#include "measure/straggler.h"
#define ORACLE_ROWS_MAX 4000
#include "oracle_file.h"
#include "tap.h"

enum { VALUES_MAX = ORACLE_ROWS_MAX };

static const char *path;
static double in[VALUES_MAX], a[VALUES_MAX], b[VALUES_MAX];
static double scratch[2 * VALUES_MAX];

static void read_values(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        in[i] = number();
    }
    char word[8] = "";
    CHECK(fscanf(file, "%7s", word) == 1 && strcmp(word, "=") == 0);
}

/* Two columns that were written in turns. */
static void part(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = in[2 * i];
        b[i] = in[2 * i + 1];
    }
}

static void check_split(void)
{
    size_t n = size_from(0), place = 0, end = 0;
    read_values(n);
    double q = km_change_split(in, n, 5, scratch, &place, &end);
    check_next(q);
    check_next((double)place);
    check_next((double)end);
}

static void check_change(bool with_p)
{
    struct km_change changes[KM_CHANGE_SEGMENTS_MAX];
    struct km_change_options options;
    km_change_options_init(&options);
    size_t n = size_from(0);
    read_values(n);
    size_t found = km_change_find(in, n, &options, scratch, changes);
    size_t expected = size_from(0);
    CHECK_INT(found, expected);
    for (size_t i = 0; i < expected; i++) {
        check_next(i < found ? (double)changes[i].index : (double)NAN);
        if (with_p) {
            check_next(i < found ? changes[i].p : (double)NAN);
        }
    }
}

static void check_cusum(void)
{
    struct km_cusum cusum;
    km_cusum_init(&cusum, 0, 1);
    size_t n = size_from(0);
    read_values(n);
    size_t expected = size_from(0), found = 0;
    for (size_t i = 0; i < n; i++) {
        struct km_cusum resumed = cusum; /* the state is all there is */
        int side = km_cusum_add(&resumed, in[i]);
        cusum = resumed;
        if (side) {
            check_next((double)i);
            check_next(side);
            found++;
        }
    }
    CHECK_INT(found, expected);
}

static void check_model(void)
{
    read_values(18);
    struct km_model model = {.layers = in[0],
                             .heads = in[1],
                             .kv_heads = in[2],
                             .head_size = in[3],
                             .value_size = in[4],
                             .width = in[5],
                             .feed_forward = in[6],
                             .vocabulary = in[7],
                             .sequence = in[8],
                             .parameters = in[9],
                             .active_parameters = in[10],
                             .experts = in[11],
                             .experts_per_token = in[12],
                             .expert_width = in[13],
                             .shared_experts = in[14],
                             .gated = in[15] > 0,
                             .tied = in[16] > 0,
                             .tied_known = true,
                             .recompute = (enum km_recompute)in[17]};
    bool exact;
    km_model_complete(&model);
    double products = km_model_products(&model, &exact);
    double attention = km_model_attention_flop(&model);
    check_next(products);
    check_next(attention);
    check_next(6 * products + attention);
    check_next(km_model_hardware_flop(&model, products));
}

static void check_ettr(void)
{
    read_values(4);
    const struct km_ettr ettr = {in[0], in[1], in[2], in[3]};
    bool small;
    check_next(km_ettr_expected(&ettr, &small));
    double best = number(); /* found by search: to a millionth */
    CHECK_NEAR(km_ettr_best_interval(in[3], in[0]), best, 1e-4 * best);
}

static void check_usl(void)
{
    struct km_scaling fit;
    size_t n = size_from(0);
    read_values(2 * n);
    part(n);
    CHECK(km_scaling_fit(a, b, n, &fit));
    check_next(fit.lambda);
    check_next(fit.sigma);
    check_next(fit.kappa);
    CHECK_NEAR(fit.error, number(), 1e-7);
    CHECK_NEAR(fit.sigma_se, number(), 1e-7);
    CHECK_NEAR(fit.kappa_se, number(), 1e-7);
}

static void check_noise(void)
{
    struct km_noise_scale scale;
    size_t n = size_from(0);
    double small = number(), big = number();
    read_values(2 * n);
    part(n);
    CHECK(km_noise_scale_estimate(a, b, n, small, big, &scale));
    check_next(scale.gradient);
    check_next(scale.trace);
    check_next(scale.scale);
    check_next(scale.relative_se);
}

static void check_straggler(void)
{
    struct km_straggler found;
    size_t steps = size_from(0), ranks = size_from(0);
    read_values(steps * ranks);
    CHECK(km_straggler_find(in, steps, ranks, scratch, &found));
    check_next((double)found.rank);
    check_next(found.flagged);
    check_next(found.excess);
    check_next(found.share_slowest);
    check_next(found.p);
    check_next((double)found.streak);
    check_next(found.cost_seconds);
}

static void equals_the_oracle(void)
{
    char word[16], line[256];
    int checked = 0;
    file = fopen(path, "r");
    CHECK(file != NULL);
    if (!file) {
        return;
    }
    CHECK(fgets(line, sizeof line, file) && line[0] == '#');
    while (fscanf(file, "%15s", word) == 1 && !tap_bad) {
        checked++;
        if (strcmp(word, "split") == 0) {
            check_split();
        } else if (strcmp(word, "change") == 0) {
            check_change(true);
        } else if (strcmp(word, "pelt") == 0) {
            check_change(false);
        } else if (strcmp(word, "cusum") == 0) {
            check_cusum();
        } else if (strcmp(word, "model") == 0) {
            check_model();
        } else if (strcmp(word, "ettr") == 0) {
            check_ettr();
        } else if (strcmp(word, "usl") == 0) {
            check_usl();
        } else if (strcmp(word, "noise") == 0) {
            check_noise();
        } else {
            CHECK_TEXT(word, "straggler");
            check_straggler();
        }
    }
    CHECK_INT(checked, 37);
    (void)fclose(file);
}

static void devices_are_found_by_the_names_that_runs_report(void)
{
    static const struct {
        const char *name;
        double peak;
    } rows[] = {{"NVIDIA A100-SXM4-80GB", 312e12},
                {"NVIDIA H100 80GB HBM3", 989e12},
                {"NVIDIA H100 PCIe", 756e12},
                {"nvidia_h100_nvl", 835e12},
                {"H200", 989e12},
                {"NVIDIA H20", 148e12},
                {"NVIDIA RTX A6000", 154.85e12},
                {"NVIDIA GB200", 2.5e15},
                {"NVIDIA B200", 2.25e15},
                {"AMD Instinct MI300X", 1300e12}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct km_device *device = km_device_find(rows[i].name);
        CHECK(device != NULL);
        CHECK_NEAR(device ? device->peak_flops : 0, rows[i].peak, 1);
    }
    CHECK(!km_device_find(NULL) && !km_device_find("") &&
          !km_device_find("NVIDIA GeForce RTX 4090") && !km_device_find("cpu"));
}

static void each_second_is_booked_once(void)
{
    struct km_goodput book;
    struct km_rng rng;
    km_rng_seed(&rng, 3);
    km_goodput_init(&book, 100, 400);
    for (double at = 100; at < 400;) {
        at += 10 * km_rng_unit(&rng) - 2; /* clocks go back too */
        at = fmin(at, 400);
        enum km_time_use use =
            (enum km_time_use)km_rng_below(&rng, KM_TIME_USE_COUNT);
        (void)km_goodput_add(&book, at, 3, KM_TIME_PRODUCTIVE, use);
    }
    (void)km_goodput_add(&book, NAN, 3, KM_TIME_PRODUCTIVE, KM_TIME_OTHER);
    double seconds = 0, bins = 0;
    for (int use = 0; use < KM_TIME_USE_COUNT; use++) {
        seconds += book.seconds[use];
        for (int i = 0; i < KM_GOODPUT_BINS; i++) {
            CHECK(book.bins[use][i] >= 0 && book.bins[use][i] < 5.0001);
            bins += book.bins[use][i];
        }
    }
    CHECK(book.backwards > 0);
    CHECK_NEAR(book.reached, 400, 1e-9);
    CHECK_NEAR(seconds, 300, 1e-9);
    CHECK_NEAR(bins, 300, 1e-9);
}

static void ranks_that_tie_are_all_the_same(void)
{
    struct km_straggler found;
    static double same[400];
    for (int i = 0; i < 400; i++) {
        same[i] = 1 + i / 8;
    }
    CHECK(km_straggler_find(same, 50, 8, scratch, &found));
    CHECK(!found.flagged && found.p > 0.99);
    CHECK_NEAR(found.share_slowest, 0.125, 1e-12);
    CHECK_NEAR(found.cost_seconds, 0, 0);
}

static void too_little_gives_nothing(void)
{
    struct km_scaling fit;
    struct km_noise_scale noise;
    struct km_straggler found;
    struct km_change changes[KM_CHANGE_SEGMENTS_MAX];
    struct km_change_options options;
    const double workers[] = {1, 1, 2, 4, 4}, speed[] = {1, 1, 2, 4, 4};
    const double same[40] = {0};
    km_change_options_init(&options);
    CHECK(!km_scaling_fit(workers, speed, 5, &fit));
    CHECK(!km_noise_scale_estimate(same, same, 40, 1, 2, &noise));
    CHECK(!km_straggler_find(same, 40, 1, scratch, &found));
    CHECK(!km_straggler_find(same, 20, 2, scratch, &found));
    CHECK_INT(km_change_find(same, 0, &options, scratch, changes), 0);
    CHECK_INT(km_change_find(same, 9, &options, scratch, changes), 0);
    CHECK_INT(km_change_find(same, 40, &options, scratch, changes), 0);
    struct km_cusum flat;
    km_cusum_init(&flat, 1, 0);
    CHECK_INT(km_cusum_add(&flat, 2) + km_cusum_add(&flat, NAN), 0);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/speed.txt";
    RUN(equals_the_oracle);
    RUN(devices_are_found_by_the_names_that_runs_report);
    RUN(each_second_is_booked_once);
    RUN(ranks_that_tie_are_all_the_same);
    RUN(too_little_gives_nothing);
    return tap_end();
}
