#include "ingest/evidence/clip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "ingest/evidence/fmp4.h"
#include "storage/media/media.h"

struct vd_clip {
    struct vd_fmp4 *mux;
    int fd;
    bool is_ended; /* the disk failed: nothing more goes in */
    struct vd_clip_facts facts;
    char id[VD_MEDIA_ID_MAX + 1];
    char part[VD_PATH_MAX], path[VD_PATH_MAX], folder[VD_PATH_MAX];
};

static int disk_failed(const char *what, const char *id, struct vd_err *err)
{
    return vd_err_set(err, VD_EIO, "%s clip '%s': %s", what, id, strerror(errno));
}

/* All of it or, as far as can be, nothing: a torn fragment is cut off again. */
static int append(struct vd_clip *c, const uint8_t *data, size_t len, struct vd_err *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(c->fd, data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int rc = disk_failed("write", c->id, err);

            c->is_ended = true;
            (void)!ftruncate(c->fd, c->facts.bytes);
            return rc;
        }
        done += (size_t)n;
    }
    c->facts.bytes += (int64_t)len;
    return 0;
}

static int make_paths(struct vd_clip *c, const char *root, const char *area, struct vd_err *err)
{
    struct vd_media_place place = {.root = root, .area = area, .kind = VD_MEDIA_PART};
    int rc = vd_media_path(&place, c->id, c->part, c->folder, sizeof c->part, err);

    place.kind = VD_MEDIA_CLIP;
    return rc < 0 ? rc : vd_media_path(&place, c->id, c->path, NULL, sizeof c->path, err);
}

static int make_file(struct vd_clip *c, const struct vd_clip_opts *opts, struct vd_err *err)
{
    const uint8_t *head;
    size_t len;
    int rc = make_paths(c, opts->root, opts->area, err);

    if (rc == 0)
        rc = vd_fs_mkdirs(c->folder, 0750, err);
    if (rc < 0)
        return rc;
    c->fd = open(c->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (c->fd < 0)
        return disk_failed("create", c->id, err);
    vd_fmp4_init(c->mux, &head, &len);
    rc = append(c, head, len, err);
    if (rc < 0)
        (void)unlink(c->part);
    return rc;
}

static void discard(struct vd_clip *c)
{
    vd_fmp4_close(&c->mux);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

int vd_clip_open(struct vd_clip **ret_clip, const struct vd_clip_opts *opts,
                 const struct vd_packet *first, struct vd_err *err)
{
    struct vd_clip *c = calloc(1, sizeof *c);
    int rc;

    if (c == NULL)
        return vd_err_set(err, VD_ENOMEM, "clip: out of memory");
    c->fd = -1;
    rc = vd_str_copy(c->id, sizeof c->id, opts->id)
             ? 0
             : vd_err_set(err, VD_EINVAL, "clip: that is no id");
    if (rc == 0)
        rc = vd_fmp4_open(&c->mux, first, err);
    if (rc == 0)
        rc = make_file(c, opts, err);
    if (rc < 0) {
        discard(c);
        return rc;
    }
    *ret_clip = c;
    return 0;
}

const char *vd_clip_id(const struct vd_clip *c)
{
    return c->id;
}

int vd_clip_add(struct vd_clip *c, const struct vd_packet *packet, struct vd_err *err)
{
    int rc = c->is_ended ? vd_err_set(err, VD_EINVAL, "clip '%s': it has ended", c->id)
                         : vd_fmp4_add(c->mux, packet, 0, err);

    if (rc < 0)
        return rc;
    c->facts.to_us = packet->mono_us;
    if (c->facts.from_us == 0)
        c->facts.from_us = packet->mono_us;
    return 0;
}

int vd_clip_write(struct vd_clip *c, int64_t least_us, struct vd_err *err)
{
    const uint8_t *data;
    int64_t lasts_us;
    size_t len;
    int rc, frames;

    if (c->is_ended || vd_fmp4_pending(c->mux, &lasts_us) == 0 || lasts_us < least_us)
        return 0;
    frames = vd_fmp4_cut(c->mux, &data, &len, NULL, err);
    if (frames <= 0)
        return frames;
    rc = append(c, data, len, err);
    if (rc < 0)
        return rc;
    c->facts.frames += frames;
    c->facts.written_us = c->facts.to_us;
    return 0;
}

void vd_clip_facts(const struct vd_clip *c, struct vd_clip_facts *ret_facts)
{
    *ret_facts = c->facts;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

static int give_name(const struct vd_clip *c, struct vd_err *err)
{
    if (fsync(c->fd) < 0)
        return disk_failed("sync", c->id, err);
    if (rename(c->part, c->path) < 0)
        return disk_failed("name", c->id, err);
    if (sync_folder(c->folder) < 0)
        return disk_failed("sync the folder of", c->id, err);
    return 1;
}

int vd_clip_finish(struct vd_clip **clip, struct vd_err *err)
{
    struct vd_clip *c = *clip;
    int rc, named;

    *clip = NULL;
    if (c == NULL)
        return 0;
    rc = vd_clip_write(c, 0, err);
    if (c->facts.written_us == 0) {
        (void)unlink(c->part);
        rc = rc < 0 ? rc : 0;
    } else {
        named = give_name(c, rc < 0 ? NULL : err);
        rc = rc < 0 ? rc : named;
    }
    discard(c);
    return rc;
}

/* ---- after a crash ---- */

static uint64_t big_endian(const uint8_t *bytes, int n)
{
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

int64_t vd_clip_whole(vd_clip_read_fn *read, void *arg, int64_t size, int *ret_fragments)
{
    int64_t at = 0, whole = 0;
    uint8_t head[16];

    *ret_fragments = 0;
    while (size - at >= (int64_t)sizeof head && read(arg, at, head)) {
        uint64_t len = big_endian(head, 4), least = 8;
        bool is_mdat = memcmp(head + 4, "mdat", 4) == 0;

        if (len == 1) {
            len = big_endian(head + 8, 8);
            least = 16;
        }
        if (len < least || len > (uint64_t)(size - at))
            break;
        at += (int64_t)len;
        *ret_fragments += is_mdat;
        if (is_mdat || memcmp(head + 4, "moov", 4) == 0)
            whole = at;
    }
    return whole;
}

static bool read_head(void *arg, int64_t offset, uint8_t head[16])
{
    const int *fd = arg;

    return pread(*fd, head, 16, offset) == 16;
}

static int repair(struct vd_clip *c, struct vd_err *err)
{
    struct stat st;
    int64_t whole;
    int fragments;

    if (fstat(c->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return vd_err_set(err, VD_EIO, "clip '%s': no regular file", c->id);
    whole = vd_clip_whole(read_head, &c->fd, st.st_size, &fragments);
    if (fragments == 0)
        return unlink(c->part) < 0 ? disk_failed("remove", c->id, err) : 0;
    if (whole < st.st_size && ftruncate(c->fd, whole) < 0)
        return disk_failed("cut", c->id, err);
    return give_name(c, err);
}

int vd_clip_repair(const char *root, const char *area, const char *id, struct vd_err *err)
{
    struct vd_clip c = {.fd = -1};
    int rc = 0;

    if (!vd_str_copy(c.id, sizeof c.id, id))
        return vd_err_set(err, VD_EINVAL, "clip: that is no id");
    rc = make_paths(&c, root, area, err);
    if (rc < 0)
        return rc;
    c.fd = open(c.part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (c.fd >= 0) {
        rc = repair(&c, err);
        close(c.fd);
        return rc;
    }
    if (errno != ENOENT)
        return disk_failed("open", id, err);
    return access(c.path, F_OK) == 0;
}
