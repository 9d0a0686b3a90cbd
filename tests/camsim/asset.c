/* tests/camsim/asset.c: the file is what the memory is; a cache of another version has another
 * name, so it is never read. */
#include "tests/camsim/asset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

#define MAGIC     "vdcam03"
#define BYTES_MAX (UINT64_C(1) << 31)

struct file_head {
    char magic[8];
    int32_t n_packets, n_crossings, width, height;
    int64_t loop_us;
    uint64_t packets_at, crossings_at, caps_at, bytes_at, end;
};

struct vd_asset_writer {
    char path[VD_PATH_MAX]; /* empty: not kept */
    struct vd_packet *packets;
    uint8_t *bytes;
    size_t n_packets, packets_cap, len, cap;
};

static int check_head(const struct file_head *h, size_t len)
{
    return len >= sizeof *h && memcmp(h->magic, MAGIC, sizeof h->magic) == 0 && h->end == len &&
                   h->n_packets > 0 && h->loop_us > 0
               ? 0
               : VD_EPROTO;
}

static int map_fd(struct vd_asset **ret, int fd, const char *name, struct vd_err *err)
{
    const struct file_head *h;
    struct vd_asset *a;
    struct stat st;
    void *map;

    if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof *h)
        return vd_err_set(err, VD_EPROTO, "asset '%s': cut short", name);
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return vd_err_set(err, VD_EIO, "map asset '%s': %s", name, strerror(errno));
    h = map;
    a = calloc(1, sizeof *a);
    if (a == NULL || check_head(h, (size_t)st.st_size) < 0) {
        munmap(map, (size_t)st.st_size);
        free(a);
        return vd_err_set(err, VD_EPROTO, "asset '%s': not one of this version", name);
    }
    a->map = map;
    a->map_len = (size_t)st.st_size;
    a->packets = (const void *)((const char *)map + h->packets_at);
    a->crossings = (const void *)((const char *)map + h->crossings_at);
    a->caps = (const char *)map + h->caps_at;
    a->bytes = (const uint8_t *)map + h->bytes_at;
    a->n_packets = h->n_packets;
    a->n_crossings = h->n_crossings;
    a->width = h->width;
    a->height = h->height;
    a->loop_us = h->loop_us;
    *ret = a;
    return 0;
}

int vd_asset_open(struct vd_asset **ret_asset, struct vd_asset_writer **ret_writer,
                  const char *cache, const char *name, struct vd_err *err)
{
    struct vd_asset_writer *w;
    int fd, rc;

    w = calloc(1, sizeof *w);
    if (w == NULL)
        return vd_err_set(err, VD_ENOMEM, "asset: no memory");
    if (cache != NULL) {
        rc = vd_fs_mkdirs(cache, 0755, err);
        if (rc >= 0)
            rc = vd_fs_join(w->path, sizeof w->path, cache, name, err);
        if (rc < 0) {
            free(w);
            return rc;
        }
        fd = open(w->path, O_RDONLY | O_CLOEXEC);
        rc = fd < 0 ? VD_EAGAIN : map_fd(ret_asset, fd, name, NULL);
        if (fd >= 0)
            close(fd);
        if (rc >= 0) {
            free(w);
            return 0;
        }
    }
    *ret_writer = w;
    return VD_EAGAIN;
}

void vd_asset_close(struct vd_asset **asset)
{
    if (*asset == NULL)
        return;
    munmap((*asset)->map, (*asset)->map_len);
    free(*asset);
    *asset = NULL;
}

int vd_asset_add(struct vd_asset_writer *w, const struct vd_packet *p, const void *bytes,
                 struct vd_err *err)
{
    if (w->len + p->size > BYTES_MAX)
        return vd_err_set(err, VD_EINVAL, "asset: more than 2 GiB");
    if (w->n_packets == w->packets_cap) {
        size_t cap = w->packets_cap * 2 + 256;
        void *more = realloc(w->packets, cap * sizeof *w->packets);

        if (more == NULL)
            return vd_err_set(err, VD_ENOMEM, "asset: no memory");
        w->packets = more;
        w->packets_cap = cap;
    }
    if (w->len + p->size > w->cap) {
        size_t cap = w->cap * 2 + p->size + (1u << 20);
        void *more = realloc(w->bytes, cap);

        if (more == NULL)
            return vd_err_set(err, VD_ENOMEM, "asset: no memory");
        w->bytes = more;
        w->cap = cap;
    }
    memcpy(w->bytes + w->len, bytes, p->size);
    w->packets[w->n_packets] = *p;
    w->packets[w->n_packets++].offset = w->len;
    w->len += p->size;
    return 0;
}

static size_t round8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static int write_part(FILE *f, const void *data, size_t len)
{
    static const char pad[8] = "";
    size_t fill = round8(len) - len;

    return (len == 0 || fwrite(data, 1, len, f) == len) && fwrite(pad, 1, fill, f) == fill
               ? 0
               : VD_EIO;
}

static int write_all(int fd, const struct vd_asset_writer *w, const struct vd_asset *head)
{
    size_t caps_len = strlen(head->caps) + 1, n_cross = (size_t)head->n_crossings;
    struct file_head h = {.magic = MAGIC, .n_packets = (int32_t)w->n_packets};
    FILE *f = fdopen(dup(fd), "wb");
    int rc;

    if (f == NULL)
        return VD_EIO;
    h.n_crossings = head->n_crossings;
    h.width = head->width;
    h.height = head->height;
    h.loop_us = head->loop_us;
    h.packets_at = round8(sizeof h);
    h.crossings_at = h.packets_at + round8(w->n_packets * sizeof *w->packets);
    h.caps_at = h.crossings_at + round8(n_cross * sizeof *head->crossings);
    h.bytes_at = h.caps_at + round8(caps_len);
    h.end = h.bytes_at + round8(w->len);
    rc = write_part(f, &h, sizeof h) < 0 ||
                 write_part(f, w->packets, w->n_packets * sizeof *w->packets) < 0 ||
                 write_part(f, head->crossings, n_cross * sizeof *head->crossings) < 0 ||
                 write_part(f, head->caps, caps_len) < 0 || write_part(f, w->bytes, w->len) < 0
             ? VD_EIO
             : 0;
    return fclose(f) != 0 ? VD_EIO : rc;
}

int vd_asset_finish(struct vd_asset **ret_asset, struct vd_asset_writer **writer,
                    const struct vd_asset *head, struct vd_err *err)
{
    struct vd_asset_writer *w = *writer;
    char temp[VD_PATH_MAX + 8];
    int fd, rc;

    snprintf(temp, sizeof temp, "%s.XXXXXX", w->path);
    fd = w->path[0] != '\0' ? mkostemp(temp, O_CLOEXEC) : memfd_create("camsim", MFD_CLOEXEC);
    if (fd < 0) {
        rc = vd_err_set(err, VD_EIO, "write asset '%s': %s", temp, strerror(errno));
        goto out;
    }
    rc = write_all(fd, w, head);
    if (rc < 0)
        vd_err_set(err, rc, "write asset '%s': %s", temp, strerror(errno));
    else
        rc = map_fd(ret_asset, fd, temp, err);
    if (w->path[0] != '\0' && (rc < 0 || fchmod(fd, 0644) < 0 || rename(temp, w->path) < 0))
        unlink(temp);
    close(fd);
out:
    vd_asset_abandon(writer);
    return rc;
}

void vd_asset_abandon(struct vd_asset_writer **writer)
{
    if (*writer == NULL)
        return;
    free((*writer)->packets);
    free((*writer)->bytes);
    free(*writer);
    *writer = NULL;
}
