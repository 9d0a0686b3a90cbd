/* What the texts of the configuration must look like. A message here never quotes a URL: people
 * paste their passwords into them. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/str.h"
#include "config/value.h"

_Static_assert((int)VD_CONFIG_ID_MAX == (int)VD_ID_MAX, "an id must fit into an event");
_Static_assert((int)VD_CONFIG_AREA_MAX == (int)VD_AREA_MAX, "an area must fit into an event");

#define ZONEINFO "/usr/share/zoneinfo"

int vd_value_check_id(const struct vd_key *key, const char *text, struct vd_err *err)
{
    if (vd_id_is_valid(text))
        return 0;
    return vd_err_set(err, VD_EINVAL,
                      "%s: '%.63s' is no id; use 1 to %d lower-case letters, digits and '-'",
                      key->name, text, VD_CONFIG_ID_MAX);
}

int vd_value_check_item(const struct vd_key *key, const char *text, struct vd_err *err)
{
    struct vd_err why = {0};
    int from, to;
    bool is_yearly;

    if (key->type != VD_KEY_DATES)
        return vd_value_check_id(key, text, err);
    if (vd_config_days(text, &from, &to, &is_yearly, &why) == 0)
        return 0;
    return vd_err_set(err, VD_EINVAL, "%s: %s", key->name, why.msg);
}

static int check_area(const struct vd_key *key, const char *text, struct vd_err *err)
{
    if (vd_area_is_valid(text))
        return 0;
    return vd_err_set(err, VD_EINVAL,
                      "%s: '%.63s' is no area code; use letters, digits, '_' and '.', with '/' "
                      "between the levels, of which there are 8 at most",
                      key->name, text);
}

static int check_host_port(const struct vd_key *key, const char *authority, size_t len,
                           struct vd_err *err)
{
    char text[VD_CONFIG_URL_MAX + 8], host[256];
    uint16_t port;
    const char *colon;

    if (len == 0 || authority[0] == ':')
        return vd_err_set(err, VD_EINVAL, "%s: the host is missing", key->name);
    (void)snprintf(text, sizeof text, "%.*s", (int)len, authority);
    colon = strrchr(text, ':');
    if (colon == NULL || strchr(colon, ']') != NULL)
        (void)snprintf(text + len, sizeof text - len, ":1");
    if (vd_config_listen(text, host, sizeof host, &port, NULL) < 0 || port == 0)
        return vd_err_set(err, VD_EINVAL, "%s: host and port are not of the form host:554",
                          key->name);
    return 0;
}

static bool has_password_word(const char *text)
{
    static const char *const words[] = {"password=", "passwd=", "pwd=", "user-pw"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(text, words[i]) != NULL)
            return true;
    return false;
}

static int check_scheme(const struct vd_key *key, const char *text, const char **ret_rest,
                        struct vd_err *err)
{
    const char *colon = strstr(text, "://");
    char scheme[16] = "";

    if (colon != NULL && colon - text < (int)sizeof scheme)
        (void)snprintf(scheme, sizeof scheme, "%.*s", (int)(colon - text), text);
    if (scheme[0] == '\0' || vd_names_find(key->names, scheme) < 0)
        return vd_err_set(err, VD_EINVAL, "%s: it must begin with %s", key->name,
                          vd_names_find(key->names, "rtsp") >= 0
                              ? "rtsp://, rtsps://, http:// or https://"
                              : "postgresql://");
    *ret_rest = colon + 3;
    return 0;
}

static int check_url(const struct vd_key *key, const char *text, struct vd_err *err)
{
    bool is_stream = vd_names_find(key->names, "rtsp") >= 0;
    const char *rest = text;
    int rc = check_scheme(key, text, &rest, err);

    if (rc < 0)
        return rc;
    /* Wherever the @ stands: a password with / ? or # in it puts it behind the host. */
    if (strchr(rest, '@') != NULL || has_password_word(rest))
        return vd_err_set(err, VD_EINVAL,
                          "%s: user and password do not belong in a URL; write 'user:' and "
                          "'password_file:'%s (an @ that is none of this is written %%40)",
                          key->name, is_stream ? "" : " under 'router:' and the other roles");
    if (strchr(rest, ' ') != NULL)
        return vd_err_set(err, VD_EINVAL, "%s: a space in a URL is written %%20", key->name);
    return check_host_port(key, rest, strcspn(rest, "/?#"), err);
}

/* Whether a "user:password@" follows some "://". */
static bool has_user_info(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://")) != NULL;) {
        at += 3;
        if (memchr(at, '@', strcspn(at, " \"/")) != NULL)
            return true;
    }
    return false;
}

static int check_endpoint(const struct vd_key *key, const char *text, struct vd_err *err)
{
    enum { SOCKET_PATH_MAX = 107 };

    if (strncmp(text, "tcp://", 6) == 0 && vd_names_find(key->names, "tcp") >= 0) {
        char host[256];
        uint16_t port;

        if (vd_config_listen(text + 6, host, sizeof host, &port, NULL) < 0)
            return vd_err_set(err, VD_EINVAL,
                              "%s: '%.60s' is not of the form tcp://10.0.0.1:5551", key->name,
                              text);
        return 0;
    }
    if (strncmp(text, "ipc:///", 7) != 0)
        return vd_err_set(
            err, VD_EINVAL, "%s: '%.60s' is not of the form ipc:///path%s", key->name, text,
            vd_names_find(key->names, "tcp") >= 0 ? " or tcp://address:port" : "");
    if (strlen(text + 6) > SOCKET_PATH_MAX)
        return vd_err_set(err, VD_EINVAL, "%s: the path of a socket has %d bytes at most",
                          key->name, SOCKET_PATH_MAX);
    return 0;
}

static int check_listen(const struct vd_key *key, const char *text, struct vd_err *err)
{
    char host[256];
    uint16_t port;

    if (vd_config_listen(text, host, sizeof host, &port, NULL) < 0)
        return vd_err_set(err, VD_EINVAL, "%s: '%.60s' is not of the form 127.0.0.1:8080",
                          key->name, text);
    return 0;
}

/* Whether the system's data has a zone of that name. */
static bool is_zone(const char *name)
{
    char path[sizeof ZONEINFO + 64], magic[4] = "";
    int fd;
    bool is_found;

    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") !=
            strlen(name) ||
        name[0] == '/' || strlen(name) > 63)
        return false;
    (void)snprintf(path, sizeof path, ZONEINFO "/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    is_found = read(fd, magic, sizeof magic) == 4 && memcmp(magic, "TZif", 4) == 0;
    (void)close(fd);
    return is_found;
}

static int check_zone(const struct vd_key *key, const char *text, struct vd_err *err)
{
    /* What people try, and the zone that it means. */
    static const char *const known[][2] = {
        {"Asia/Beijing", "Asia/Shanghai"}, {"Asia/Shenzhen", "Asia/Shanghai"},
        {"Beijing", "Asia/Shanghai"},      {"China", "Asia/Shanghai"},
        {"CST", "Asia/Shanghai"},          {"local", "the name in /etc/timezone"},
    };

    if (is_zone(text))
        return 0;
    if (!is_zone("UTC"))
        return vd_err_set(err, VD_EINVAL,
                          "%s: the system has no time zone data in " ZONEINFO
                          "; install the package tzdata",
                          key->name);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(known[i][0], text) == 0)
            return vd_err_set(err, VD_EINVAL, "%s: '%.60s' is no time zone; write %s",
                              key->name, text, known[i][1]);
    return vd_err_set(err, VD_EINVAL,
                      "%s: '%.60s' is no time zone; write an IANA name such as Asia/Shanghai",
                      key->name, text);
}

static int check_length(const struct vd_key *key, const char *text, struct vd_err *err)
{
    int64_t len = (int64_t)strlen(text);

    if (len == 0)
        return vd_err_set(err, VD_EINVAL, "%s: it is empty", key->name);
    if (len < key->min || len > key->max)
        return vd_err_set(err, VD_EINVAL, "%s: %" PRId64 " bytes long, %" PRId64 " at most",
                          key->name, len, key->max);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f ||
            ((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0))
            return vd_err_set(err, VD_EINVAL,
                              *at == '\n' ? "%s: it has more than one line; write it as one "
                                            "paragraph, after '>'"
                                          : "%s: it holds a control character",
                              key->name);
    /* Escapes in double quotes may spell a surrogate. */
    if (!vd_str_is_utf8(text, (size_t)len))
        return vd_err_set(err, VD_EINVAL, "%s: it is not UTF-8", key->name);
    return 0;
}

int vd_value_check_text(const struct vd_key *key, const char *text, struct vd_err *err)
{
    int rc = check_length(key, text, err);

    if (rc < 0)
        return rc;
    switch (key->type) {
    case VD_KEY_ID:
        return vd_value_check_id(key, text, err);
    case VD_KEY_AREA:
        return check_area(key, text, err);
    case VD_KEY_URL:
        return check_url(key, text, err);
    case VD_KEY_ENDPOINT:
        return check_endpoint(key, text, err);
    case VD_KEY_LISTEN:
        return check_listen(key, text, err);
    case VD_KEY_TIMEZONE:
        return check_zone(key, text, err);
    case VD_KEY_TEXT:
        if (has_user_info(text) || has_password_word(text))
            return vd_err_set(err, VD_EINVAL,
                              "%s: a password does not belong here; write user: and "
                              "password_file:",
                              key->name);
        return 0;
    default:
        return 0;
    }
}
