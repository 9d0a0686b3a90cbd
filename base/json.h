/* base/json.h: JSON documents from and for the outside, behind one door (jansson). */
#ifndef VD_BASE_JSON_H
#define VD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { VD_JSON_DEPTH_MAX = 16 };

/* A node of a document. Not thread-safe; a document belongs to one thread at a time. */
struct vd_json;

/* Call once in main before threads start (seeds jansson's hash). */
void vd_json_init(void);

/* Parses len bytes of UTF-8, object or array at the top, at most VD_JSON_DEPTH_MAX deep, no
 * duplicate keys, no NUL in texts. The caller bounds len and frees the result. VD_EPROTO with
 * line and column. */
int vd_json_parse(struct vd_json **ret_doc, const char *text, size_t len, struct vd_err *err);

/* Frees a document or an unattached node; sets NULL, accepts NULL. */
void vd_json_free(struct vd_json **doc);

/* Fresh nodes; NULL when memory is out (text: also when it is no UTF-8). The setters take them
 * and report that. */
struct vd_json *vd_json_object(void);
struct vd_json *vd_json_array(void);
struct vd_json *vd_json_text(const char *text); /* NULL text gives a JSON null */
struct vd_json *vd_json_int(int64_t value);
struct vd_json *vd_json_real(double value); /* not finite gives a JSON null */
struct vd_json *vd_json_bool(bool value);
struct vd_json *vd_json_null(void);
struct vd_json *vd_json_time(int64_t wall_us); /* RFC 3339; 0 gives a JSON null */

/* Deep copy, NULL when memory is out. */
struct vd_json *vd_json_copy(const struct vd_json *node);

/* Puts value (taken, also on failure; NULL allowed and failing) under key / at the end.
 * VD_ENOMEM. */
int vd_json_set(struct vd_json *object, const char *key, struct vd_json *value);
int vd_json_append(struct vd_json *array, struct vd_json *value);

/* Getters lend; everything tolerates NULL and answers NULL / false / 0 for a node of another
 * type or a missing key. */
const struct vd_json *vd_json_get(const struct vd_json *object, const char *key);
const struct vd_json *vd_json_at(const struct vd_json *array, size_t index);
size_t vd_json_count(const struct vd_json *node); /* of an array's items or an object's keys */
bool vd_json_is_object(const struct vd_json *node);
bool vd_json_is_array(const struct vd_json *node);
bool vd_json_is_null(const struct vd_json *node); /* a JSON null, or no node at all */
const char *vd_json_as_text(const struct vd_json *node);
bool vd_json_as_int(const struct vd_json *node, int64_t *ret_value);
bool vd_json_as_real(const struct vd_json *node, double *ret_value); /* integers too */
bool vd_json_as_bool(const struct vd_json *node, bool *ret_value);

/* Short forms for the usual: the text under key, or NULL; the integer, or otherwise. */
const char *vd_json_get_text(const struct vd_json *object, const char *key);
int64_t vd_json_get_int(const struct vd_json *object, const char *key, int64_t otherwise);

/* Calls fn for each key of an object, in the order of the text, until it returns non-zero;
 * returns that, or 0. */
int vd_json_each(const struct vd_json *object,
                 int (*fn)(void *arg, const char *key, const struct vd_json *value), void *arg);

/* Compact text into buf; returns its length (a NUL follows), VD_EINVAL when it does not fit.
 * Reals carry nine significant digits. */
int vd_json_print(const struct vd_json *node, char *buf, size_t size, struct vd_err *err);

/* Compact text in a fresh buffer, the caller's to free; NULL when memory is out. */
char *vd_json_dump(const struct vd_json *node, size_t *ret_len);

#endif
