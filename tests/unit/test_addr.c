/* test_addr: addresses from text and back, and which of them are the same host.
 * No socket is opened here. */

#include "unit.h"

#include "tcp/addr.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct addr scanned(char const *text, uint16_t port) {
    struct addr a;
    if (addr_scan(&a, text, port) < 0) fail_msg("%s is not taken for an address", text);
    return a;
}

static void shows(char const *text, char const *expected) {
    char shown[ADDR_TEXT];
    struct addr a = scanned(text, 0);
    addr_text(shown, &a);
    assert_string_equal(shown, expected);
}

static void an_address_is_shown_as_it_was_read(void **state) {
    static char const *const texts[] = {
        "127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:db8:1:2:3:4:5:6"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) shows(texts[i], texts[i]);
}

static void ipv6_is_shown_in_its_shortest_form(void **state) {
    (void)state;
    shows("2001:0DB8:0:0::0001", "2001:db8::1");
}

static void ipv4_inside_ipv6_is_shown_as_ipv4(void **state) {
    (void)state;
    shows("::ffff:192.0.2.1", "192.0.2.1");
    shows("::ffff:c000:201", "192.0.2.1");
}

static void anything_else_is_no_address(void **state) {
    static char const *const texts[] = {"",
                                        "0",
                                        "localhost",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "1.2.3.256",
                                        "1.2.3.4 ",
                                        " 1.2.3.4",
                                        ":",
                                        "1::2::3",
                                        "12345::",
                                        "[::1]",
                                        "::1%",
                                        "::1%no-such-interface",
                                        "127.0.0.1%lo",
                                        "1.2.3.4:80",
                                        "0001:0002:0003:0004:0005:0006:0007:0008:0009:000a:000b:000c:000d"};
    struct addr a;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (addr_scan(&a, texts[i], 0) == 0) fail_msg("%s is taken for an address", texts[i]);
}

static void the_interface_of_an_address_is_kept(void **state) {
    struct addr a = scanned("fe80::1%lo", 0);
    (void)state;
    assert_int_not_equal(a.v6.sin6_scope_id, 0);
    shows("fe80::1%lo", "fe80::1");
}

static void the_port_is_there_in_both_families(void **state) {
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct addr a = scanned(v6 ? "::1" : "127.0.0.1", 65535);
        assert_int_equal(addr_port(&a), 65535);
        addr_set_port(&a, 258);
        assert_int_equal(addr_port(&a), 258);
        assert_int_equal(v6 ? a.v6.sin6_port : a.v4.sin_port, htons(258));
        assert_int_equal(addr_len(&a), v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    }
}

static int same_host(char const *x, char const *y) {
    unsigned char kx[ADDR_KEY], ky[ADDR_KEY];
    struct addr a = scanned(x, 1), b = scanned(y, 2);
    addr_key(kx, &a);
    addr_key(ky, &b);
    return !memcmp(kx, ky, sizeof kx);
}

static void a_host_is_its_address_without_the_port(void **state) {
    (void)state;
    assert_true(same_host("192.0.2.1", "192.0.2.1"));
    assert_true(same_host("192.0.2.1", "::ffff:192.0.2.1"));
    assert_true(same_host("::1", "0::1"));
    assert_false(same_host("192.0.2.1", "192.0.2.2"));
    assert_false(same_host("192.0.2.1", "::192.0.2.1"));
    assert_false(same_host("2001:db8::1", "2001:db8::1:1"));
}

static void a_socket_of_another_kind_has_no_address(void **state) {
    struct addr a;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)state;
    assert_int_equal(addr_of_local(&a, fd), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    close(fd);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(an_address_is_shown_as_it_was_read),
        cmocka_unit_test(ipv6_is_shown_in_its_shortest_form),
        cmocka_unit_test(ipv4_inside_ipv6_is_shown_as_ipv4),
        cmocka_unit_test(anything_else_is_no_address),
        cmocka_unit_test(the_interface_of_an_address_is_kept),
        cmocka_unit_test(the_port_is_there_in_both_families),
        cmocka_unit_test(a_host_is_its_address_without_the_port),
        cmocka_unit_test(a_socket_of_another_kind_has_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
