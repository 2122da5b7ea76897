/* minimal.c - the whole of libknotmeter that most programs need: three calls.
 *
 *     cc minimal.c $(pkg-config --cflags --libs knotmeter) -lm && ./a.out
 *     km import knotmeter && km runs */
/* SPDX-License-Identifier: Apache-2.0 */
#include <knotmeter.h>
#include <math.h>

int main(void)
{
    struct km_run *run = km_run_open(NULL);
    for (int step = 0; step < 1000; step++) {
        double loss = 2 + 3 * pow(step + 1, -0.3); /* a training goes here */
        km_run_log_name(run, step, "loss", loss);
    }
    km_run_close(run);
    return 0;
}
