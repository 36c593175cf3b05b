/* The sampler's table for tests of the screen, until src/engine has it; weak, so that the real one wins. */
#include "engine/sampler.h"

__attribute__((weak)) const char *const sampler_stage_names[SAMPLER_N_STAGES] = {
#define X(e, name) [SAMPLER_##e] = name,
    SAMPLER_STAGES(X)
#undef X
};

__attribute__((weak)) struct sampler sampler_default(void)
{
    return (struct sampler){ .order = { 0, 1, 2, 3, 4 }, .n_order = SAMPLER_N_STAGES, .temperature = 0.8f, .top_p = 0.95f,
                             .min_p = 0.05f, .repeat = 1, .last_n = 64 };
}
