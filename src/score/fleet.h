/* fleet.h - many runs at once, each in a few figures that stay as it grows.
 *
 * A look lists the runs and computes the cards of those that have changed, of
 * the ones that are shown first, for as long as it is given; what is not
 * computed yet keeps its last figures and says that they are not fresh. Runs
 * under way have a memory (score/memory.h), so that a look at them costs what
 * is new.
 *
 * Ownership: texts of the rows live until the next look.   Threads: one.
 * Errors: the store's, KM_EMEMORY. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_FLEET_H
#define KM_SCORE_FLEET_H

#include "base/id_map.h"
#include "score/history.h"
#include "score/memory.h"

enum {
    KM_FLEET_SPARK_MAX = 60,
    KM_FLEET_MEMORIES = 8, /* runs under way that go on from the last look */
    KM_FLEET_UNIT_BYTES = 32,
    KM_FLEET_METRIC_BYTES = 96,
};

struct km_fleet_figure {
    double value, lo, hi; /* NaN: none */
    enum km_figure_state state;
    char unit[KM_FLEET_UNIT_BYTES];
};

/* What is kept of a card. */
struct km_fleet_card {
    uint64_t version; /* of the run when it was computed; 0: never */
    char metric[KM_FLEET_METRIC_BYTES]; /* of loss and spark; "": none */
    struct km_fleet_figure last;        /* the metric now, without interval */
    enum km_better better;              /* of the metric */
    struct km_fleet_figure velocity, throughput, forecast;
    double horizon;             /* the step that the forecast is about */
    const struct km_figure *on; /* the gravest verdict that stands; NULL */
    double on_since;            /* its step */
    bool judged;                /* some verdict was looked for, on enough */
    /* the metric from the first step to the last, at even distances */
    double spark[KM_FLEET_SPARK_MAX];
    size_t spark_count;
};

struct km_fleet_row {
    struct km_run_row run;
    uint64_t version; /* tells this state of the run from any other */
    bool going;       /* km_run_is_going() */
    bool fresh;       /* the card is of this state */
    const struct km_fleet_card *card; /* never NULL */
};

struct km_fleet_memory {
    uint64_t run_id; /* 0: free */
    uint64_t used_at;
    struct km_memory memory;
};

struct km_fleet {
    struct km_store *store;
    struct km_score_options options;
    struct km_arena list, kept, past;
    struct km_histories histories;
    struct km_id_map at; /* run id -> cards */
    struct km_fleet_card **cards;
    size_t card_count, card_cap;
    struct km_fleet_row *rows;
    size_t count, cap;
    uint64_t looks;
    size_t done, done_before; /* runs that have ended: they calibrate */
    struct km_fleet_memory memories[KM_FLEET_MEMORIES];
};

/* `options` are those of every card; its memory and histories are set here. */
void km_fleet_init(struct km_fleet *fleet, struct km_store *store,
                   const struct km_score_options *options);
void km_fleet_finish(struct km_fleet *fleet);

/* Tells one state of a run from another; never 0. */
uint64_t km_run_state_version(const struct km_run_row *run);

/* Lists the runs that `filter` lets through into rows. */
enum km_code km_fleet_list(struct km_fleet *fleet,
                           const struct km_run_filter *filter,
                           struct km_err *err);

/* Computes cards that are not fresh, rows [first, first + count) before the
 * others, for at least one and then until budget_ns have gone by. *more says
 * whether some are left. A card that fails is empty, and no error. */
enum km_code km_fleet_compute(struct km_fleet *fleet, size_t first,
                              size_t count, int64_t budget_ns, bool *more,
                              struct km_err *err);

enum km_fleet_sort {
    KM_FLEET_NEWEST, /* those under way first */
    KM_FLEET_NAME,
    KM_FLEET_VELOCITY, /* the fastest first */
    KM_FLEET_BEST,     /* the best value of the metric first */
    KM_FLEET_SORTS
};
extern const char *const km_fleet_sort_names[KM_FLEET_SORTS];

/* Fills `order` (room for fleet->count) with the indices of the rows that are
 * to be shown, and returns how many they are. `keep` may be NULL. */
size_t km_fleet_arrange(const struct km_fleet *fleet, enum km_fleet_sort sort,
                        bool (*keep)(void *user,
                                     const struct km_fleet_row *row),
                        void *user, size_t *order);

#endif
