/* Preparation of activations, packing: no check yet. */
#include "kcheck.h"

KC_CASE(act_q8, NULL, NULL, NULL);
KC_CASE(act_q8k, NULL, NULL, NULL);
KC_EXTRA(pack, NULL);
