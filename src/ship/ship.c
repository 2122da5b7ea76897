/* ship.c - the journals in turn, one connection, one clock of patience. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ship/ship.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "ship/backoff.h"
#include "ship/mark.h"
#include "ship/shelf.h"
#include "ship/tail.h"
#include "ship/upload.h"

#define NS_PER_MS ((int64_t)1000000)
#define NS_PER_S  ((int64_t)1000000000)

enum {
    RANGES_PER_TURN = 16, /* then the next journal has its turn */
    STANDSTILLS_MAX = 5,  /* answers in a row that bring no journal further */
    LOOK_MS = 200,        /* following: how often is looked */
    SEARCH_S = 5,         /* and how often for new journals */
    SLICE_MS = 50,        /* of sleep: a signal is seen so soon */
};

struct journal {
    struct km_tail tail;
    const char *writer;
    bool is_placed, is_refused, is_closed;
    bool is_new_mark; /* the place is not in the file `shipped` yet */
    int standstills;
};

struct ship {
    const struct km_ship_options *options;
    struct km_upload *upload;
    struct km_backoff backoff;
    struct km_buf window;
    struct journal **journals;
    size_t count, cap;
    struct km_ship_counts *counts;
    int64_t progress_ns, searched_ns;
    int exit_fd; /* of the process that is waited for; -1: none */
    bool is_last, is_waiting;
    struct km_err worst; /* of journals that were refused */
};

enum turn { TURN_IDLE, TURN_WAITS, TURN_WORKED, TURN_AGAIN, TURN_FATAL };

static int64_t now_ns(void)
{
    return km_clock_monotonic_ns(&km_clock_system);
}

static bool is_stopped(const struct ship *ship)
{
    return ship->options->stop && atomic_load(ship->options->stop);
}

static bool is_over(const struct ship *ship)
{
    struct pollfd fd = {.fd = ship->exit_fd, .events = POLLIN};
    pid_t pid = ship->options->until_exit;
    if (pid <= 0) {
        return false;
    }
    return ship->exit_fd >= 0 ? poll(&fd, 1, 0) == 1 : kill(pid, 0) != 0;
}

/* True: it slept that long. */
static bool doze(const struct ship *ship, int64_t ms)
{
    bool over = is_over(ship);
    for (; ms > 0 && !is_stopped(ship); ms -= SLICE_MS) {
        const struct timespec slice = {
            .tv_nsec = (ms < SLICE_MS ? ms : SLICE_MS) * NS_PER_MS};
        (void)nanosleep(&slice, NULL);
        if (!over && is_over(ship)) {
            return false; /* its end is news */
        }
    }
    return !is_stopped(ship);
}

/* ---- which journals there are ---- */

static bool add_journal(void *user, const char *path)
{
    struct ship *ship = user;
    struct km_arena *arena = ship->options->arena;
    for (size_t i = 0; i < ship->count; i++) {
        if (strcmp(ship->journals[i]->tail.folder, path) == 0) {
            return true;
        }
    }
    char *folder = km_arena_copy(arena, path, strlen(path));
    struct journal *journal = km_new(arena, struct journal, 1);
    struct journal **wider =
        km_arena_widen(arena, ship->journals, ship->count, &ship->cap,
                       ship->count + 1, sizeof(struct journal *));
    if (!folder || !journal || !wider || ship->count >= KM_SHIP_JOURNALS_MAX) {
        return false;
    }
    const char *slash = strrchr(folder, '/');
    journal->writer = slash ? slash + 1 : folder;
    km_tail_init(&journal->tail, folder);
    journal->tail.server = km_mark_place(folder, km_upload_url(ship->upload));
    ship->journals = wider;
    ship->journals[ship->count++] = journal;
    ship->counts->journals = ship->count;
    return true;
}

static enum km_code search(struct ship *ship, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (size_t i = 0; code == KM_OK && i < ship->options->folder_count; i++) {
        code =
            km_shelf_search(ship->options->folders[i], add_journal, ship, err);
    }
    ship->searched_ns = now_ns();
    return code;
}

/* ---- one journal's turn ---- */

static void mark(const struct ship *ship, struct journal *journal,
                 enum km_mark_state state, const char *why)
{
    const struct km_mark what = {
        .place = journal->tail.server,
        .state = state,
        .url = km_upload_url(ship->upload),
        .why = why,
    };
    km_mark_write(journal->tail.folder, &what);
    journal->is_new_mark = false;
}

static void refuse(struct ship *ship, struct journal *journal,
                   const struct km_err *why)
{
    journal->is_refused = true;
    ship->counts->refused++;
    if (ship->worst.code == KM_OK || why->code > ship->worst.code) {
        ship->worst = *why;
    }
    if (ship->count > 1) { /* of one, it is what is said in the end */
        ship->options->say(ship->options->user, why->message);
    }
    mark(ship, journal, KM_MARK_REFUSED, why->message);
}

static void make_progress(struct ship *ship)
{
    ship->progress_ns = now_ns();
    km_backoff_reset(&ship->backoff);
    if (ship->is_waiting) {
        ship->is_waiting = false;
        for (size_t i = 0; i < ship->count; i++) {
            ship->journals[i]->is_new_mark |= ship->journals[i]->is_placed;
        }
    }
}

/* Takes the server's word for where it stands. */
static void settle(struct ship *ship, struct journal *journal,
                   const struct km_reply *reply)
{
    struct km_ship_place before = journal->tail.server;
    bool moved = !journal->is_placed ||
                 before.segment != reply->place.segment ||
                 before.offset != reply->place.offset;
    make_progress(ship);
    journal->standstills = moved ? 0 : journal->standstills + 1;
    journal->is_placed = true;
    journal->is_new_mark |= moved;
    km_tail_seek(&journal->tail, reply->place);
    if (journal->standstills >= STANDSTILLS_MAX) {
        struct km_err err;
        km_fail(&err, KM_ECONFLICT,
                "%s: %s stays at byte %llu of segment %u and takes nothing "
                "more",
                journal->tail.folder, km_upload_url(ship->upload),
                (unsigned long long)reply->place.offset,
                (unsigned)reply->place.segment);
        refuse(ship, journal, &err);
    }
}

/* What an answer means for this turn. */
static enum turn judge(struct ship *ship, struct journal *journal,
                       const struct km_reply *reply, struct km_err *err)
{
    switch (reply->kind) {
    case KM_REPLY_PLACE:
        settle(ship, journal, reply);
        return TURN_WORKED;
    case KM_REPLY_REFUSED:
        make_progress(ship);
        refuse(ship, journal, &reply->err);
        return TURN_WORKED;
    case KM_REPLY_AGAIN:
        *err = reply->err;
        return TURN_AGAIN;
    case KM_REPLY_FATAL:
    default:
        *err = reply->err;
        return TURN_FATAL;
    }
}

static enum turn send_range(struct ship *ship, struct journal *journal,
                            const struct km_tail_range *range,
                            struct km_reply *reply, struct km_err *err)
{
    const struct km_upload_range out = {
        .writer = journal->writer,
        .segment = range->segment,
        .offset = range->offset,
        .bytes = range->bytes,
        .gone = range->gone,
    };
    km_upload_send(ship->upload, &out, &ship->counts->sent_bytes, reply);
    ship->counts->ranges++;
    enum turn turn = judge(ship, journal, reply, err);
    if (reply->kind == KM_REPLY_PLACE) {
        ship->counts->points += (uint64_t)reply->points;
        ship->counts->damaged += (uint64_t)reply->damaged;
        ship->counts->bytes += range->bytes.len;
    }
    return turn;
}

static enum turn take_turn(struct ship *ship, struct journal *journal,
                           struct km_reply *reply, struct km_err *err)
{
    enum turn turn = TURN_IDLE;
    if (!journal->is_placed) {
        km_upload_ask(ship->upload, journal->writer, reply);
        turn = judge(ship, journal, reply, err);
    }
    journal->tail.is_last = ship->is_last;
    for (int i = 0; i < RANGES_PER_TURN && turn < TURN_AGAIN &&
                    !journal->is_refused && !is_stopped(ship);
         i++) {
        struct km_tail_range range;
        enum km_tail_state state;
        struct km_err why;
        if (km_tail_look(&journal->tail, &ship->window, now_ns(), &state,
                         &range, &why) != KM_OK) {
            refuse(ship, journal, &why);
            break;
        }
        if (journal->is_new_mark && journal->tail.is_sighted) {
            mark(ship, journal, KM_MARK_GOING, NULL);
        }
        if (state != KM_TAIL_RANGE) {
            journal->is_closed =
                state == KM_TAIL_END && ship->options->until_closed &&
                km_tail_is_closed(&journal->tail, &ship->window);
            turn = turn == TURN_WORKED      ? turn
                   : state == KM_TAIL_WAITS ? TURN_WAITS
                                            : TURN_IDLE;
            break;
        }
        turn = send_range(ship, journal, &range, reply, err);
    }
    return turn;
}

/* ---- all of them ---- */

/* Something failed in passing: waits, or gives up. */
static enum km_code wait_again(struct ship *ship, const struct km_reply *reply,
                               const struct km_err *why, struct km_err *err)
{
    const struct km_ship_options *options = ship->options;
    int64_t ms =
        km_backoff_next_ms(&ship->backoff, reply->retry_after_s * 1000);
    int64_t left_ns = options->wait_ns - (now_ns() - ship->progress_ns);
    ship->counts->tries_again++;
    if (!ship->is_waiting) {
        ship->is_waiting = true;
        if (options->follow) {
            options->say(options->user, why->message);
        }
        for (size_t i = 0; i < ship->count; i++) {
            mark(ship, ship->journals[i], KM_MARK_WAITING, why->message);
        }
    }
    if (left_ns <= 0) {
        *err = *why;
        return why->code;
    }
    if (ms * NS_PER_MS > left_ns) {
        ms = left_ns / NS_PER_MS + 1; /* once more, at the very end */
    }
    (void)doze(ship, ms);
    return KM_OK;
}

/* One pass over all journals. */
static enum km_code pass(struct ship *ship, bool *worked, bool *waits,
                         struct km_err *err)
{
    *worked = *waits = false;
    for (size_t i = 0; i < ship->count && !is_stopped(ship);) {
        struct journal *journal = ship->journals[i];
        struct km_reply reply = {.kind = KM_REPLY_PLACE};
        struct km_err why = {.code = KM_OK};
        enum turn turn = journal->is_refused
                             ? TURN_IDLE
                             : take_turn(ship, journal, &reply, &why);
        *worked |= turn == TURN_WORKED;
        *waits |= turn == TURN_WAITS;
        i += turn != TURN_AGAIN;
        if (turn == TURN_FATAL) {
            *err = why;
            mark(ship, journal, KM_MARK_REFUSED, why.message);
            return why.code;
        }
        if (turn == TURN_AGAIN) {
            *worked = true; /* look again */
            enum km_code code = wait_again(ship, &reply, &why, err);
            if (code) {
                return code;
            }
        }
    }
    return KM_OK;
}

static bool all_closed(const struct ship *ship)
{
    bool all = ship->count > 0;
    for (size_t i = 0; i < ship->count; i++) {
        all = all &&
              (ship->journals[i]->is_closed || ship->journals[i]->is_refused);
    }
    return all && ship->options->until_closed;
}

static enum km_code ship_all(struct ship *ship, struct km_err *err)
{
    const struct km_ship_options *options = ship->options;
    bool worked, waits;
    for (;;) {
        enum km_code code = KM_OK;
        if (options->follow && !ship->is_last &&
            now_ns() - ship->searched_ns > SEARCH_S * NS_PER_S) {
            struct km_err ignored; /* a folder may come back */
            (void)search(ship, &ignored);
        }
        bool over = is_over(ship);
        code = pass(ship, &worked, &waits, err);
        if (code) {
            return code;
        }
        if (is_stopped(ship)) {
            return km_fail(err, KM_EINTERRUPTED,
                           "stopped; what was shipped is kept, the rest stays "
                           "on disk");
        }
        if (worked) {
            continue;
        }
        if (!waits && (ship->is_last || all_closed(ship))) {
            return KM_OK;
        }
        if (over && !ship->is_last) {
            ship->is_last = true; /* once more, to the very end */
            continue;
        }
        (void)doze(ship, LOOK_MS);
    }
}

static void count_left(struct ship *ship)
{
    for (size_t i = 0; i < ship->count; i++) {
        const struct journal *journal = ship->journals[i];
        if (!journal->is_closed &&
            !(journal->is_placed && journal->tail.complete)) {
            ship->counts->left_bytes += km_tail_bytes_left(&journal->tail);
        }
    }
}

static enum km_code run(struct ship *ship, struct km_err *err)
{
    enum km_code code = search(ship, err);
    if (code == KM_OK && ship->count == 0 && !ship->options->follow) {
        code = km_fail(err, KM_ENOTFOUND, "no journal lies in %s",
                       ship->options->folders[0]);
    }
    ship->progress_ns = now_ns();
    code = code ? code : ship_all(ship, err);
    if (code) {
        count_left(ship);
    }
    if (code == KM_OK && ship->worst.code) {
        *err = ship->worst;
        code = err->code;
    }
    return code;
}

enum km_code km_ship(const struct km_ship_options *options,
                     struct km_ship_counts *counts, struct km_err *err)
{
    *counts = (struct km_ship_counts){0};
    struct ship ship = {
        .options = options,
        .counts = counts,
        .exit_fd = -1,
        .is_last = !options->follow,
        .backoff.random = (uint64_t)now_ns() ^ (uint64_t)(unsigned)getpid()
                                                   << 40,
    };
    const struct km_upload_options upload = {
        .arena = options->arena,
        .url = options->url,
        .token = options->token,
        .timeout_s = options->timeout_s,
        .stop = options->stop,
    };
    enum km_code code = km_upload_open(&upload, &ship.upload, err);
    if (code) {
        return code;
    }
    if (options->until_exit > 0) {
        ship.exit_fd = (int)syscall(SYS_pidfd_open, options->until_exit, 0);
    }
    km_buf_init(&ship.window, KM_SHIP_RANGE_BYTES + 1);
    code = run(&ship, err);
    km_buf_finish(&ship.window);
    km_upload_close(ship.upload);
    if (ship.exit_fd >= 0) {
        (void)close(ship.exit_fd);
    }
    return code;
}
