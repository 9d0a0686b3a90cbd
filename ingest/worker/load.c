#include "ingest/worker/load.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PATH_ROOM = 512, LINE_ROOM = 256, ANEW = 10 /* samples after which a quota is read */ };

static double allowed_cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Two numbers of a small file; "max" counts as none. */
static int read_two(const char *path, double *ret_a, double *ret_b)
{
    FILE *f = fopen(path, "re");
    int n;

    if (f == NULL)
        return 0;
    n = fscanf(f, "%lf %lf", ret_a, ret_b);
    (void)fclose(f);
    return n;
}

/* The quota of one group, in cores; 0: none. */
static double quota_of(const char *group, int version)
{
    char path[PATH_ROOM];
    double quota = 0, period = 0, none;

    if (version == 2) {
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%.300s/cpu.max", group);
        return read_two(path, &quota, &period) == 2 && period > 0 ? quota / period : 0;
    }
    (void)snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%.300s/cpu.cfs_quota_us", group);
    if (read_two(path, &quota, &none) < 1 || quota <= 0)
        return 0;
    (void)snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%.300s/cpu.cfs_period_us", group);
    return read_two(path, &period, &none) >= 1 && period > 0 ? quota / period : 0;
}

/* The narrowest quota from our group up to the root. */
static double narrowest(char *group, int version, double cores)
{
    for (;;) {
        double quota = quota_of(group, version);
        char *slash = strrchr(group, '/');

        if (quota > 0 && quota < cores)
            cores = quota;
        if (slash == NULL)
            return cores;
        *slash = '\0';
    }
}

static double count_cores(void)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    double cores = allowed_cores();
    char line[LINE_ROOM];

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        char *first = strchr(line, ':'), *group = first != NULL ? strchr(first + 1, ':') : NULL;

        line[strcspn(line, "\n")] = '\0';
        if (group == NULL)
            continue;
        if (strncmp(line, "0::", 3) == 0)
            cores = narrowest(group + 1, 2, cores);
        else if (strncmp(first, ":cpu:", 5) == 0 || strncmp(first, ":cpu,", 5) == 0)
            cores = narrowest(group + 1, 1, cores);
    }
    if (f != NULL)
        (void)fclose(f);
    return cores;
}

static int64_t used_us(void)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int machine_percent(struct vd_load *load)
{
    int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, busy, still;
    FILE *f = fopen("/proc/stat", "re");
    int n = f != NULL
                ? fscanf(f, "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
                         &user, &nice, &system, &idle, &wait)
                : 0;

    if (f != NULL)
        (void)fclose(f);
    if (n != 5)
        return 0;
    busy = user + nice + system - load->busy_ticks;
    still = idle + wait - load->idle_ticks;
    load->busy_ticks += busy;
    load->idle_ticks += still;
    return busy >= 0 && still >= 0 && busy + still > 0 ? (int)(busy * 100 / (busy + still)) : 0;
}

struct vd_use vd_load_sample(struct vd_load *load, int64_t mono_us)
{
    int64_t used = used_us(), passed_us = mono_us - load->mono_us;
    struct vd_use use = {.machine = machine_percent(load)};
    bool is_first = load->samples == 0;

    if (load->samples++ % ANEW == 0)
        load->cores = count_cores();
    if (passed_us > 0 && load->cores > 0)
        use.own =
            (int)((double)(used - load->used_us) * 100 / ((double)passed_us * load->cores));
    if (use.own > 100)
        use.own = 100;
    load->mono_us = mono_us;
    load->used_us = used;
    return is_first ? (struct vd_use){0} : use;
}
