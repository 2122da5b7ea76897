/* km.c - the program: signals, then the command line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "cli/cli.h"

static atomic_bool stop;

/* The first signal asks for a clean end; the second one ends at once. */
static void handle_signal(int signal_number)
{
    atomic_store(&stop, true);
    (void)signal(signal_number, SIG_DFL);
}

static void install_handlers(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle_signal;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        /* what a shell had us ignore stays ignored */
        if (sigaction(signals[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

int main(int argc, char **argv)
{
    install_handlers();
    return km_cli_main(argc, argv, &stop);
}
