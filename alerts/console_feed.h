/* alerts/console_feed.h: the console's place at the feed: a thread that hands alerts and
 * heartbeats over to the server's memory. */
#ifndef VD_ALERTS_CONSOLE_FEED_H
#define VD_ALERTS_CONSOLE_FEED_H

#include "alerts/api/api.h"

struct vd_console_feed;

/* Starts the thread. Everything is borrowed and must outlive it. */
int vd_console_feed_open(struct vd_console_feed **ret_feed, struct vd_api *api,
                         const struct vd_api_opts *opts, struct vd_err *err);

/* Ends it, within a second. Sets NULL, accepts NULL. */
void vd_console_feed_close(struct vd_console_feed **feed);

#endif
