/* story: one connection told as a setup of the world, run to its end without a fault of the relay's.
 * It must not judge how the connection ended: that is the test's. */

#ifndef STORY_H
#define STORY_H

#include "world_run.h"

static struct world world;

static inline struct world *run(struct setup const *setup) {
    world_run(&world, setup);
    if (world.fault) fail_msg("the relay %s", world.fault);
    world_end(&world);
    return &world;
}

#define RUN(...) run(&(struct setup){.seed = 1, __VA_ARGS__})

#endif
