/* finding.h - how a verdict gets onto the card.
 *
 *     fired     OK: value is the onset (step) of the episode that stands, else
 *               of the last; window from onset to where it was seen; hairlines
 *               at the onsets
 *     quiet     QUIET: looked for, not seen
 *     too early INSUFFICIENT: the reason says what is missing
 *     never     NOT_APPLICABLE: the run has nothing to look at
 *
 * The last sentences of evidence are what would change the verdict and how
 * often it is wrong. Threads: one at a time.   Document:
 * docs/metrics.md#verdicts */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_FINDING_H
#define KM_SCORE_FINDING_H

#include "measure/verdict.h"
#include "score/card.h"

struct km_finding {
    const char *id;
    const char *mark; /* "spike": the word at its hairline */
    const struct km_episodes *episodes;
    const char *reason;          /* one clause, when it fired */
    struct km_evidence evidence; /* at most KM_EVIDENCE_MAX - 2 */
    const char *change;          /* what would change it */
    uint64_t n;                  /* points looked at */
    double from, to;             /* of them */
    bool reward;                 /* no rate of false alarms was measured */
};

/* About all points of a curve. */
struct km_finding km_finding_of(const char *id, const char *mark,
                                const struct km_curve_input *curve,
                                struct km_arena *arena);

/* The curve with the points that fits leave out as spikes: which they are is
 * not known before later points are. Its `sums` are not of these points. */
struct km_curve_input km_finding_curve(const struct km_curve_input *curve);

/* Fired or quiet, by the episodes. */
enum km_code km_finding_add(struct km_scorecard *card,
                            const struct km_finding *finding,
                            struct km_err *err);

enum km_code km_finding_early(struct km_scorecard *card, const char *id,
                              const char *missing, struct km_err *err);
enum km_code km_finding_never(struct km_scorecard *card, const char *id,
                              const char *why, struct km_err *err);

/* "2, the last from step 812 to 830", "since step 900, seen at 940". */
const char *km_finding_words(struct km_arena *arena,
                             const struct km_episodes *episodes);

/* The verdict that stands (fired and not over) on the card, by id; NULL. */
const struct km_figure_result *km_finding_on(const struct km_scorecard *card,
                                             const char *id);

/* The gravest verdict that stands; `word` (NULL: not wanted) is how a sentence
 * begins with it, or NULL of one that no sentence begins with. NULL: none. */
const struct km_figure_result *
km_finding_gravest(const struct km_scorecard *card, const char **word);

/* The gain that is not worth waiting for at a level of a curve: what the user
 * said, else km_negligible(). */
double km_finding_negligible(const struct km_score_input *input,
                             const struct km_curve_input *curve, double level);

/* Is the learning rate logged, or told by the config? */
bool km_rate_is_known(const struct km_score_input *input);

/* Has the learning rate come down at x by more than a tenth of its highest so
 * far, as logged, else as the config plans it? */
bool km_rate_is_falling(const struct km_score_input *input, double x);

/* Did a logged rate move by more than a tenth of its highest between two steps,
 * after the warm-up? */
bool km_rate_moved(const struct km_score_input *input, double from, double to);

/* Was a logged rate raised by more than a tenth between two steps, after the
 * warm-up? Both losses rise then. */
bool km_rate_was_raised(const struct km_score_input *input, double from,
                        double to);

#endif
