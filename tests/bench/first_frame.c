/* first_frame MODEL [RUNS]: from fork to the first complete frame of hiss on a terminal, while the model loads behind
 * it, and to the frame that tells of the loaded model. A frame is complete when its last piece, the prompt, is there. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stage.h"

enum { MAX_RUNS = 1000 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(const char *what, double *ms, int n)
{
    qsort(ms, (size_t)n, sizeof *ms, ascending);
    printf("%-28s median %6.1f ms, p99 %6.1f ms, most %6.1f ms, %d runs\n", what, ms[n / 2], ms[(n * 99 + 99) / 100 - 1], ms[n - 1], n);
}

/* The frames carry no number; the prompt is drawn last, the status line's help before it. */
static void one(const char *model, double *frame, double *loaded)
{
    struct pty *p = pty_open(24, 80);
    double begin = now_ms();
    stage_chat(p, "--no-rc", "--new", "-m", model);
    bool there = pty_see(p, "F1 help") && pty_see(p, "›");
    *frame = now_ms() - begin;
    there &= pty_see(p, "parameters");
    *loaded = now_ms() - begin;
    pty_type(p, "\004");
    if (!there || pty_end(p) != 0) {
        fprintf(stderr, "first_frame: hiss did not show its screen with %s\n", model);
        exit(1);
    }
    pty_close(p);
}

int main(int argc, char **argv)
{
    static double frame[MAX_RUNS], loaded[MAX_RUNS];
    int runs = argc > 2 ? atoi(argv[2]) : 50;
    if (argc < 2 || runs < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: first_frame MODEL [RUNS]\n");
        return 2;
    }
    stage_open();
    for (int i = 0; i < runs; i++)
        one(argv[1], &frame[i], &loaded[i]);
    tell("start to first frame", frame, runs);
    tell("start to the loaded model", loaded, runs);
    return 0;
}
