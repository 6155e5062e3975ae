/* test_tlsserver_foreign: s6-tlsserver where s6-tlsd is another's, out of PATH.
 * It must not have s6-tlsd in its table. */

#include "words.h"

#include "applet.h"
#include "tlsserver.h"

struct applet const applet_table[] = {{"s6-tcpserver", 0, ""}, {0, 0, 0}};

static void a_foreign_s6_tlsd_is_given_no_keys_for_tickets(void **state) {
    struct tlsserver s;
    struct opterror err;
    struct words words;
    (void)state;
    words_split(&words, ":: 0 prog");
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), 0);
    assert_false(tlsserver_shares_tickets(&s));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_foreign_s6_tlsd_is_given_no_keys_for_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
