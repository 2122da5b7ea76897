/* fig_ettr.c - speed.ettr: what share of the time a job that fails as often
 * makes progress, and how often it should save. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/ettr.h"
#include "measure/goodput.h"
#include "score/card.h"
#include "score/waits.h"

/* Those that the run says the length of, else those that it waited for. */
static size_t count_saves(const struct km_score_input *input)
{
    size_t said = input->waits->pause_count[KM_WAIT_CHECKPOINT];
    return said ? said : input->book->count[KM_TIME_CHECKPOINT];
}

/* Young's interval: what a checkpoint costs against what a restart loses. */
static enum km_code add_interval(const struct km_ettr *ettr,
                                 const struct km_score_input *input,
                                 struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("speed.ettr", "best checkpoint interval", "min");
    if (!(ettr->checkpoint > 0)) {
        return KM_OK; /* what one costs was not seen */
    }
    result.value =
        km_ettr_best_interval(ettr->checkpoint, ettr->between_failures) / 60;
    result.method = "sqrt(2 x time of a checkpoint x time between restarts)";
    result.n = count_saves(input);
    result.state = KM_FIGURE_WEAK;
    result.reason = km_arena_printf(
        card->arena, "a checkpoint takes %.3g s; now one every %.3g min",
        ettr->checkpoint, ettr->interval / 60);
    return km_card_add(card, result, NULL, err);
}

/* What a restart costs, as observed; with checkpoints that made the run wait,
 * their interval and time too. */
static struct km_ettr observe(const struct km_score_input *input)
{
    const struct km_goodput *book = input->book;
    double failures = (double)book->count[KM_TIME_RESTART];
    size_t waited = count_saves(input);
    struct km_ettr ettr = {
        .between_failures = (book->to - book->from) / failures,
        .overhead = book->seconds[KM_TIME_RESTART] / failures,
        .interval = 2 * book->seconds[KM_TIME_REDONE] / failures,
        .checkpoint = 0,
    };
    if (book->seconds[KM_TIME_CHECKPOINT] > 0) {
        double made = book->seconds[KM_TIME_PRODUCTIVE] +
                      book->seconds[KM_TIME_REDONE] +
                      book->seconds[KM_TIME_DATA];
        ettr.checkpoint = book->seconds[KM_TIME_CHECKPOINT] / (double)waited;
        ettr.interval = made / (double)waited;
    }
    return ettr;
}

KM_FIGURE_COMPUTE(km_compute_ettr)
{
    const char *id = "speed.ettr";
    const struct km_goodput *book = input->book;
    if (!book) {
        return km_card_add_absent(card, id, "", "1", KM_FIGURE_NOT_APPLICABLE,
                                  input->no_book, err);
    }
    double failures = (double)book->count[KM_TIME_RESTART];
    if (failures < 1) {
        return km_card_add_absent(card, id, "", "1", KM_FIGURE_INSUFFICIENT,
                                  "no restart yet: nothing to expect one from",
                                  err);
    }
    const struct km_ettr ettr = observe(input);
    bool small;
    struct km_figure_result result = km_result_new(id, "", "1");
    struct km_evidence evidence = {0};
    result.value = km_ettr_expected(&ettr, &small);
    result.method = ettr.checkpoint > 0
                        ? "(1 - (restart + D/2) / time between restarts) / "
                          "(1 + checkpoint / D)"
                        : "1 - (restart + redone) / time between restarts";
    result.n = (uint64_t)failures;
    result.state = KM_FIGURE_WEAK;
    result.reason = km_arena_printf(card->arena, "from %.0f restart%s%s",
                                    failures, failures > 1 ? "s" : "",
                                    small ? "" : ", each of them costly");
    km_evidence_add(
        &evidence,
        km_arena_printf(card->arena,
                        "a restart every %.3g h: %.3g min to get going, %.3g "
                        "min of steps done again",
                        ettr.between_failures / 3600, ettr.overhead / 60,
                        book->seconds[KM_TIME_REDONE] / failures / 60));
    enum km_code code = km_card_add(card, result, &evidence, err);
    return code ? code : add_interval(&ettr, input, card, err);
}
