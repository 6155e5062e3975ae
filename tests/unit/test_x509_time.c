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

/* Of a certificate from 1965 to 1966, and of one with no times. */
static void a_certificate_is_early_or_has_expired_by_its_times(void **state) {
    (void)state;
    static unsigned char const from[] = "\x17\x0d"
                                        "650101000000Z",
                               to[] = "\x17\x0d"
                                      "660101000000Z";
    struct x509 x = {.notbefore = {from, sizeof from - 1}, .notafter = {to, sizeof to - 1}};
    int64_t begin = x509_time_seconds(&x.notbefore), end = x509_time_seconds(&x.notafter);
    assert_true(begin < end && end < 0);
    assert_true(x509_is_early(&x, begin - 1));
    assert_false(x509_is_early(&x, begin) || x509_has_expired(&x, begin));
    assert_false(x509_is_early(&x, end) || x509_has_expired(&x, end));
    assert_true(x509_has_expired(&x, end + 1));
    x.notbefore = x.notafter = (struct der){(unsigned char const *)"", 0};
    assert_false(x509_is_early(&x, 1));
    assert_true(x509_has_expired(&x, 1));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(times_are_seconds_since_1970_after_2038_too),
        cmocka_unit_test(what_is_no_time_is_minus_one),
        cmocka_unit_test(a_certificate_is_early_or_has_expired_by_its_times),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
