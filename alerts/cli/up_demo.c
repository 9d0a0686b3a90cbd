/* alerts/cli/up_demo.c: the configuration of a first look: six simulated cameras, and rules
 * that make something of what they see. Written once; from then on it is the user's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/cli/up.h"
#include "base/str.h"

enum { PORT_FIRST = 8554, PORT_LAST = 8599, TEXT_MAX = 8192 };

/* Where the simulator listens; that this file is there makes the configuration a demonstration.
 */
#define MARK "camsim.listen"

static const char system_text[] =
    "# Written by 'vedette up' for a first look; change it as you like, it is not written "
    "again.\n"
    "# 'vedette config-reference' explains every key, 'vedette check' finds mistakes.\n"
    "areas:\n"
    "  - {code: demo, name: Demonstration}\n"
    "  - {code: demo/outside, name: Outside}\n"
    "  - {code: demo/inside, name: Inside}\n"
    "console: {listen: \"%s\"}\n"
    "ingest: {workers: 2}\n";

static const char rules_text[] =
    "rules:\n"
    "  - id: gate-motion\n"
    "    when: {kind: motion, camera: cam1}\n"
    "    severity: red\n"
    "    action: Look at the gate; send the patrol if somebody climbs over.\n"
    "    group: {by: camera, window: 60s}\n"
    "  - id: outside-motion\n"
    "    when: {kind: motion, camera: [cam2, cam3, cam4, cam5]}\n"
    "    severity: yellow\n"
    "    action: Look whether it belongs there.\n"
    "    group: {by: camera, window: 2m}\n"
    "  - id: inside-motion\n"
    "    when: {kind: motion, area: demo/inside}\n"
    "    severity: green\n"
    "    action: Look whether the doors are shut.\n"
    "    group: {by: camera, window: 2m}\n"
    "  - id: camera-lost\n"
    "    when: {kind: lost}\n"
    "    severity: yellow\n"
    "    action: Check the power and the network of the camera.\n"
    "    group: {by: camera, window: 10m}\n"
    "    resolve: auto\n"
    "  - id: sick-camera\n"
    "    when: {kind: [covered, dark, bright, blurred, moved, frozen, low-quality]}\n"
    "    severity: yellow\n"
    "    action: Look at the picture; clean, turn back or repair the camera.\n"
    "    group: {by: camera, window: 10m}\n"
    "    resolve: auto\n";

static const struct {
    const char *id, *name, *area;
} cameras[] = {
    {"cam1", "Gate", "demo/outside"},     {"cam2", "Road", "demo/outside"},
    {"cam3", "Yard", "demo/outside"},     {"cam4", "Loading dock", "demo/outside"},
    {"cam5", "Car park", "demo/outside"}, {"cam6", "Corridor", "demo/inside"},
};

/* The first port of a few that is free now. */
static int free_port(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    int on = 1;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int port = PORT_FIRST; port <= PORT_LAST; port++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_free;

        if (fd < 0)
            break;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        addr.sin_port = htons((uint16_t)port);
        is_free = bind(fd, (const struct sockaddr *)&addr, sizeof addr) == 0;
        close(fd);
        if (is_free)
            return port;
    }
    return PORT_FIRST;
}

static int put(const char *folder, const char *name, const char *text, gid_t gid,
               struct vd_err *err)
{
    char path[VD_PATH_MAX];
    int rc;

    if ((rc = vd_fs_join(path, sizeof path, folder, name, err)) < 0 ||
        (rc = vd_fs_write(path, text, strlen(text), 0640, err)) < 0)
        return rc;
    if (chown(path, (uid_t)-1, gid) != 0)
        return vd_err_set(err, VD_EIO, "chown '%s': %s", path, strerror(errno));
    return 0;
}

static int make_folder(const char *folder, const char *name, gid_t gid, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    int rc;

    if (name == NULL)
        rc = vd_str_copy(path, sizeof path, folder) ? 0 : VD_EINVAL;
    else
        rc = vd_fs_join(path, sizeof path, folder, name, err);
    if (rc < 0 || (rc = vd_fs_mkdirs(path, 0750, err)) < 0)
        return rc;
    if (chown(path, (uid_t)-1, gid) != 0 || chmod(path, 0750) != 0)
        return vd_err_set(err, VD_EIO, "chown '%s': %s", path, strerror(errno));
    return 0;
}

static void print_cameras(char *text, size_t size, int port)
{
    size_t len = 0;

    (void)vd_str_add(text, size, &len, "cameras:\n");
    for (size_t i = 0; i < sizeof cameras / sizeof cameras[0]; i++)
        (void)vd_str_add(text, size, &len,
                         "  - id: %s\n    name: %s\n    area: %s\n"
                         "    url: rtsp://127.0.0.1:%d/%s\n",
                         cameras[i].id, cameras[i].name, cameras[i].area, port, cameras[i].id);
}

int up_demo_write(const char *folder, const char *listen_at, gid_t gid, struct vd_err *err)
{
    char path[VD_PATH_MAX], mark[16], text[TEXT_MAX];
    int port, rc;

    if ((rc = vd_fs_join(path, sizeof path, folder, "vedette.yaml", err)) < 0)
        return rc;
    if (access(path, F_OK) == 0)
        return 0;
    port = free_port();
    (void)snprintf(mark, sizeof mark, "%d\n", port);
    print_cameras(text, sizeof text, port);
    if ((rc = make_folder(folder, NULL, gid, err)) < 0 ||
        (rc = make_folder(folder, "cameras", gid, err)) < 0 ||
        (rc = make_folder(folder, "rules", gid, err)) < 0 ||
        (rc = put(folder, MARK, mark, gid, err)) < 0 ||
        (rc = put(folder, "cameras/demo.yaml", text, gid, err)) < 0 ||
        (rc = put(folder, "rules/demo.yaml", rules_text, gid, err)) < 0)
        return rc;
    (void)snprintf(text, sizeof text, system_text, listen_at);
    /* Last: a folder that is half written is written again. */
    rc = put(folder, "vedette.yaml", text, gid, err);
    return rc < 0 ? rc : 1;
}

bool up_demo_is(const char *folder, char *ret_port, size_t size)
{
    char path[VD_PATH_MAX], *text = NULL;
    size_t len;
    bool is_demo;

    if (vd_fs_join(path, sizeof path, folder, MARK, NULL) < 0 ||
        vd_fs_read(path, 64, &text, &len, NULL) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    is_demo = vd_str_copy(ret_port, size, text);
    free(text);
    return is_demo;
}
