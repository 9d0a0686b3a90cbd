#include <criterion/criterion.h>
#include <string.h>

#include "ingest/source/url.h"

static const struct {
    const char *text, *host;
    int port;
    const char *rest;
} good[] = {
    {"rtsp://10.0.3.17/Streaming/101", "10.0.3.17", 554, "/Streaming/101"},
    {"rtsp://cam:8554", "cam", 8554, ""},
    {"rtsp://cam:8554?x=1", "cam", 8554, "?x=1"},
    {"rtsps://cam/a@b", "cam", 322, "/a@b"},
    {"rtsp://[fe80::1]:99/x", "fe80::1", 99, "/x"},
    {"rtsp://[::1]", "::1", 554, ""},
};

static const char *const bad[] = {
    "",
    "http://cam/",
    "rtsp://",
    "rtsp://u:p@cam/",
    "rtsp://cam:0/",
    "rtsp://cam:",
    "rtsp://cam:x/",
    "rtsp://[::1/abc",
    "rtsp://[::1]x/a",
    "rtsp://cam:70000/",
    "rtsp:///a",
    "file:///etc/passwd",
};

Test(url, takes_cameras_addresses_apart)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct vd_url url;
        struct vd_err err = {0};

        cr_assert_eq(vd_url_parse(good[i].text, &url, &err), 0, "%s: %s", good[i].text,
                     err.msg);
        cr_assert_str_eq(url.host, good[i].host);
        cr_assert_eq(url.port, good[i].port);
        cr_assert_str_eq(url.rest, good[i].rest);
    }
}

Test(url, refuses_what_is_no_camera)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vd_url url;

        cr_assert_eq(vd_url_parse(bad[i], &url, NULL), VD_EINVAL, "'%s' was taken", bad[i]);
    }
}

Test(url, encodes_every_odd_character_of_a_password)
{
    struct vd_url url;
    char text[VD_URL_MAX];

    cr_assert_eq(vd_url_parse("rtsp://cam/s?a=b", &url, NULL), 0);
    cr_assert_eq(
        vd_url_build(&url, "1.2.3.4", "me", "@:/#?% \xc3\xa4", text, sizeof text, NULL), 0);
    cr_assert_str_eq(text, "rtsp://me:%40%3A%2F%23%3F%25%20%C3%A4@1.2.3.4:554/s?a=b");
    cr_assert_eq(vd_url_build(&url, "::1", NULL, NULL, text, sizeof text, NULL), 0);
    cr_assert_str_eq(text, "rtsp://[::1]:554/s?a=b");
}

Test(url, says_so_when_a_password_is_longer_than_the_library_keeps)
{
    char password[130], text[VD_URL_MAX];
    struct vd_url url;

    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    cr_assert_eq(vd_url_parse("rtsp://cam/", &url, NULL), 0);
    cr_assert_eq(vd_url_build(&url, "::1", "me", password, text, sizeof text, NULL), VD_EINVAL);
    cr_assert_eq(vd_url_build(&url, "::1", NULL, NULL, text, 12, NULL), VD_EINVAL);
}

Test(url, hides_credentials_wherever_they_stand)
{
    char text[] = "open rtsp://me:p@ss@cam/x@y and http://a:b@c, not mail@host";

    vd_url_redact(text);
    cr_assert_str_eq(text, "open rtsp://*******@cam/x@y and http://***@c, not mail@host");
}
