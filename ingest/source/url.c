#include "ingest/source/url.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { AUTH_MAX = 127, RTSP_PORT = 554, RTSPS_PORT = 322 };

static int parse_scheme(const char *text, struct vd_url *url, struct vd_err *err)
{
    if (strncmp(text, "rtsp://", 7) == 0) {
        (void)vd_str_copy(url->scheme, sizeof url->scheme, "rtsp");
        url->port = RTSP_PORT;
        return 7;
    }
    if (strncmp(text, "rtsps://", 8) == 0) {
        (void)vd_str_copy(url->scheme, sizeof url->scheme, "rtsps");
        url->port = RTSPS_PORT;
        return 8;
    }
    return vd_err_set(err, VD_EINVAL, "url: only rtsp:// and rtsps:// are known");
}

static int parse_port(const char *text, size_t len, int *ret_port, struct vd_err *err)
{
    char digits[8];
    int64_t port;

    if (len == 0 || len >= sizeof digits)
        return vd_err_set(err, VD_EINVAL, "url: no port behind ':'");
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (!vd_str_int64(digits, &port) || port < 1 || port > 65535)
        return vd_err_set(err, VD_EINVAL, "url: port '%s' is not 1 to 65535", digits);
    *ret_port = (int)port;
    return 0;
}

int vd_url_parse(const char *text, struct vd_url *ret_url, struct vd_err *err)
{
    struct vd_url url = {.host = ""};
    int skip = parse_scheme(text, &url, err);
    const char *host, *port;
    size_t len, host_len;

    if (skip < 0)
        return skip;
    host = text + skip;
    len = strcspn(host, "/?#");
    url.rest = host + len;
    if (memchr(host, '@', len) != NULL)
        return vd_err_set(err, VD_EINVAL,
                          "url: user info in it; use user and password_file instead");
    if (host[0] == '[') {
        host++;
        len--;
        host_len = strcspn(host, "]");
        if (host_len >= len)
            return vd_err_set(err, VD_EINVAL, "url: '[' without ']'");
        port = host + host_len + 1;
    } else {
        const char *colon = memchr(host, ':', len);

        host_len = colon != NULL ? (size_t)(colon - host) : len;
        port = host + host_len;
    }
    if (host_len == 0 || host_len > VD_URL_HOST_MAX)
        return vd_err_set(err, VD_EINVAL, "url: no host, or one over %d bytes",
                          VD_URL_HOST_MAX);
    memcpy(url.host, host, host_len);
    url.host[host_len] = '\0';
    if (port < url.rest) {
        int rc = port[0] != ':'
                     ? vd_err_set(err, VD_EINVAL, "url: odd text behind the host")
                     : parse_port(port + 1, (size_t)(url.rest - port - 1), &url.port, err);

        if (rc < 0)
            return rc;
    }
    *ret_url = url;
    return 0;
}

/* RFC 3986's unreserved stand as they are. */
static bool add_encoded(char *text, size_t size, size_t *len, const char *plain)
{
    bool fits = true;

    for (const char *c = plain; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') ||
                        (byte < 0x80 && strchr("-._~", byte) != NULL);

        fits &= vd_str_add(text, size, len, is_plain ? "%c" : "%%%02X", byte);
    }
    return fits;
}

int vd_url_build(const struct vd_url *url, const char *address, const char *user,
                 const char *password, char *ret_text, size_t size, struct vd_err *err)
{
    bool fits, is_v6 = strchr(address, ':') != NULL;
    size_t len = 0, begin;

    ret_text[0] = '\0';
    fits = vd_str_add(ret_text, size, &len, "%s://", url->scheme);
    begin = len;
    if (user != NULL) {
        fits &= add_encoded(ret_text, size, &len, user);
        fits &= vd_str_add(ret_text, size, &len, ":");
        fits &= add_encoded(ret_text, size, &len, password != NULL ? password : "");
        if (len - begin > AUTH_MAX)
            return vd_err_set(err, VD_EINVAL,
                              "user and password: longer than %d bytes with escapes", AUTH_MAX);
        fits &= vd_str_add(ret_text, size, &len, "@");
    }
    fits &= vd_str_add(ret_text, size, &len, is_v6 ? "[%s]:%d%s" : "%s:%d%s", address,
                       url->port, url->rest);
    return fits ? 0 : vd_err_set(err, VD_EINVAL, "url: longer than %zu bytes", size - 1);
}

void vd_url_redact(char *text)
{
    char *at = text;

    while ((at = strstr(at, "://")) != NULL) {
        size_t len;
        char *end;

        at += 3;
        len = strcspn(at, "/ \t\r\n\"'");
        end = memrchr(at, '@', len);
        if (end != NULL)
            memset(at, '*', (size_t)(end - at));
    }
}
