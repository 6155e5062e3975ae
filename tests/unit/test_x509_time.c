/* test_x509_time: the times of a certificate as numbers.
 * It must not ask the C library for a time: some have none after 2038. */

#include "unit.h"

#include <string.h>

#include "x509.h"

/* Of a UTCTime (13 characters) or a GeneralizedTime. */
static int64_t seconds(char const *text) {
    char der[2 + 15] = {strlen(text) == 13 ? 0x17 : 0x18, (char)strlen(text)};
    memcpy(der + 2, text, strlen(text));
    return x509_time_seconds(&(struct der){(unsigned char const *)der, 2 + strlen(text)});
}

/* The numbers are those of date -u -d ... +%s. */
static void times_are_seconds_since_1970_after_2038_too(void **state) {
    (void)state;
    assert_true(seconds("700101000000Z") == 0);
    assert_true(seconds("500101000000Z") == -631152000);
    assert_true(seconds("000229120000Z") == 951825600);
    assert_true(seconds("261126235959Z") == 1795737599);
    assert_true(seconds("380119031408Z") == 2147483648);
    assert_true(seconds("491231235959Z") == 2524607999);
    assert_true(seconds("21000301000000Z") == 4107542400);
    assert_true(seconds("99991231235959Z") == 253402300799);
}

static void what_is_no_time_is_minus_one(void **state) {
    (void)state;
    static char const *const wrong[] = {"260001000000Z", "261301000000Z", "260100000000Z", "260132000000Z",
                                        "260101240000Z", "260101006000Z", "260101000061Z", "2601010000Z"};
    for (size_t i = 0; i < COUNT(wrong); i++) assert_true(seconds(wrong[i]) == -1);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(times_are_seconds_since_1970_after_2038_too),
        cmocka_unit_test(what_is_no_time_is_minus_one),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
