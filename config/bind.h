/* config/bind.h: puts what a tree of texts says into a struct, row by row of its keys. */
#ifndef VD_CONFIG_BIND_H
#define VD_CONFIG_BIND_H

#include "base/err.h"
#include "config/arena.h"
#include "config/keys.h"
#include "config/node.h"
#include "config/problems.h"

struct vd_bind {
    struct vd_arena *arena;       /* for what the struct points to */
    struct vd_problems *problems; /* for what is wrong, all of it */
    const char *file;             /* its name in problems */
};

/* Fills object, which is zeroed, with defaults and then with what node says; node may be NULL
 * (nothing is given: defaults, and no required key is missed). Problems do not end the work: a
 * field with one keeps its default. Rows with VD_KEY_GATHERED are left alone. Returns 0 also
 * with problems; VD_ENOMEM. */
int vd_bind(const struct vd_bind *bind, const struct vd_keys *keys, const struct vd_node *node,
            void *object);

/* Adds a problem at a node. */
__attribute__((format(printf, 3, 4))) void vd_bind_problem(const struct vd_bind *bind,
                                                           const struct vd_node *node,
                                                           const char *fmt, ...);

#endif
