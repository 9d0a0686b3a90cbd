/* alerts/cli/trial.h: the rules of a configuration over recorded messages, without a router:
 * time is that of the messages. What the running router decided on the same messages, it
 * decides here, but for what people did to the alerts. */
#ifndef VD_ALERTS_CLI_TRIAL_H
#define VD_ALERTS_CLI_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "alerts/writer/book.h"
#include "base/event.h"

struct trial; /* one thread */

struct trial_opts {
    const struct vd_book *book; /* borrowed */
    int64_t suspect_us;         /* how far a message's time may be from its receipt */
    const char *only;           /* the rule that is of interest; NULL: all */
    bool is_json, tells_why;    /* a line for each message and rule */
    FILE *out;
};

/* VD_ENOMEM, and what vd_book_rules refuses. */
int trial_new(struct trial **ret_trial, const struct trial_opts *opts, struct vd_err *err);
void trial_free(struct trial **trial);

/* The next message in the order of the feed. Prints what it changes. VD_ENOMEM. */
int trial_take(struct trial *trial, const struct vd_event *ev, struct vd_err *err);

/* Time passes until then without a message. VD_ENOMEM. */
int trial_wait(struct trial *trial, int64_t until_us, struct vd_err *err);

/* What became of it: each alert, and for each rule how many happenings raised one and why the
 * others did not. VD_EIO. */
int trial_report(struct trial *trial, struct vd_err *err);

/* How many alerts there were. */
int trial_alerts(const struct trial *trial);

#endif
