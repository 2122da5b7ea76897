/* train.c - trains the model on the files named, and reports by libknotmeter.
 *
 *     tinylm --name A --steps 600 --checkpoint a.ckpt README.md docs/...
 *     tinylm --name A --steps 600 --checkpoint a.ckpt --resume ...
 *
 * What is particular to libknotmeter stands in start_report() and report(). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <knotmeter.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tinylm.h"

struct options {
    const char *name, *project, *dir, *checkpoint;
    uint64_t steps, seed, warmup, eval_every, save_every, die_at;
    double seconds, rate, decay;
    int sequences, threads;
    bool resume, quiet;
    enum optimizer_kind optimizer;
    enum schedule_kind schedule;
    struct shape shape;
};

enum { LOSS, RATE, GRAD_NORM, TOKENS, STEP_TIME, METRICS };

struct training {
    struct options options;
    struct text text;
    struct model model;
    struct optimizer optimizer;
    unsigned char *inputs, *targets;
    struct km_run *run;
    uint32_t metrics[METRICS], valid_loss;
    double valid_last;
    /* the second thread */
    pthread_t helper;
    pthread_barrier_t start, done;
    REAL scale;
    bool stop;
};

static double now_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* --- two shards, two threads ---------------------------------------------- */

static void run_shard(struct training *t, int index)
{
    size_t before = 0;
    for (int i = 0; i < index; i++) {
        before += (size_t)t->model.shard[i].sequences;
    }
    struct shard *shard = &t->model.shard[index];
    before *= (size_t)t->model.shape.context;
    if (t->scale > 0) {
        memset(shard->gradient, 0, t->model.layout.count * sizeof(REAL));
    }
    model_run(&t->model, shard, t->inputs + before, t->targets + before,
              t->scale);
}

static void *help(void *user)
{
    struct training *t = user;
    for (;;) {
        (void)pthread_barrier_wait(&t->start);
        if (t->stop) {
            return NULL;
        }
        run_shard(t, 1);
        (void)pthread_barrier_wait(&t->done);
    }
}

/* Mean loss of the batch in t->inputs; `scale` as in model_run(). */
static double run_batch(struct training *t, REAL scale)
{
    t->scale = scale;
    if (t->options.threads > 1) {
        (void)pthread_barrier_wait(&t->start);
        run_shard(t, 0);
        (void)pthread_barrier_wait(&t->done);
    } else {
        run_shard(t, 0);
        run_shard(t, 1);
    }
    double tokens = (double)t->options.sequences * t->model.shape.context;
    return (t->model.shard[0].loss + t->model.shard[1].loss) / tokens;
}

/* --- libknotmeter --------------------------------------------------------- */

static void start_report(struct training *t)
{
    static const char *const names[METRICS] = {"train/loss", "lr", "grad_norm",
                                               "tokens", "step_time"};
    static const char *const schedules[] = {"cosine", "wsd", "constant"};
    const struct options *o = &t->options;
    struct km_run *run = km_run_open(&(struct km_run_options){
        .dir = o->dir, .project = o->project, .id = o->name});
    t->run = run;
    for (int i = 0; i < METRICS; i++) {
        t->metrics[i] = km_run_metric(run, names[i]);
    }
    t->valid_loss = km_run_metric(run, "valid/loss");
    int64_t batch_tokens = (int64_t)o->sequences * o->shape.context;
    km_run_config_text(run, "optimizer",
                       o->optimizer == LION ? "lion" : "adamw");
    km_run_config_text(run, "schedule", schedules[o->schedule]);
    km_run_config_number(run, "lr", o->rate);
    km_run_config_number(run, "weight_decay", o->decay);
    km_run_config_integer(run, "warmup_steps", (int64_t)o->warmup);
    km_run_config_integer(run, "planned_steps", (int64_t)o->steps);
    km_run_config_integer(run, "batch_size", o->sequences);
    km_run_config_integer(run, "tokens_per_step", batch_tokens);
    km_run_config_integer(run, "seed", (int64_t)o->seed);
    km_run_config_integer(run, "data.bytes", (int64_t)t->text.count);
    km_run_model(
        run, &(struct km_run_model){.params = (int64_t)t->model.layout.count,
                                    .layers = o->shape.layers,
                                    .heads = o->shape.heads,
                                    .head_dim = o->shape.dim / o->shape.heads,
                                    .seq_len = o->shape.context});
}

static void report(struct training *t, uint64_t step, double loss, double rate,
                   double norm, double step_s)
{
    double tokens =
        ((double)step + 1) * t->options.sequences * t->model.shape.context;
    const double values[METRICS] = {loss, rate, norm, tokens, step_s};
    km_run_log_many(t->run, (int64_t)step, t->metrics, values, METRICS);
}

/* --- the loop ------------------------------------------------------------- */

/* On the same sequences every time, so that only the model changes. */
static void validate(struct training *t, uint64_t step)
{
    enum { BATCHES = 4 };
    double sum = 0;
    for (uint64_t i = 0; i < BATCHES; i++) {
        text_batch(&t->text, true, 12345, i, t->options.sequences,
                   t->model.shape.context, t->inputs, t->targets);
        sum += run_batch(t, 0);
    }
    t->valid_last = sum / BATCHES;
    km_run_log(t->run, (int64_t)step, t->valid_loss, t->valid_last);
}

static int save(struct training *t, uint64_t step)
{
    if (!t->options.checkpoint) {
        return 0;
    }
    km_run_event(t->run, "checkpoint", t->options.checkpoint, (int64_t)step,
                 NULL);
    return checkpoint_save(t->options.checkpoint, &t->model, &t->optimizer,
                           step);
}

static double train_step(struct training *t, uint64_t step, double *rate,
                         double *norm)
{
    const struct options *o = &t->options;
    const size_t count = t->model.layout.count;
    REAL *g0 = t->model.shard[0].gradient, *g1 = t->model.shard[1].gradient;
    text_batch(&t->text, false, o->seed, step, o->sequences, o->shape.context,
               t->inputs, t->targets);
    double loss =
        run_batch(t, (REAL)(1.0 / ((double)o->sequences * o->shape.context)));
    for (size_t i = 0; i < count; i++) {
        g0[i] += g1[i];
    }
    *norm = gradient_clip(g0, count, 1.0);
    *rate = rate_at(o->schedule, o->rate, step, o->warmup, o->steps);
    optimizer_step(&t->optimizer, t->model.parameters, g0, count, *rate, step);
    return loss;
}

static int train(struct training *t)
{
    const struct options *o = &t->options;
    const double start = now_s();
    double before = start, loss = 0;
    uint64_t step = 0;
    if (o->resume &&
        checkpoint_load(o->checkpoint, &t->model, &t->optimizer, &step) != 0) {
        return 1;
    }
    if (step > 0) {
        km_run_restart(t->run, (int64_t)step);
    }
    for (; step < o->steps; step++) {
        double rate, norm;
        loss = train_step(t, step, &rate, &norm);
        double after = now_s();
        report(t, step, loss, rate, norm, after - before);
        before = after;
        if ((step + 1) % o->eval_every == 0) {
            validate(t, step);
            if (!o->quiet) {
                printf("  step %5llu  loss %.3f  valid %.3f\n",
                       (unsigned long long)step + 1, loss, t->valid_last);
                (void)fflush(stdout);
            }
            before = now_s();
        }
        if ((step + 1) % o->save_every == 0 && save(t, step + 1) != 0) {
            return 1;
        }
        if (step + 1 == o->die_at) {
            (void)raise(SIGKILL); /* as a crash would: nothing is tidied up */
        }
        if (o->seconds > 0 && after - start > o->seconds) {
            break;
        }
        if (!isfinite(loss)) {
            (void)fprintf(stderr, "step %llu: the loss is not finite\n",
                          (unsigned long long)step);
            return 1;
        }
    }
    return save(t, step) != 0;
}

/* --- options -------------------------------------------------------------- */

static const char usage[] =
    "usage: tinylm [option]... FILE...\n"
    "  --name ID           run id; the same id resumes (default tinylm)\n"
    "  --project NAME      --dir DIR: where the journal goes\n"
    "  --steps N           planned steps (default 400)\n"
    "  --seconds S         stop earlier after this time\n"
    "  --lr R  --decay D  --warmup N  --optimizer adamw|lion\n"
    "  --schedule cosine|wsd|constant\n"
    "  --dim N  --layers N  --heads N  --context N  --batch N\n"
    "  --seed N  --threads 1|2  --eval-every N  --quiet\n"
    "  --checkpoint FILE  --save-every N  --resume\n"
    "  --die-at N          kill -9 itself behind step N\n";

static bool parse_word(struct options *o, int option, const char *text)
{
    static const char *const schedules[] = {"cosine", "wsd", "constant"};
    if (option == 'O') {
        o->optimizer = strcmp(text, "lion") == 0 ? LION : ADAMW;
        return o->optimizer == LION || strcmp(text, "adamw") == 0;
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, schedules[i]) == 0) {
            o->schedule = (enum schedule_kind)i;
            return true;
        }
    }
    return false;
}

static bool parse_number(struct options *o, int option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(value >= 0) || value > 1e9) {
        return false;
    }
    uint64_t whole = (uint64_t)value;
    switch (option) {
    case 's':
        o->steps = whole;
        break;
    case 'S':
        o->seconds = value;
        break;
    case 'l':
        o->rate = value;
        break;
    case 'w':
        o->decay = value;
        break;
    case 'u':
        o->warmup = whole;
        break;
    case 'd':
        o->shape.dim = (int)whole;
        break;
    case 'L':
        o->shape.layers = (int)whole;
        break;
    case 'H':
        o->shape.heads = (int)whole;
        break;
    case 'c':
        o->shape.context = (int)whole;
        break;
    case 'b':
        o->sequences = (int)whole;
        break;
    case 'r':
        o->seed = whole;
        break;
    case 't':
        o->threads = (int)whole;
        break;
    case 'e':
        o->eval_every = whole;
        break;
    case 'v':
        o->save_every = whole;
        break;
    default:
        o->die_at = whole;
        break;
    }
    return true;
}

static bool fit(const struct options *o)
{
    const struct shape *s = &o->shape;
    return s->layers >= 1 && s->layers <= LAYERS_MAX && s->heads >= 1 &&
           s->dim >= s->heads && s->dim % s->heads == 0 && s->dim <= 1024 &&
           s->context >= 2 && s->context <= 1024 && o->sequences >= 2 &&
           o->sequences <= 1024 && o->eval_every > 0 && o->save_every > 0 &&
           o->warmup > 0 && (!o->resume || o->checkpoint);
}

static bool parse_options(struct options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"name", 1, NULL, 'n'},       {"project", 1, NULL, 'p'},
        {"dir", 1, NULL, 'D'},        {"checkpoint", 1, NULL, 'C'},
        {"optimizer", 1, NULL, 'O'},  {"schedule", 1, NULL, 'P'},
        {"steps", 1, NULL, 's'},      {"seconds", 1, NULL, 'S'},
        {"lr", 1, NULL, 'l'},         {"decay", 1, NULL, 'w'},
        {"warmup", 1, NULL, 'u'},     {"dim", 1, NULL, 'd'},
        {"layers", 1, NULL, 'L'},     {"heads", 1, NULL, 'H'},
        {"context", 1, NULL, 'c'},    {"batch", 1, NULL, 'b'},
        {"seed", 1, NULL, 'r'},       {"threads", 1, NULL, 't'},
        {"eval-every", 1, NULL, 'e'}, {"save-every", 1, NULL, 'v'},
        {"die-at", 1, NULL, 'k'},     {"resume", 0, NULL, 'R'},
        {"quiet", 0, NULL, 'q'},      {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        bool good = true;
        switch (option) {
        case 'n':
            o->name = optarg;
            break;
        case 'p':
            o->project = optarg;
            break;
        case 'D':
            o->dir = optarg;
            break;
        case 'C':
            o->checkpoint = optarg;
            break;
        case 'R':
            o->resume = true;
            break;
        case 'q':
            o->quiet = true;
            break;
        case 'O':
        case 'P':
            good = parse_word(o, option, optarg);
            break;
        case '?':
            good = false;
            break;
        default:
            good = parse_number(o, option, optarg);
            break;
        }
        if (!good) {
            return false;
        }
    }
    return optind < argc && fit(o);
}

static bool prepare(struct training *t, char *const *paths, int path_count)
{
    const struct options *o = &t->options;
    size_t tokens = (size_t)o->sequences * (size_t)o->shape.context;
    t->optimizer =
        (struct optimizer){.kind = o->optimizer,
                           .beta1 = 0.9,
                           .beta2 = o->optimizer == LION ? 0.99 : 0.95,
                           .decay = o->decay};
    t->inputs = malloc(tokens);
    t->targets = malloc(tokens);
    if (!text_load(&t->text, paths, path_count)) {
        return false;
    }
    size_t least = (size_t)o->shape.context + 2;
    if (t->text.train_count < least ||
        t->text.count - t->text.train_count < least) {
        (void)fprintf(stderr, "too little text: expected at least 40 KiB\n");
        return false;
    }
    return t->inputs && t->targets &&
           model_create(&t->model, &o->shape, o->sequences, o->seed) &&
           optimizer_create(&t->optimizer, t->model.layout.count);
}

int main(int argc, char **argv)
{
    static struct training t = {.options = {.name = "tinylm",
                                            .steps = 400,
                                            .seed = 1,
                                            .warmup = 40,
                                            .eval_every = 50,
                                            .save_every = 100,
                                            .rate = 3e-3,
                                            .decay = 0.1,
                                            .sequences = 16,
                                            .threads = 2,
                                            .shape = {64, 2, 4, 64}}};
    if (!parse_options(&t.options, argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (!prepare(&t, argv + optind, argc - optind)) {
        return 1;
    }
    if (t.options.threads > 1) {
        (void)pthread_barrier_init(&t.start, NULL, 2);
        (void)pthread_barrier_init(&t.done, NULL, 2);
        if (pthread_create(&t.helper, NULL, help, &t) != 0) {
            t.options.threads = 1;
        }
    }
    start_report(&t);
    int failed = train(&t);
    km_run_finish(t.run, failed ? KM_RUN_END_FAILED : KM_RUN_END_FINISHED);
    km_run_close(t.run);
    if (t.options.threads > 1) {
        t.stop = true;
        (void)pthread_barrier_wait(&t.start);
        (void)pthread_join(t.helper, NULL);
    }
    model_destroy(&t.model);
    optimizer_destroy(&t.optimizer);
    text_free(&t.text);
    free(t.inputs);
    free(t.targets);
    return failed;
}
