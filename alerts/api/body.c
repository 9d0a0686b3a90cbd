#include "alerts/api/body.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

/* Copies the text under key, bounded; one that is required may be neither absent nor empty. */
static int take_text(const struct vd_json *doc, const char *key, bool is_required, char *dst,
                     size_t size, struct vd_err *err)
{
    const struct vd_json *node = vd_json_get(doc, key);
    const char *text = vd_json_as_text(node);

    if (vd_json_is_null(node) && !is_required)
        return 0;
    if (text == NULL || (is_required && text[0] == '\0'))
        return vd_err_set(err, VD_EPROTO, "'%s' must be a text", key);
    if (!vd_str_copy(dst, size, text))
        return vd_err_set(err, VD_EPROTO, "'%s' is over %zu bytes", key, size - 1);
    return 0;
}

static int take_time(const struct vd_json *doc, const char *key, int64_t *ret_us,
                     struct vd_err *err)
{
    const struct vd_json *node = vd_json_get(doc, key);
    const char *text = vd_json_as_text(node);

    if (vd_json_is_null(node))
        return 0;
    if (text == NULL || !vd_time_parse(text, ret_us) || *ret_us <= 0)
        return vd_err_set(err, VD_EPROTO, "'%s' must be a time, \"2026-08-22T03:14:07Z\"", key);
    return 0;
}

static int parse_object(const char *text, size_t len, struct vd_json **ret_doc,
                        struct vd_err *err)
{
    struct vd_json *doc = NULL;
    int rc;

    if (len > VD_BODY_MAX)
        return vd_err_set(err, VD_EPROTO, "body is over %d bytes", VD_BODY_MAX);
    rc = vd_json_parse(&doc, text, len, err);
    if (rc < 0)
        return rc;
    if (!vd_json_is_object(doc)) {
        vd_json_free(&doc);
        return vd_err_set(err, VD_EPROTO, "body must be a JSON object");
    }
    *ret_doc = doc;
    return 0;
}

int vd_body_sign_in(const char *text, size_t len, struct vd_sign_in *ret_body,
                    struct vd_err *err)
{
    struct vd_sign_in body = {0};
    struct vd_json *doc = NULL;
    int rc = parse_object(text, len, &doc, err);

    if (rc < 0)
        return rc;
    if ((rc = take_text(doc, "name", true, body.name, sizeof body.name, err)) == 0 &&
        (rc = take_text(doc, "password", true, body.password, sizeof body.password, err)) == 0)
        *ret_body = body;
    vd_json_free(&doc);
    vd_secret_wipe(&body, sizeof body);
    return rc;
}

int vd_body_change(const char *text, size_t len, struct vd_change_body *ret_body,
                   struct vd_err *err)
{
    static const char *const dispositions[] = {"real", "nuisance", "false", "test",
                                               "maintenance"};
    struct vd_change_body body = {0};
    struct vd_json *doc = NULL;
    const struct vd_json *version;
    int rc;

    if (len == 0) {
        *ret_body = body;
        return 0;
    }
    rc = parse_object(text, len, &doc, err);
    if (rc < 0)
        return rc;
    version = vd_json_get(doc, "version");
    if (!vd_json_is_null(version) &&
        (!vd_json_as_int(version, &body.version) || body.version < 1))
        rc = vd_err_set(err, VD_EPROTO, "'version' must be a whole number from 1");
    if (rc == 0)
        rc = take_text(doc, "disposition", false, body.disposition, sizeof body.disposition,
                       err);
    if (rc == 0)
        rc = take_text(doc, "note", false, body.note, sizeof body.note, err);
    if (rc == 0)
        rc = take_text(doc, "to", false, body.to, sizeof body.to, err);
    if (rc == 0)
        rc = take_time(doc, "until", &body.until_us, err);
    if (rc == 0 && body.disposition[0] != '\0') {
        rc = vd_err_set(err, VD_EPROTO,
                        "'disposition' is one of real, nuisance, false, test, maintenance");
        for (size_t i = 0; i < sizeof dispositions / sizeof dispositions[0]; i++)
            if (strcmp(body.disposition, dispositions[i]) == 0)
                rc = 0;
    }
    vd_json_free(&doc);
    if (rc == 0)
        *ret_body = body;
    return rc;
}

int vd_if_match(const char *header, int64_t *ret_version)
{
    char digits[24];
    size_t len;

    *ret_version = 0;
    if (header == NULL || header[0] == '\0')
        return 0;
    if (strncmp(header, "W/", 2) == 0)
        header += 2;
    len = strlen(header);
    if (len >= 2 && header[0] == '"' && header[len - 1] == '"') {
        header++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof digits)
        return VD_EPROTO;
    memcpy(digits, header, len);
    digits[len] = '\0';
    return vd_str_int64(digits, ret_version) && *ret_version >= 1 ? 0 : VD_EPROTO;
}
