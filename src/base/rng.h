/* Counter-based random numbers: a pure function of (seed, counter), so that a reply can be drawn again from any
 * token. Two rounds of the SplitMix64 finaliser (Steele, Lea, Flood 2014) over seed and counter. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

uint64_t rng_u64(uint64_t seed, uint64_t counter);

/* Uniform in [0, 1), 53 bits. */
double rng_unit(uint64_t seed, uint64_t counter);

/* A fresh seed from the system's entropy: for a user who gave none. */
uint64_t rng_seed(void);

#endif
