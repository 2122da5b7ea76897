/* test_tinylm.c - the example's gradients are those of its loss, and a restored
 * training goes on as if it had never stopped. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tinylm/tinylm.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

enum { SEQUENCES = 2, CONTEXT = 7 };
static const struct shape shape = {
    .dim = 8, .layers = 2, .heads = 2, .context = CONTEXT};
static unsigned char inputs[SEQUENCES * CONTEXT], targets[SEQUENCES * CONTEXT];

static void fill_batch(void)
{
    for (size_t i = 0; i < sizeof inputs; i++) {
        inputs[i] = (unsigned char)random_at(1, i);
        targets[i] = (unsigned char)random_at(2, i);
    }
}

/* Mean loss; with `scale` also the gradient, summed into shard 0. */
static double loss_of(struct model *model, REAL scale)
{
    double sum = 0;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &model->shard[i];
        memset(shard->gradient, 0, model->layout.count * sizeof(REAL));
        model_run(model, shard, inputs + i * CONTEXT, targets + i * CONTEXT,
                  scale);
        sum += shard->loss;
    }
    for (size_t i = 0; scale > 0 && i < model->layout.count; i++) {
        model->shard[0].gradient[i] += model->shard[1].gradient[i];
    }
    return sum / (SEQUENCES * CONTEXT);
}

static void gradients_are_those_of_the_loss(void)
{
    struct model model;
    fill_batch();
    CHECK(model_create(&model, &shape, SEQUENCES, 3));
    (void)loss_of(&model, 1.0 / (SEQUENCES * CONTEXT));
    const size_t count = model.layout.count;
    double *gradient = malloc(count * sizeof *gradient);
    CHECK(gradient != NULL);
    memcpy(gradient, model.shard[0].gradient, count * sizeof *gradient);
    double worst = 0;
    size_t checked = 0, moving = 0;
    for (size_t i = 0; i < count; i += 1 + i % 3) {
        const double kept = model.parameters[i], nudge = 1e-5;
        model.parameters[i] = kept + nudge;
        double above = loss_of(&model, 0);
        model.parameters[i] = kept - nudge;
        double below = loss_of(&model, 0);
        model.parameters[i] = kept;
        double slope = (above - below) / (2 * nudge);
        double off = fabs(slope - gradient[i]) / (fabs(slope) + 1e-5);
        worst = off > worst ? off : worst;
        moving += fabs(slope) > 1e-6;
        checked++;
    }
    printf("# %zu of %zu parameters, worst relative difference %.1e\n", checked,
           count, worst);
    CHECK(worst < 1e-4);
    CHECK(moving > checked / 4);
    free(gradient);
    model_destroy(&model);
}

static double steps(struct model *model, struct optimizer *optimizer,
                    uint64_t from, uint64_t to)
{
    double loss = 0;
    for (uint64_t step = from; step < to; step++) {
        loss = loss_of(model, 1.0 / (SEQUENCES * CONTEXT));
        double norm =
            gradient_clip(model->shard[0].gradient, model->layout.count, 1.0);
        CHECK(norm > 0);
        optimizer_step(optimizer, model->parameters, model->shard[0].gradient,
                       model->layout.count, rate_at(COSINE, 1e-2, step, 5, 40),
                       step);
    }
    return loss;
}

static void a_restored_training_goes_on_bit_by_bit(void)
{
    struct model model, again;
    struct optimizer optimizer = {.kind = ADAMW, .beta1 = 0.9, .beta2 = 0.95},
                     other = optimizer;
    char path[] = "/tmp/tinylm-XXXXXX";
    uint64_t step = 0;
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0);
    fill_batch();
    CHECK(model_create(&model, &shape, SEQUENCES, 3));
    CHECK(model_create(&again, &shape, SEQUENCES, 99));
    CHECK(optimizer_create(&optimizer, model.layout.count));
    CHECK(optimizer_create(&other, model.layout.count));
    double start = loss_of(&model, 0);
    (void)steps(&model, &optimizer, 0, 20);
    CHECK_INT(checkpoint_save(path, &model, &optimizer, 20), 0);
    double straight = steps(&model, &optimizer, 20, 40);
    CHECK_INT(checkpoint_load(path, &again, &other, &step), 0);
    CHECK_INT(step, 20);
    double resumed = steps(&again, &other, 20, 40);
    CHECK(straight == resumed);
    CHECK(straight < start - 1); /* and it learns */
    (void)unlink(path);
    CHECK_INT(checkpoint_load(path, &again, &other, &step), -1);
    model_destroy(&model);
    model_destroy(&again);
    optimizer_destroy(&optimizer);
    optimizer_destroy(&other);
}

static void schedules_begin_and_end_where_they_should(void)
{
    CHECK_NEAR(rate_at(COSINE, 1, 0, 10, 100), 0.1, 1e-12);
    CHECK_NEAR(rate_at(COSINE, 1, 9, 10, 100), 1, 1e-12);
    CHECK_NEAR(rate_at(COSINE, 1, 55, 10, 100), 0.55, 1e-12);
    CHECK_NEAR(rate_at(COSINE, 1, 100, 10, 100), 0.1, 1e-12);
    CHECK_NEAR(rate_at(WSD, 1, 70, 10, 100), 1, 1e-12);
    CHECK_NEAR(rate_at(WSD, 1, 100, 10, 100), 0.1, 1e-12);
    CHECK_NEAR(rate_at(CONSTANT, 1, 5000, 10, 100), 1, 1e-12);
}

int main(void)
{
    RUN(gradients_are_those_of_the_loss);
    RUN(a_restored_training_goes_on_bit_by_bit);
    RUN(schedules_begin_and_end_where_they_should);
    return tap_end();
}
