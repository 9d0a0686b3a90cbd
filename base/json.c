#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { PRINT_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY };

/* struct vd_json is never defined: it is jansson's json_t under a name of ours. */
static struct vd_json *ours(json_t *node)
{
    return (struct vd_json *)node;
}

static json_t *theirs(struct vd_json *node)
{
    return (json_t *)node;
}

/* jansson's getters take const, its iterators and reference counts do not. */
static const json_t *look(const struct vd_json *node)
{
    return (const json_t *)node;
}

void vd_json_init(void)
{
    json_object_seed(0);
}

/* jansson recurses up to 2048 deep, and so do its readers; refuse before it starts. */
static bool is_shallow(const char *text, size_t len)
{
    bool in_text = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (in_text) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_text = false;
        } else if (text[i] == '"') {
            in_text = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > VD_JSON_DEPTH_MAX)
                return false;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return true;
}

int vd_json_parse(struct vd_json **ret_doc, const char *text, size_t len, struct vd_err *err)
{
    json_error_t why;
    json_t *doc;

    if (!is_shallow(text, len))
        return vd_err_set(err, VD_EPROTO, "JSON nests deeper than %d levels",
                          VD_JSON_DEPTH_MAX);
    doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (doc == NULL && json_error_code(&why) == json_error_out_of_memory)
        return vd_err_set(err, VD_ENOMEM, "JSON: out of memory");
    if (doc == NULL)
        return vd_err_set(err, VD_EPROTO, "JSON line %d column %d: %s", why.line, why.column,
                          why.text);
    *ret_doc = ours(doc);
    return 0;
}

void vd_json_free(struct vd_json **doc)
{
    if (*doc != NULL)
        json_decref(theirs(*doc));
    *doc = NULL;
}

struct vd_json *vd_json_object(void)
{
    return ours(json_object());
}

struct vd_json *vd_json_array(void)
{
    return ours(json_array());
}

struct vd_json *vd_json_text(const char *text)
{
    return ours(text != NULL ? json_string(text) : json_null());
}

struct vd_json *vd_json_int(int64_t value)
{
    return ours(json_integer(value));
}

struct vd_json *vd_json_real(double value)
{
    return ours(isfinite(value) ? json_real(value) : json_null());
}

struct vd_json *vd_json_bool(bool value)
{
    return ours(json_boolean(value));
}

struct vd_json *vd_json_null(void)
{
    return ours(json_null());
}

struct vd_json *vd_json_time(int64_t wall_us)
{
    char text[VD_TIME_TEXT];

    if (wall_us == 0)
        return vd_json_null();
    vd_time_format(wall_us, text);
    return vd_json_text(text);
}

struct vd_json *vd_json_copy(const struct vd_json *node)
{
    return node == NULL ? NULL : ours(json_deep_copy(look(node)));
}

int vd_json_set(struct vd_json *object, const char *key, struct vd_json *value)
{
    return json_object_set_new(theirs(object), key, theirs(value)) == 0 ? 0 : VD_ENOMEM;
}

int vd_json_append(struct vd_json *array, struct vd_json *value)
{
    return json_array_append_new(theirs(array), theirs(value)) == 0 ? 0 : VD_ENOMEM;
}

const struct vd_json *vd_json_get(const struct vd_json *object, const char *key)
{
    return ours(json_object_get(look(object), key));
}

const struct vd_json *vd_json_at(const struct vd_json *array, size_t index)
{
    return ours(json_array_get(look(array), index));
}

size_t vd_json_count(const struct vd_json *node)
{
    return json_is_array(look(node)) ? json_array_size(look(node))
                                     : json_object_size(look(node));
}

bool vd_json_is_object(const struct vd_json *node)
{
    return json_is_object(look(node));
}

bool vd_json_is_array(const struct vd_json *node)
{
    return json_is_array(look(node));
}

bool vd_json_is_null(const struct vd_json *node)
{
    return node == NULL || json_is_null(look(node));
}

const char *vd_json_as_text(const struct vd_json *node)
{
    return json_string_value(look(node));
}

bool vd_json_as_int(const struct vd_json *node, int64_t *ret_value)
{
    if (!json_is_integer(look(node)))
        return false;
    *ret_value = json_integer_value(look(node));
    return true;
}

bool vd_json_as_real(const struct vd_json *node, double *ret_value)
{
    if (!json_is_number(look(node)))
        return false;
    *ret_value = json_number_value(look(node));
    return true;
}

bool vd_json_as_bool(const struct vd_json *node, bool *ret_value)
{
    if (!json_is_boolean(look(node)))
        return false;
    *ret_value = json_is_true(look(node));
    return true;
}

const char *vd_json_get_text(const struct vd_json *object, const char *key)
{
    return vd_json_as_text(vd_json_get(object, key));
}

int64_t vd_json_get_int(const struct vd_json *object, const char *key, int64_t otherwise)
{
    int64_t value;

    return vd_json_as_int(vd_json_get(object, key), &value) ? value : otherwise;
}

int vd_json_each(const struct vd_json *object,
                 int (*fn)(void *arg, const char *key, const struct vd_json *value), void *arg)
{
    union {
        const struct vd_json *lent;
        json_t *walked;
    } node = {.lent = object}; /* walking changes nothing, but jansson asks for non-const */
    const char *key;
    json_t *value;

    if (!json_is_object(look(object)))
        return 0;
    json_object_foreach(node.walked, key, value)
    {
        int rc = fn(arg, key, ours(value));

        if (rc != 0)
            return rc;
    }
    return 0;
}

int vd_json_print(const struct vd_json *node, char *buf, size_t size, struct vd_err *err)
{
    size_t need = node == NULL ? 0 : json_dumpb(look(node), buf, size, PRINT_FLAGS);

    if (need == 0)
        return vd_err_set(err, VD_ENOMEM, "JSON text: out of memory");
    if (need >= size)
        return vd_err_set(err, VD_EINVAL, "JSON text of %zu bytes, %zu at most", need,
                          size - 1);
    buf[need] = '\0';
    return (int)need;
}

char *vd_json_dump(const struct vd_json *node, size_t *ret_len)
{
    char *text = node == NULL ? NULL : json_dumps(look(node), PRINT_FLAGS);

    if (text != NULL && ret_len != NULL)
        *ret_len = strlen(text);
    return text;
}
