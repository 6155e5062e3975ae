/* plan_run: the plan, carried out; plan.h says it.
 * Apart from what makes and checks one, so that an applet that does no more than that has no engine in it. */

#include "plan.h"

int plan_run(struct chain_plan *plan) {
    int code = chain_run(plan);
    creds_free(&plan->creds);
    return code;
}
