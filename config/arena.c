#include "config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

struct vd_arena_chunk {
    struct vd_arena_chunk *next;
    size_t used, room;
    alignas(max_align_t) char bytes[];
};

static struct vd_arena_chunk *grow(struct vd_arena *arena, size_t size)
{
    size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct vd_arena_chunk *chunk;

    if (room > SIZE_MAX - sizeof *chunk)
        return NULL;
    chunk = malloc(sizeof *chunk + room);
    if (chunk == NULL)
        return NULL;
    chunk->used = 0;
    chunk->room = room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *vd_arena_alloc(struct vd_arena *arena, size_t size)
{
    struct vd_arena_chunk *chunk = arena->chunks;
    char *bytes;

    if (size > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (chunk == NULL || chunk->room - chunk->used < size)
        chunk = grow(arena, size);
    if (chunk == NULL)
        return NULL;
    bytes = chunk->bytes + chunk->used;
    chunk->used += size;
    return memset(bytes, 0, size);
}

void *vd_arena_array(struct vd_arena *arena, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return vd_arena_alloc(arena, bytes);
}

char *vd_arena_text(struct vd_arena *arena, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? vd_arena_alloc(arena, len + 1) : NULL;

    return copy != NULL ? memcpy(copy, text, len) : NULL;
}

void vd_arena_fini(struct vd_arena *arena)
{
    while (arena->chunks != NULL) {
        struct vd_arena_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
}
