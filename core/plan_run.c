/* plan_run: the plan, carried out; plan.h says it.
 * Apart from what makes and checks one, so that an applet that does no more than that has no engine in it. */

#include "plan.h"

#include "check.h"
#include "config.h"
#include "delayed.h"

static int freed(struct chain_plan *plan, int code) {
    creds_free(&plan->creds);
    return code;
}

int plan_run(struct chain_plan *plan) {
    if (CONFIG_CHECK && plan->opt.check) return freed(plan, check_run(plan));
    return freed(plan, chain_run(plan));
}

int plan_run_delayed(struct chain_plan *plan) {
    if (CONFIG_CHECK && plan->opt.check) return freed(plan, check_run(plan));
    return freed(plan, delayed_run(plan));
}
