#include "alerts/writer/pile.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, KEPT_MAX = 16 };

struct vd_pile_block {
    struct vd_pile_block *next;
    size_t size;
    alignas(max_align_t) char data[];
};

static struct vd_pile_block *block_new(size_t len)
{
    size_t size = len > BLOCK ? len : BLOCK;
    struct vd_pile_block *b = malloc(sizeof *b + size);

    if (b != NULL) {
        b->next = NULL;
        b->size = size;
    }
    return b;
}

void *vd_pile_take(struct vd_pile *pile, size_t len)
{
    size_t need = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct vd_pile_block *b = pile->now;

    while (b != NULL && b->size - pile->used < need) {
        b = b->next;
        pile->used = 0;
        if (b != NULL)
            pile->now = b;
    }
    if (b == NULL) {
        b = block_new(need);
        if (b == NULL)
            return NULL;
        if (pile->now != NULL)
            pile->now->next = b;
        else
            pile->first = b;
        pile->now = b;
        pile->used = 0;
    }
    pile->used += need;
    return b->data + pile->used - need;
}

char *vd_pile_copy(struct vd_pile *pile, const void *data, size_t len)
{
    char *copy = vd_pile_take(pile, len + 1);

    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

static void drop(struct vd_pile_block *b)
{
    while (b != NULL) {
        struct vd_pile_block *next = b->next;

        free(b);
        b = next;
    }
}

void vd_pile_reset(struct vd_pile *pile)
{
    struct vd_pile_block *b = pile->first;

    for (int n = 1; b != NULL; b = b->next, n++)
        if (n == KEPT_MAX) {
            drop(b->next);
            b->next = NULL;
        }
    pile->now = pile->first;
    pile->used = 0;
}

void vd_pile_fini(struct vd_pile *pile)
{
    drop(pile->first);
    memset(pile, 0, sizeof *pile);
}
