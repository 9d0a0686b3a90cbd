/* ingest/cli/probe.h: what vedette-probe was asked for. */
#ifndef VD_INGEST_CLI_PROBE_H
#define VD_INGEST_CLI_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "config/secret.h"
#include "ingest/source/source.h"

struct vd_probe_options {
    bool is_json;
    int64_t watch_us; /* how long the stream is looked at */
    struct vd_source_opts source;
    struct vd_secret secret; /* what source.password points to */
    struct vd_config *cfg;   /* what source's texts point into, with --config */
};

enum vd_probe_parse { VD_PROBE_RUN, VD_PROBE_HELP, VD_PROBE_USAGE };

/* Fills *ret_options, which the caller finishes with vd_probe_options_fini in any case. Prints
 * what is wrong to stderr. Texts point into argv, the configuration and the secret. */
enum vd_probe_parse vd_probe_options_parse(struct vd_probe_options *ret_options, int argc,
                                           char **argv);
void vd_probe_options_fini(struct vd_probe_options *options);

#endif
