/* test_pem: the blocks of PEM files, whole and broken, and what is in them. */

#include "unit.h"

#include "pem.h"

#include <string.h>

static char const two[] = "subject=a\n"
                          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                          "issuer=b\n"
                          "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"
                          "behind\n";

static enum pem_status first(char const *text, struct pem *block) {
    unsigned char const *s = (unsigned char const *)text;
    size_t len = strlen(text);
    return pem_next(&s, &len, block);
}

static void assert_block(struct pem const *block, char const *expected) {
    assert_int_equal(block->bodylen, strlen(expected));
    assert_memory_equal(block->body, expected, block->bodylen);
}

static void blocks_come_in_order_without_the_text_between(void **state) {
    (void)state;
    unsigned char const *s = (unsigned char const *)two;
    size_t len = sizeof two - 1;
    struct pem block;
    assert_int_equal(pem_next(&s, &len, &block), PEM_BLOCK);
    assert_block(&block, "\nAAAA\n");
    assert_true(block.is_certificate);
    assert_int_equal(pem_next(&s, &len, &block), PEM_BLOCK);
    assert_block(&block, "\nBBBB\n");
    assert_false(block.is_certificate);
    assert_int_equal(len, 7);
    assert_int_equal(pem_next(&s, &len, &block), PEM_NONE);
}

static void the_last_line_needs_no_newline(void **state) {
    (void)state;
    static char const text[] = "-----BEGIN X-----\r\nAA\r\n-----END X-----";
    struct pem block;
    assert_int_equal(first(text, &block), PEM_BLOCK);
    assert_block(&block, "\r\nAA\r\n");
}

static void a_certificate_is_known_by_its_label(void **state) {
    (void)state;
    struct pem block;
    static char const *const certificates[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"};
    static char const *const others[] = {"CERTIFICATE REQUEST", "PRIVATE KEY", "X509 CRL", "", "CERTIFICAT"};
    for (size_t i = 0; i < COUNT(certificates) + COUNT(others); i++) {
        int is = i < COUNT(certificates);
        char const *label = is ? certificates[i] : others[i - COUNT(certificates)];
        char text[128];
        strcpy(text, "-----BEGIN ");
        strcat(strcat(text, label), "-----\nAA\n-----END ");
        strcat(strcat(text, label), "-----\n");
        assert_int_equal(first(text, &block), PEM_BLOCK);
        assert_int_equal(!!block.is_certificate, is);
    }
}

static void a_block_without_its_end_is_broken(void **state) {
    (void)state;
    struct pem block;
    assert_int_equal(first("-----BEGIN ", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----\nAA\n", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----\nAA\n-----BEGIN X-----\nAA\n-----END X-----\n", &block),
                     PEM_BROKEN);
    assert_int_equal(first("-----END X-----\n-----BEGIN X-----\nAA\n", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----END X-----\n", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----\nAA\n-----END Y-----\n", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----\nAA\n-----END X Y-----\n", &block), PEM_BROKEN);
    assert_int_equal(first("-----BEGIN X-----\nAA\n-----END X----", &block), PEM_BROKEN);
}

static void without_any_begin_there_is_no_block(void **state) {
    (void)state;
    struct pem block;
    assert_int_equal(first("", &block), PEM_NONE);
    assert_int_equal(first("-----BEGIN", &block), PEM_NONE);
    assert_int_equal(first("-----END X-----\n", &block), PEM_NONE);
    assert_int_equal(first("\x30\x82\x01\x01", &block), PEM_NONE);
}

static void der_is_told_from_pem(void **state) {
    (void)state;
    assert_true(pem_is((unsigned char const *)two, sizeof two - 1));
    assert_false(pem_is((unsigned char const *)"\x30\x03\x02\x01\x01", 5));
    assert_false(pem_is((unsigned char const *)two, 12));
    assert_false(pem_is((unsigned char const *)"", 0));
}

/* Decodes body as that of a block, into memory of exactly the size that the header asks for. Returns what pem_decode does, and
 * the bytes in to. */
static ssize_t decode(char const *body, char *to) {
    struct pem block;
    char text[256] = "-----BEGIN X-----";
    strcat(strcat(text, body), "-----END X-----\n");
    assert_int_equal(first(text, &block), PEM_BLOCK);
    assert_int_equal(block.bodylen, strlen(body));
    assert_memory_equal(block.body, body, block.bodylen);
    unsigned char *room = malloc(block.bodylen ? block.bodylen : 1);
    ssize_t n = pem_decode(&block, room);
    if (n > 0) memcpy(to, room, (size_t)n);
    free(room);
    return n;
}

/* RFC 4648 10, and the digits that are not in it. */
static void base64_is_decoded(void **state) {
    (void)state;
    static struct {
        char const *body, *is;
    } const cases[] = {{"", ""},
                       {"Zg==", "f"},
                       {"Zm8=", "fo"},
                       {"Zm9v", "foo"},
                       {"Zm9vYg==", "foob"},
                       {"Zm9vYmE=", "fooba"},
                       {"Zm9vYmFy", "foobar"},
                       {"\r\n\tZm 9v\vYg\f=\n=\n", "foob"},
                       {"++//", "\xfb\xef\xff"},
                       {"AZaz09+/", "\x01\x96\xb3\xd3\xdf\xbf"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char to[64];
        size_t n = strlen(cases[i].is);
        assert_int_equal(decode(cases[i].body, to), n);
        assert_memory_equal(to, cases[i].is, n);
    }
}

static void what_is_no_base64_is_refused(void **state) {
    (void)state;
    static char const *const wrong[] = {
        "Z",        "Zg",   "Zg=",  "Zm9",      "Zm9v=",    "Zm9v==",
        "Zm9v====", "=",    "====", "Z===",     "Zg=v",     "Zg==Zg",
        "Zm-v",     "Zm_v", "Zm:v", "Zm9v\x80", "Zm\1779v", "Proc-Type: 4,ENCRYPTED\n\nZm9v"};
    char to[64];
    for (size_t i = 0; i < COUNT(wrong); i++) assert_int_equal(decode(wrong[i], to), -1);
}

static void what_is_in_between_is_seen_at_each_place(void **state) {
    (void)state;
    static char const text[] = "Zm9vYmFyYmF6Zm9v", is[] = "foobarbazfoo";
    for (size_t i = 0; i < sizeof text; i++) {
        char body[32], to[64];
        memcpy(body, text, i);
        memcpy(body + i + 1, text + i, sizeof text - i);
        body[i] = '\n';
        assert_int_equal(decode(body, to), sizeof is - 1);
        assert_memory_equal(to, is, sizeof is - 1);
        body[i] = '!';
        assert_int_equal(decode(body, to), -1);
        body[i] = '=';
        assert_int_equal(decode(body, to), -1);
    }
}

/* In a piece of memory of exactly its size, for the sanitizer. */
static void a_file_may_be_cut_anywhere(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof two; n++) {
        unsigned char *copy = malloc(n ? n : 1);
        unsigned char const *s = copy;
        size_t len = n, blocks = 0;
        struct pem block;
        memcpy(copy, two, n);
        for (; pem_next(&s, &len, &block) == PEM_BLOCK; blocks++)
            assert_true(block.body > copy && block.body + block.bodylen < s && s + len == copy + n);
        assert_true(blocks <= 2 && (n < sizeof two - 1 || blocks == 2));
        free(copy);
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(blocks_come_in_order_without_the_text_between),
        cmocka_unit_test(the_last_line_needs_no_newline),
        cmocka_unit_test(a_certificate_is_known_by_its_label),
        cmocka_unit_test(a_block_without_its_end_is_broken),
        cmocka_unit_test(without_any_begin_there_is_no_block),
        cmocka_unit_test(der_is_told_from_pem),
        cmocka_unit_test(base64_is_decoded),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(what_is_in_between_is_seen_at_each_place),
        cmocka_unit_test(a_file_may_be_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
