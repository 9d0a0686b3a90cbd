/* config/node.h: a YAML file as a tree of texts that know where they stand.
 *
 * The tree knows no keys and no types: meaning comes from the tables of keys. */
#ifndef VD_CONFIG_NODE_H
#define VD_CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/arena.h"
#include "config/problems.h"

enum vd_node_type { VD_NODE_TEXT, VD_NODE_LIST, VD_NODE_MAP };

struct vd_node {
    enum vd_node_type type;
    int line, column; /* from 1 */
    const char *key;  /* within a map, else NULL */
    int key_line, key_column;
    const char *text;      /* of a TEXT: NUL-terminated, without a NUL inside; else NULL */
    bool is_quoted;        /* the text stood in quotes or in a block */
    struct vd_node *first; /* child of a LIST or MAP, in the order of the file */
    struct vd_node *next;  /* sibling */
    int n;                 /* number of children */
};

/* Reads one YAML document into *ret_root, which is allocated in arena and is NULL when the
 * text holds nothing but comments. Every input is safe. What is wrong goes to problems, under
 * the name `file`; then VD_EINVAL is returned. VD_ENOMEM. */
int vd_load_yaml(struct vd_arena *arena, const char *file, const char *text, size_t len,
                 struct vd_node **ret_root, struct vd_problems *problems);

/* The child of a map under that key, or NULL; node may be NULL. */
struct vd_node *vd_node_child(const struct vd_node *node, const char *key);

#endif
