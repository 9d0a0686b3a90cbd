#include "ingest/evidence/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "ingest/evidence/take.h"
#include "storage/media/media.h"

enum { PAGE_MAX = 4 * 1024 * 1024 };

struct vd_journal {
    int fd;
    char path[VD_PATH_MAX];
};

static int add_line(int fd, const char *text, size_t len)
{
    char line[VD_EVENT_JSON_MAX + 2];

    memcpy(line, text, len);
    line[len] = '\n';
    return write(fd, line, len + 1) == (ssize_t)(len + 1) ? 0 : VD_EIO;
}

int vd_journal_open(struct vd_journal **ret_journal, const char *folder, const char *id,
                    const char *area, struct vd_err *err)
{
    struct vd_journal *j = calloc(1, sizeof *j);
    int rc = j != NULL ? 0 : vd_err_set(err, VD_ENOMEM, "journal: out of memory");

    if (rc == 0)
        rc = vd_fs_mkdirs(folder, 0700, err);
    if (rc == 0)
        rc = vd_fs_join(j->path, sizeof j->path, folder, id, err);
    if (rc == 0) {
        j->fd = open(j->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (j->fd < 0)
            rc = vd_err_set(err, VD_EIO, "create '%s': %s", j->path, strerror(errno));
        else if (flock(j->fd, LOCK_EX | LOCK_NB) < 0 || add_line(j->fd, area, strlen(area)) < 0)
            rc = vd_err_set(err, VD_EIO, "write '%s': %s", j->path, strerror(errno));
        if (rc < 0 && j->fd >= 0) {
            (void)unlink(j->path);
            close(j->fd);
        }
    }
    if (rc < 0)
        free(j);
    else
        *ret_journal = j;
    return rc;
}

int vd_journal_note(struct vd_journal *j, const struct vd_event *event, struct vd_err *err)
{
    char json[VD_EVENT_JSON_MAX + 1];
    struct vd_event ev = *event;
    int len;

    if (ev.source[0] == '\0') /* not yet accepted: what the spool fills in matters to nobody */
        (void)vd_str_copy(ev.source, sizeof ev.source, "/");
    len = vd_event_encode(&ev, json, sizeof json, err);
    if (len < 0)
        return len;
    if (add_line(j->fd, json, (size_t)len) < 0)
        return vd_err_set(err, VD_EIO, "write '%s': %s", j->path, strerror(errno));
    return 0;
}

void vd_journal_finish(struct vd_journal **journal)
{
    if (*journal != NULL)
        (void)unlink((*journal)->path);
    vd_journal_leave(journal);
}

void vd_journal_leave(struct vd_journal **journal)
{
    struct vd_journal *j = *journal;

    *journal = NULL;
    if (j == NULL)
        return;
    close(j->fd);
    free(j);
}

/* ---- after a crash ---- */

static void take_event(const char *line, size_t len, struct vd_event *events, int *n)
{
    struct vd_event ev;
    int at = 0;

    if (vd_event_decode(line, len, &ev, NULL) < 0)
        return; /* torn by the crash */
    while (at < *n && !vd_uuid_equal(&events[at].event, &ev.event))
        at++;
    if (at == VD_TAKE_EVENTS_MAX)
        return;
    events[at] = ev;
    *n += at == *n;
}

/* Takes the text apart in place. */
static int read_page(char *text, struct vd_journal_page *page, struct vd_event *events)
{
    char *end = strchr(text, '\n');
    int n = 0;

    if (end == NULL)
        return VD_EPROTO;
    *end = '\0';
    if (text[0] != '\0' && !vd_area_is_valid(text))
        return VD_EPROTO;
    page->area = text;
    for (char *line = end + 1; (end = strchr(line, '\n')) != NULL; line = end + 1)
        take_event(line, (size_t)(end - line), events, &n);
    page->events = events;
    page->n_events = n;
    return 0;
}

struct recovery {
    const char *folder;
    vd_journal_fn *each;
    void *arg;
    int pages, damaged;
    struct vd_event *events;
};

/* A page that nobody holds. */
static int recover_page(struct recovery *r, const char *id, const char *path,
                        struct vd_err *err)
{
    char camera[VD_ID_MAX + 1], *text = NULL;
    struct vd_journal_page page = {.id = id};
    struct vd_uuid uuid;
    size_t len;
    int rc = 0;

    r->pages++;
    if (vd_media_parse(id, camera, &uuid, NULL) < 0 ||
        vd_fs_read(path, PAGE_MAX, &text, &len, NULL) < 0 ||
        read_page(text, &page, r->events) < 0)
        r->damaged++;
    else
        rc = r->each(r->arg, &page);
    free(text);
    if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
        rc = vd_err_set(err, VD_EIO, "remove '%s': %s", path, strerror(errno));
    return rc;
}

static int recover_entry(struct recovery *r, const char *id, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    int rc = vd_fs_join(path, sizeof path, r->folder, id, err), fd;

    if (rc < 0)
        return rc;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        rc = recover_page(r, id, path, err);
    close(fd);
    return rc;
}

int vd_journal_recover(const char *folder, vd_journal_fn *each, void *arg, int *ret_damaged,
                       struct vd_err *err)
{
    struct recovery r = {.folder = folder, .each = each, .arg = arg};
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    int rc = 0;

    *ret_damaged = 0;
    if (dir == NULL)
        return errno == ENOENT
                   ? 0
                   : vd_err_set(err, VD_EIO, "open '%s': %s", folder, strerror(errno));
    r.events = calloc(VD_TAKE_EVENTS_MAX, sizeof *r.events);
    if (r.events == NULL)
        rc = vd_err_set(err, VD_ENOMEM, "journal: out of memory");
    while (r.events != NULL && (entry = readdir(dir)) != NULL) {
        int one = entry->d_name[0] == '.' ? 0 : recover_entry(&r, entry->d_name, err);

        rc = one < 0 ? one : rc; /* and on with the others */
    }
    closedir(dir);
    free(r.events);
    *ret_damaged = r.damaged;
    return rc < 0 ? rc : r.pages;
}
