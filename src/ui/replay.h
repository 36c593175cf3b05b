/* A saved chat plays again in the transcript: as it was typed and written (times are in the journal), with pause,
 * steps, speed. */
#ifndef UI_REPLAY_H
#define UI_REPLAY_H

#include <stddef.h>
#include <stdint.h>

struct app;
struct replay;

unsigned replay_begin(struct app *a);                /* of the shown chat */
void replay_show_node(struct app *a, uint32_t node); /* pauses there */
void replay_end(struct app *a);
unsigned replay_tick(struct app *a);                 /* time has passed; bits */
int replay_wait_ms(const struct app *a);             /* until the next step; -1: none */
unsigned replay_pause(struct app *a);
unsigned replay_step(struct app *a, int messages, int tokens);
unsigned replay_speed(struct app *a, double factor);
void replay_place(const struct replay *r, char *out, size_t n); /* the same in little room: "▮▮ 2/5" */
void replay_title(const struct replay *r, char *out, size_t n); /* "▮▮ 1x   message 2 of 5   0:41" */

#endif
