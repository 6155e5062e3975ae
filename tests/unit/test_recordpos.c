/* test_recordpos: where streams of records stand, in pieces of every size.
 * It must not know what is in a record. */

#include "unit.h"

#include "recordpos.h"

#include <string.h>

/* An application data record of 3 bytes, an alert in the clear, an encrypted one, a change_cipher_spec. */
static unsigned char const data[] = {23, 3, 3, 0, 3, 1, 2, 3};
static unsigned char const alert[] = {21, 3, 3, 0, 2, 2, 48};
static unsigned char const encrypted[] = {21, 3, 3, 0, 4, 2, 46, 9, 9};
static unsigned char const change[] = {20, 3, 3, 0, 1, 1};

static struct recordpos after(unsigned char const *s, size_t n, size_t step) {
    struct recordpos r = {.encrypted = 0};
    for (size_t i = 0; i < n; i += step) recordpos_advance(&r, s + i, n - i < step ? n - i : step);
    return r;
}

static void between_two_records_there_is_no_header(void **state) {
    (void)state;
    for (size_t step = 1; step <= sizeof data; step++) {
        struct recordpos r = after(data, sizeof data, step);
        assert_int_equal(r.headerlen, 0);
        assert_int_equal(r.bodyleft, 0);
    }
}

static void inside_a_record_it_is_known_how_much_is_missing(void **state) {
    (void)state;
    assert_int_equal(after(data, 3, 1).headerlen, 3);
    assert_int_equal(after(data, 6, 6).headerlen, 5);
    assert_int_equal(after(data, 6, 6).bodyleft, 2);
}

static void an_alert_in_the_clear_is_kept(void **state) {
    (void)state;
    for (size_t step = 1; step <= sizeof alert; step++) {
        struct recordpos r = after(alert, sizeof alert, step);
        assert_int_equal(r.alert[0], 2);
        assert_int_equal(r.alert[1], 48);
        assert_int_equal(r.headerlen, 0);
    }
}

static void half_an_alert_has_no_description_yet(void **state) {
    (void)state;
    struct recordpos r = after(alert, sizeof alert - 1, 1);
    assert_int_equal(r.alert[0], 2);
    assert_int_equal(r.alert[1], 0);
    assert_int_equal(r.bodyleft, 1);
}

static void an_encrypted_alert_and_data_are_not_taken_for_one(void **state) {
    (void)state;
    for (size_t step = 1; step <= sizeof encrypted; step++)
        assert_int_equal(after(encrypted, sizeof encrypted, step).alert[1], 0);
    assert_int_equal(after(data, sizeof data, 1).alert[0], 0);
}

static void change_cipher_spec_is_seen(void **state) {
    (void)state;
    assert_false(after(alert, sizeof alert, 2).encrypted);
    assert_true(after(change, sizeof change, 2).encrypted);
}

static void records_follow_one_another(void **state) {
    unsigned char all[sizeof data + sizeof change + sizeof alert];
    (void)state;
    memcpy(all, data, sizeof data);
    memcpy(all + sizeof data, change, sizeof change);
    memcpy(all + sizeof data + sizeof change, alert, sizeof alert);
    for (size_t step = 1; step <= sizeof all; step++) {
        struct recordpos r = after(all, sizeof all, step);
        assert_true(r.encrypted);
        assert_int_equal(r.alert[1], 48);
        assert_int_equal(r.headerlen, 0);
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(between_two_records_there_is_no_header),
        cmocka_unit_test(inside_a_record_it_is_known_how_much_is_missing),
        cmocka_unit_test(an_alert_in_the_clear_is_kept),
        cmocka_unit_test(half_an_alert_has_no_description_yet),
        cmocka_unit_test(an_encrypted_alert_and_data_are_not_taken_for_one),
        cmocka_unit_test(change_cipher_spec_is_seen),
        cmocka_unit_test(records_follow_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
