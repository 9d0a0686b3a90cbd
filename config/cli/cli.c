#include "config/cli/cli.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/keys.h"
#include "config/place.h"

#ifndef VD_LIBEXECDIR
#define VD_LIBEXECDIR "/usr/libexec/vedette"
#endif

int vd_cli_fail(int status, const char *fmt, ...)
{
    va_list ap;

    (void)fflush(stdout);
    fputs("vedette: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

void vd_cli_help(const struct vd_verb *verbs, size_t n, const char *prefix)
{
    for (size_t i = 0; i < n; i++)
        printf("  %s %s%s%s\n      %s\n", prefix, verbs[i].name,
               verbs[i].usage[0] != '\0' ? " " : "", verbs[i].usage, verbs[i].help);
}

int vd_cli_dispatch(const struct vd_verb *verbs, size_t n, const char *prefix, int argc,
                    char **argv)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(verbs[i].name, argv[1]) != 0)
            continue;
        if (argc == 3 && strcmp(argv[2], "--help") == 0 && verbs[i].run != vd_cli_camera) {
            vd_cli_help(&verbs[i], 1, prefix);
            return VD_CLI_DONE;
        }
        return verbs[i].run(argc - 1, argv + 1);
    }
    for (size_t i = 0; i < n; i++)
        if (vd_text_near(argv[1], verbs[i].name))
            return vd_cli_fail(VD_CLI_USAGE, "'%s' is no command; did you mean '%s %s'?",
                               argv[1], prefix, verbs[i].name);
    return -1;
}

int vd_cli_folder(const char *config, const char *state, char path[VD_CONFIG_PATH_MAX])
{
    struct vd_err err = {0};

    if (vd_place_config(config, state, path, VD_CONFIG_PATH_MAX, &err) < 0)
        return vd_cli_fail(VD_CLI_USAGE, "%s", err.msg);
    if (config == NULL && access(path, F_OK) != 0)
        return vd_cli_fail(VD_CLI_FAILED,
                           "there is no configuration in '%s'; name its folder with --config",
                           path);
    return 0;
}

int vd_cli_load(struct vd_config **ret_cfg, const char *folder, const struct vd_overlay *over,
                unsigned secrets)
{
    struct vd_problems problems = {0};
    struct vd_err err = {0};
    int rc = vd_config_load_with(ret_cfg, folder, over, secrets, &problems, &err);
    int n = vd_problems_count(&problems);

    if (rc == VD_EINVAL && n > 0) {
        vd_problems_print(&problems, folder, stderr);
        rc = vd_cli_fail(VD_CLI_FAILED, "%d problem%s in '%s'", n, n == 1 ? "" : "s", folder);
    } else if (rc < 0) {
        rc = vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    }
    vd_problems_fini(&problems);
    return rc;
}

bool vd_cli_program(const char *verb, char path[VD_CONFIG_PATH_MAX])
{
    char self[PATH_MAX] = "";
    const char *slash;

    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        self[0] = '\0';
    slash = strrchr(self, '/');
    if (slash != NULL &&
        snprintf(path, VD_CONFIG_PATH_MAX, "%.*s/vedette-%s", (int)(slash - self), self, verb) <
            VD_CONFIG_PATH_MAX &&
        access(path, X_OK) == 0)
        return true;
    return snprintf(path, VD_CONFIG_PATH_MAX, "%s/vedette-%s", VD_LIBEXECDIR, verb) <
               VD_CONFIG_PATH_MAX &&
           access(path, X_OK) == 0;
}
