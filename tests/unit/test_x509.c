/* test_x509: a certificate's parts, their text, and the names that it is for.
 * It must not know whether a certificate can be trusted. */

#include "sandbox.h"

#include "x509.h"

#include <errno.h>

/* What openssl makes of this: every kind of extension that is read, and names that need escaping. */
static char const make_files[] =
    "exec >/dev/null 2>&1; set -e\n"
    "openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -days 1 -set_serial 0xff01 -outform DER"
    " -utf8 -subj '/C=CH/O=A, B\\+C/CN=B\xc3\xbc"
    "cher'"
    " -addext 'subjectAltName=DNS:a.org,DNS:*.b.org,IP:192.0.2.7,IP:::1,email:x@a.org,URI:https://a.org/'"
    " -out san.der\n"
    "openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -days 40000 -set_serial 1 -outform DER"
    " -subj /CN=a.org -out cn.der\n";

static unsigned char *san_der, *cn_der;
static size_t san_len, cn_len;

static int make_certificates(void **state) {
    if (sandbox_enter(state) < 0) return -1;
    sandbox_run(make_files);
    san_der = sandbox_read("san.der", &san_len);
    cn_der = sandbox_read("cn.der", &cn_len);
    return 0;
}

static int free_certificates(void **state) {
    free(san_der);
    free(cn_der);
    return sandbox_leave(state);
}

/* ---- texts ---- */

static stralloc text;

static void assert_text(int ok, char const *expected) {
    assert_true(ok && stralloc_0(&text));
    text.len = 0;
    assert_string_equal(text.s, expected);
}

static void assert_malformed(int ok) {
    assert_false(ok);
    assert_int_equal(errno, EPROTO);
    text.len = 0;
}

#define DER(literal) (&(struct der){(unsigned char const *)(literal), sizeof(literal) - 1})

#define CN "\x06\x03\x55\x04\x03"

/* The name with one CN of this type and content. */
static int one_cn(char tag, char const *s, size_t len) {
    unsigned char der[128] = {0x31, (unsigned char)(len + 9), 0x30, (unsigned char)(len + 7)};
    assert_true(len < 100);
    memcpy(der + 4, CN, 5);
    der[9] = (unsigned char)tag;
    der[10] = (unsigned char)len;
    memcpy(der + 11, s, len);
    return x509_name_text(&text, &(struct der){der, len + 11});
}

static void assert_cn(char const *s, char const *expected) {
    assert_text(one_cn(DER_UTF8_STRING, s, strlen(s)), expected);
}

static void special_bytes_of_a_name_are_escaped(void **state) {
    (void)state;
    assert_cn("a.org", "CN=a.org");
    assert_cn("a,b+c\"d\\e<f>g;h", "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h");
    assert_cn("B\xc3\xbc"
              "cher",
              "CN=B\xc3\xbc"
              "cher");
    assert_cn("a\nUID=0\x7f", "CN=a\\0aUID\\=0\\7f");
    assert_text(one_cn(DER_UTF8_STRING, "a\0b", 3), "CN=a\\00b");
    assert_cn("", "CN=");
}

static void only_the_first_hash_and_outer_spaces_are_escaped(void **state) {
    (void)state;
    assert_cn("#a#", "CN=\\#a#");
    assert_cn(" a b ", "CN=\\ a b\\ ");
    assert_cn("  a  ", "CN=\\  a \\ ");
    assert_cn(" ", "CN=\\ ");
    assert_cn("  ", "CN=\\ \\ ");
    assert_cn("#", "CN=\\#");
    assert_cn("# ", "CN=\\#\\ ");
    assert_cn("a# ", "CN=a#\\ ");
}

static void each_type_of_string_is_text_and_every_other_hexadecimal(void **state) {
    (void)state;
    assert_text(one_cn(DER_PRINTABLE_STRING, "a", 1), "CN=a");
    assert_text(one_cn(DER_IA5_STRING, "a", 1), "CN=a");
    assert_text(one_cn(DER_TELETEX_STRING, "\xfc", 1), "CN=\\fc");
    assert_text(one_cn(DER_BMP_STRING, "\0a", 2), "CN=#1e020061");
    assert_text(one_cn(DER_INTEGER, "\5", 1), "CN=#020105");
}

static void the_last_rdn_comes_first(void **state) {
    (void)state;
    static char const name[] = "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
                               "CH"
                               "\x31\x0a\x30\x08" CN "\x0c\x01"
                               "a";
    assert_text(x509_name_text(&text, DER(name)), "CN=a,C=CH");
    assert_text(x509_name_text(&text, DER("")), "");
}

static void parts_of_one_rdn_have_a_plus_between(void **state) {
    (void)state;
    static char const name[] = "\x31\x14\x30\x08" CN "\x0c\x01"
                               "a"
                               "\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
                               "b";
    assert_text(x509_name_text(&text, DER(name)), "CN=a+OU=b");
}

static void an_unknown_attribute_is_its_oid_and_hexadecimal(void **state) {
    (void)state;
    assert_text(x509_name_text(&text, DER("\x31\x09\x30\x07\x06\x02\x2a\x03\x0c\x01"
                                          "a")),
                "1.2.3=#0c0161");
    /* 2.999.1234 */
    assert_text(x509_name_text(&text, DER("\x31\x0b\x30\x09\x06\x04\x88\x37\x89\x52\x0c\x01"
                                          "a")),
                "2.999.1234=#0c0161");
    assert_text(
        x509_name_text(&text, DER("\x31\x13\x30\x11\x06\x0a\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19\x16\x03"
                                  "org")),
        "DC=org");
}

static void malformed_names_are_refused(void **state) {
    (void)state;
    assert_malformed(x509_name_text(&text, DER("\x31")));
    assert_malformed(x509_name_text(&text, DER("\x31\x00")));
    assert_malformed(x509_name_text(&text, DER("\x30\x00")));
    assert_malformed(x509_name_text(&text, DER("\x31\x02\x30\x00")));
    assert_malformed(x509_name_text(&text, DER("\x31\x07\x30\x05" CN)));
    assert_malformed(x509_name_text(&text, DER("\x31\x07\x30\x05\x06\x00\x0c\x01"
                                               "a"))); /* no OID */
    assert_malformed(x509_name_text(&text, DER("\x31\x08\x30\x06\x06\x01\x88\x0c\x01"
                                               "a"))); /* cut OID */
    assert_malformed(x509_name_text(
        &text, DER("\x31\x12\x30\x10\x06\x0b\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0c\x01"
                   "a"))); /* over-long */
}

static void times_are_in_utc_and_four_digits_of_a_year(void **state) {
    (void)state;
    assert_text(x509_time_text(&text, DER("\x17\x0d"
                                          "261122235959Z")),
                "2026-11-22T23:59:59Z");
    assert_text(x509_time_text(&text, DER("\x17\x0d"
                                          "491231235959Z")),
                "2049-12-31T23:59:59Z");
    assert_text(x509_time_text(&text, DER("\x17\x0d"
                                          "500101000000Z")),
                "1950-01-01T00:00:00Z");
    assert_text(x509_time_text(&text, DER("\x18\x0f"
                                          "99991231235959Z")),
                "9999-12-31T23:59:59Z");
}

static void malformed_times_are_refused(void **state) {
    (void)state;
    assert_malformed(x509_time_text(&text, DER("")));
    assert_malformed(x509_time_text(&text, DER("\x17\x0b"
                                               "2611222359Z")));
    assert_malformed(x509_time_text(&text, DER("\x17\x0d"
                                               "261122235959+")));
    assert_malformed(x509_time_text(&text, DER("\x17\x0d"
                                               "26112223595\nZ")));
    assert_malformed(x509_time_text(&text, DER("\x0c\x0d"
                                               "261122235959Z")));
    assert_malformed(x509_time_text(&text, DER("\x18\x0d"
                                               "261122235959Z")));
    assert_malformed(x509_time_text(&text, DER("\x17\x0d"
                                               "261122")));
}

static int serial(struct der const *content) {
    return x509_serial_text(&text, &(struct x509){.serial = *content});
}

static void serials_are_hexadecimal_without_leading_zeros(void **state) {
    (void)state;
    assert_text(serial(DER("\x01")), "01");
    assert_text(serial(DER("\x00")), "00");
    assert_text(serial(DER("\x00\xff\x01")), "ff01");
    assert_malformed(serial(DER("")));
}

static int san(struct der const *content) {
    return x509_san_text(&text, &(struct x509){.san = *content});
}

static void sans_that_could_be_mistaken_for_two_are_escaped(void **state) {
    (void)state;
    assert_text(san(DER("\x82\x0b"
                        "a,DNS:b.org")),
                "DNS:a\\,DNS:b.org");
    assert_text(san(DER("\x82\x03"
                        "a\nb")),
                "DNS:a\\0ab");
    assert_text(san(DER("\x88\x02\x2a\x03\x82\x01"
                        "a")),
                "DNS:a"); /* of a kind that is not told */
    assert_malformed(san(DER("\x87\x03\x01\x02\x03")));
    assert_malformed(san(DER("\x82\x03"
                             "ab")));
}

/* ---- whole certificates ---- */

static void all_parts_of_a_certificate_are_found(void **state) {
    (void)state;
    struct x509 x;
    assert_true(x509_read(&x, san_der, san_len));
    assert_text(x509_name_text(&text, &x.subject), "CN=B\xc3\xbc"
                                                   "cher,O=A\\, B\\+C,C=CH");
    assert_text(x509_name_text(&text, &x.issuer), "CN=B\xc3\xbc"
                                                  "cher,O=A\\, B\\+C,C=CH");
    assert_text(x509_serial_text(&text, &x), "ff01");
    assert_text(x509_san_text(&text, &x),
                "DNS:a.org,DNS:*.b.org,IP:192.0.2.7,IP:::1,email:x@a.org,URI:https://a.org/");
    assert_true(x509_time_text(&text, &x.notbefore) && x509_time_text(&text, &x.notafter));
    assert_int_equal(text.len, 40);
    assert_true(memcmp(text.s, text.s + 20, 20) < 0);
    text.len = 0;
    assert_int_equal(x.spki.len, 44); /* Ed25519: RFC 8410 10.1 */
    assert_true(x509_read(&x, cn_der, cn_len));
    assert_int_equal(x.san.len, 0);
    assert_true(x509_time_text(&text, &x.notafter)); /* a GeneralizedTime */
    assert_memory_equal(text.s, "21", 2);
    text.len = 0;
}

static void a_certificate_is_for_the_names_of_its_sans_only(void **state) {
    (void)state;
    static char const *const good[] = {"a.org", "A.ORG", "a.org.", "x.b.org", "192.0.2.7", "::1", "0:0::1"};
    static char const *const bad[] = {"b.org",   "x.y.b.org",      "x.a.org", "192.0.2.8", "::2",
                                      "x@a.org", "https://a.org/", "",        "org"};
    struct x509 x;
    assert_true(x509_read(&x, san_der, san_len));
    for (size_t i = 0; i < COUNT(good); i++) assert_true(x509_is_for(&x, good[i]));
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(x509_is_for(&x, bad[i]));
    assert_true(x509_read(&x, cn_der, cn_len));
    assert_false(x509_is_for(&x, "a.org"));
}

static void an_address_that_is_a_dns_name_is_no_address(void **state) {
    (void)state;
    struct x509 x = {.san = *DER("\x82\x09"
                                 "192.0.2.7"
                                 "\x82\x07"
                                 "*.0.2.7")};
    assert_false(x509_is_for(&x, "192.0.2.7"));
    x.san = *DER("\x87\x08\xc0\0\2\7\xff\xff\xff\xff");
    assert_false(x509_is_for(&x, "192.0.2.7"));
}

/* Reads s in a piece of memory of exactly its size, for the sanitizer; what is read must be text. */
static int read_all(unsigned char const *s, size_t len) {
    unsigned char *copy = malloc(len ? len : 1);
    struct x509 x;
    memcpy(copy, s, len);
    int ok = x509_read(&x, copy, len);
    if (ok) {
        x509_name_text(&text, &x.subject);
        x509_name_text(&text, &x.issuer);
        x509_serial_text(&text, &x);
        x509_time_text(&text, &x.notafter);
        x509_san_text(&text, &x);
        x509_is_for(&x, "a.org");
        x509_is_for(&x, "192.0.2.7");
    }
    for (size_t i = 0; i < text.len; i++) assert_true((unsigned char)text.s[i] >= 32 && text.s[i] != 127);
    text.len = 0;
    free(copy);
    return ok;
}

static void a_certificate_that_is_cut_is_none(void **state) {
    (void)state;
    for (size_t len = 0; len < san_len; len++) assert_false(read_all(san_der, len));
    assert_true(read_all(san_der, san_len));
}

static void no_wrong_byte_does_harm(void **state) {
    int step = unit_is_watched() ? 17 : 1;
    (void)state;
    for (size_t i = 0; i < san_len; i++) {
        unsigned char was = san_der[i];
        for (int c = 0; c < 256; c += step) {
            san_der[i] = (unsigned char)c;
            read_all(san_der, san_len);
        }
        san_der[i] = was;
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(special_bytes_of_a_name_are_escaped),
        cmocka_unit_test(only_the_first_hash_and_outer_spaces_are_escaped),
        cmocka_unit_test(each_type_of_string_is_text_and_every_other_hexadecimal),
        cmocka_unit_test(the_last_rdn_comes_first),
        cmocka_unit_test(parts_of_one_rdn_have_a_plus_between),
        cmocka_unit_test(an_unknown_attribute_is_its_oid_and_hexadecimal),
        cmocka_unit_test(malformed_names_are_refused),
        cmocka_unit_test(times_are_in_utc_and_four_digits_of_a_year),
        cmocka_unit_test(malformed_times_are_refused),
        cmocka_unit_test(serials_are_hexadecimal_without_leading_zeros),
        cmocka_unit_test(sans_that_could_be_mistaken_for_two_are_escaped),
        cmocka_unit_test(all_parts_of_a_certificate_are_found),
        cmocka_unit_test(a_certificate_is_for_the_names_of_its_sans_only),
        cmocka_unit_test(an_address_that_is_a_dns_name_is_no_address),
        cmocka_unit_test(a_certificate_that_is_cut_is_none),
        cmocka_unit_test(no_wrong_byte_does_harm),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
