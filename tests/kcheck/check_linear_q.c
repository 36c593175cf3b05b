/* Quantised products: no check yet. */
#include "kcheck.h"

KC_CASE(linear_q4_0, NULL, NULL, NULL);
KC_CASE(linear_q4_1, NULL, NULL, NULL);
KC_CASE(linear_q5_0, NULL, NULL, NULL);
KC_CASE(linear_q5_1, NULL, NULL, NULL);
KC_CASE(linear_q8_0, NULL, NULL, NULL);
KC_CASE(linear_q4_k, NULL, NULL, NULL);
KC_CASE(linear_q6_k, NULL, NULL, NULL);
