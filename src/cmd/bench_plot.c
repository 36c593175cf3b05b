/* What a token costs by position, as SVG: milliseconds upwards from 0, positions to the right, each step ten times the
 * one before. */
#include "cmd/bench.h"

#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"

enum { WIDTH = 720, HEIGHT = 400, LEFT = 60, RIGHT = 170, TOP = 44, BOTTOM = 48, N_COLOURS = 6 };
static const char *const colours[N_COLOURS] = { "#0b6e99", "#c8553d", "#3a7d44", "#7b4b94", "#8a6d1a", "#555555" };

struct plot {
    struct str out;
    double last, most; /* of the axes: the position and the milliseconds at their ends */
    double label_y;    /* of the label written last */
    int failed;
};

#define ADD(p, ...) ((p)->failed |= str_addf(&(p)->out, __VA_ARGS__))

/* Position 0 stands at 1: the first token. */
static double x_of(const struct plot *p, double at)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * log10(at < 1 ? 1 : at) / log10(p->last);
}

static double y_of(const struct plot *p, double ms)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ms / p->most;
}

/* 1, 2 or 5 times a power of ten, so that there are four to ten steps. */
static double step_of(double most)
{
    double ten = pow(10, floor(log10(most / 4)));
    return most / ten >= 20 ? 5 * ten : most / ten >= 8 ? 2 * ten : ten;
}

static void text_of(struct plot *p, const char *z)
{
    for (; *z; z++)
        if (*z == '&' || *z == '<' || *z == '>')
            ADD(p, "&#%d;", *z);
        else
            ADD(p, "%c", *z);
}

static void axes(struct plot *p, const char *cpu)
{
    double step = step_of(p->most);
    ADD(p, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
           "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    ADD(p, "<text x=\"%d\" y=\"24\" font-size=\"14\">Cost of one more token (", LEFT);
    text_of(p, cpu);
    ADD(p, ")</text>\n");
    for (double ms = 0; ms <= p->most * 1.0001; ms += step)
        ADD(p, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT,
            y_of(p, ms), WIDTH - RIGHT, LEFT - 8, y_of(p, ms) + 4, ms);
    for (double at = 1; at <= p->last * 1.0001; at *= 10)
        ADD(p, "<path d=\"M%.1f %dv5\" stroke=\"#333\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
            x_of(p, at), HEIGHT - BOTTOM, x_of(p, at), HEIGHT - BOTTOM + 19, at);
    ADD(p, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">position</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
    ADD(p, "<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">ms</text>\n", (TOP + HEIGHT - BOTTOM) / 2);
}

static void curve(struct plot *p, const char *model, const struct bench_position *at, size_t n, size_t colour)
{
    char name[64];
    if (!n)
        return;
    bench_model_name(model, name, sizeof name);
    ADD(p, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"", colours[colour]);
    for (size_t i = 0; i < n; i++)
        ADD(p, "%s%.1f %.1f", i ? "L" : "M", x_of(p, at[i].at), y_of(p, at[i].median * 1e3));
    ADD(p, "\"/>\n");
    for (size_t i = 0; i < n; i++)
        ADD(p, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n", x_of(p, at[i].at), y_of(p, at[i].median * 1e3),
            colours[colour]);
    ADD(p, "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">", WIDTH - RIGHT + 10, p->label_y, colours[colour]);
    text_of(p, name);
    ADD(p, "</text>\n");
    p->label_y += 18;
}

static void widen(struct plot *p, const struct bench_position *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p->last = fmax(p->last, at[i].at);
        p->most = fmax(p->most, at[i].median * 1e3);
    }
}

int bench_plot(const char *path, const struct bench_result *r, const struct bench_earlier *old, size_t n, struct err *e)
{
    struct plot p = { .last = 10, .most = 1e-6, .label_y = TOP + 4 };
    str_init(&p.out);
    widen(&p, r->position, r->n_positions);
    for (size_t i = 0; i < n; i++)
        widen(&p, old[i].position, old[i].n_positions);
    p.most = step_of(p.most) * ceil(p.most / step_of(p.most));
    axes(&p, r->cpu);
    curve(&p, r->model, r->position, r->n_positions, 0);
    for (size_t i = 0; i < n; i++)
        curve(&p, old[i].model, old[i].position, old[i].n_positions, (i + 1) % N_COLOURS);
    ADD(&p, "</svg>\n");
    int status = p.failed ? err_nomem(e, "the plot") : file_write(path, p.out.p, p.out.len, e);
    str_release(&p.out);
    return status;
}
