#include "ingest/source/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/thread.h"

enum { QUERIES_MAX = 32 };

/* How many are under way, abandoned ones included. */
static atomic_int queries;

/* Held by the asking thread and by the one that waits for the name server: whoever is last
 * frees it. getaddrinfo knows no deadline and can't be interrupted, so the one who asks must be
 * able to walk away; hence a thread that nobody joins. */
struct query {
    struct addrinfo *found;
    int rc; /* of getaddrinfo; valid once done_fd is readable */
    char host[256];
    int done_fd;
    atomic_int holders;
};

static void let_go(struct query *q)
{
    if (atomic_fetch_sub(&q->holders, 1) != 1)
        return;
    if (q->found != NULL)
        freeaddrinfo(q->found);
    close(q->done_fd);
    free(q);
}

static void *look_up(void *arg)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct query *q = arg;

    q->rc = getaddrinfo(q->host, NULL, &hints, &q->found);
    (void)eventfd_write(q->done_fd, 1);
    let_go(q);
    atomic_fetch_sub(&queries, 1);
    return NULL;
}

static int numeric(const struct addrinfo *found, char *address)
{
    return getnameinfo(found->ai_addr, found->ai_addrlen, address, VD_REACH_ADDRESS_MAX, NULL,
                       0, NI_NUMERICHOST);
}

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

/* 1 when fd is ready, 0 when the deadline came, VD_ESTOP. */
static int wait_fd(int fd, short events, int64_t deadline_us, const struct vd_stop *stop)
{
    struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = stop->fd, .events = POLLIN}};

    for (;;) {
        int64_t left_us = deadline_us - now_us();
        int rc;

        if (vd_stop_requested(stop))
            return VD_ESTOP;
        if (left_us <= 0)
            return 0;
        rc = poll(p, 2, (int)(left_us / 1000) + 1);
        if (rc > 0 && p[0].revents != 0)
            return 1;
        if (rc < 0 && errno != EINTR)
            return 0;
    }
}

static int ask(struct query *q, int64_t deadline_us, const struct vd_stop *stop,
               char *ret_address, struct vd_err *err)
{
    eventfd_t count;
    pthread_t thread;
    int rc;

    if (atomic_fetch_add(&queries, 1) >= QUERIES_MAX) {
        atomic_fetch_sub(&queries, 1);
        return vd_err_set(err, VD_ETIMEOUT, "host '%s': the name server answers nobody",
                          q->host);
    }
    atomic_fetch_add(&q->holders, 1);
    rc = vd_thread_start(&thread, "dns", look_up, q, err);
    if (rc < 0) {
        atomic_fetch_sub(&queries, 1);
        let_go(q);
        return rc;
    }
    (void)pthread_detach(thread);
    rc = wait_fd(q->done_fd, POLLIN, deadline_us, stop);
    if (rc < 0)
        return vd_err_set(err, VD_ESTOP, "host '%s': stopping", q->host);
    if (rc == 0)
        return vd_err_set(err, VD_ETIMEOUT, "host '%s': no answer from the name server",
                          q->host);
    (void)eventfd_read(q->done_fd, &count); /* orders what the other thread wrote */
    if (q->rc != 0 || numeric(q->found, ret_address) != 0)
        return vd_err_set(err, VD_EINVAL, "host '%s': %s", q->host,
                          q->rc != 0 ? gai_strerror(q->rc) : "no numeric form");
    return 0;
}

int vd_reach_resolve(const char *host, int64_t deadline_us, const struct vd_stop *stop,
                     char ret_address[VD_REACH_ADDRESS_MAX], struct vd_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    struct query *q;
    int rc;

    if (getaddrinfo(host, NULL, &hints, &found) == 0) { /* an address needs no name server */
        rc = numeric(found, ret_address);
        freeaddrinfo(found);
        return rc == 0 ? 0 : vd_err_set(err, VD_EINVAL, "host '%s': no numeric form", host);
    }
    q = calloc(1, sizeof *q);
    if (q == NULL)
        return vd_err_set(err, VD_ENOMEM, "host '%s': out of memory", host);
    q->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->done_fd < 0) {
        free(q);
        return vd_err_set(err, VD_ENOMEM, "host '%s': %s", host, strerror(errno));
    }
    (void)snprintf(q->host, sizeof q->host, "%s", host);
    atomic_init(&q->holders, 1);
    rc = ask(q, deadline_us, stop, ret_address, err);
    let_go(q);
    return rc;
}

static int dial(const char *address, int port, struct vd_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char service[8];
    int fd;

    (void)snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return vd_err_set(err, VD_EINVAL, "address '%s' is none", address);
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0 && errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd >= 0 ? fd : vd_err_set(err, VD_EIO, "connect '%s': %s", address, strerror(errno));
}

static enum vd_speaks judge(const char *text, size_t len)
{
    if (len == 0)
        return VD_SPEAKS_NOTHING;
    if (len >= 5 && strncmp(text, "RTSP/", 5) == 0)
        return VD_SPEAKS_RTSP;
    if (strncmp(text, "HTTP/", 5) == 0 || text[0] == '<')
        return VD_SPEAKS_HTTP;
    return VD_SPEAKS_OTHER;
}

int vd_reach_sniff(const char *address, const struct vd_url *url, int64_t deadline_us,
                   const struct vd_stop *stop, enum vd_speaks *ret_speaks, struct vd_err *err)
{
    int fd = dial(address, url->port, err), rc = 0;
    char hello[VD_URL_MAX + 64], target[VD_URL_MAX], text[16] = "";
    ssize_t len = 0;

    if (fd < 0)
        return fd;
    if (vd_url_build(url, address, NULL, NULL, target, sizeof target, NULL) == 0) {
        int n = snprintf(hello, sizeof hello, "OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\n\r\n", target);

        rc = wait_fd(fd, POLLOUT, deadline_us, stop);
        if (rc > 0 && send(fd, hello, (size_t)n, MSG_NOSIGNAL) == n)
            rc = wait_fd(fd, POLLIN, deadline_us, stop);
    }
    if (rc > 0)
        len = recv(fd, text, sizeof text - 1, 0);
    close(fd);
    if (rc < 0)
        return vd_err_set(err, VD_ESTOP, "'%s': stopping", address);
    *ret_speaks = judge(text, len > 0 ? (size_t)len : 0);
    return 0;
}
