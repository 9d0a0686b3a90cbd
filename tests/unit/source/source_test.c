#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/thread.h"
#include "ingest/source/reach.h"
#include "ingest/source/source.h"

static struct vd_stop stop;
static struct vd_source_opts opts;

static void set_up(void)
{
    (void)vd_crypto_init(NULL);
    (void)vd_stop_init(&stop, NULL);
    opts = (struct vd_source_opts){.clock = &vd_clock_system,
                                   .stop = &stop,
                                   .open_timeout_us = 700000,
                                   .read_timeout_us = 700000};
}

static void tear_down(void)
{
    vd_stop_fini(&stop);
}

TestSuite(source, .init = set_up, .fini = tear_down);

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(vd_clock_system.self);
}

/* A port of this machine that accepts and says what it is told to, once. */
struct host {
    const char *says;
    int fd, port, n;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct host *host = arg;

    for (;;) {
        int fd = accept(host->fd, NULL, NULL);
        char text[2048];

        if (fd < 0)
            return NULL;
        host->n++;
        while (recv(fd, text, sizeof text, 0) > 0)
            if (host->says != NULL)
                (void)!write(fd, host->says, strlen(host->says));
        close(fd);
    }
}

static void start(struct host *host, const char *says)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;

    *host = (struct host){.says = says, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    cr_assert_eq(bind(host->fd, (struct sockaddr *)&addr, len), 0);
    cr_assert_eq(listen(host->fd, 8), 0);
    cr_assert_eq(getsockname(host->fd, (struct sockaddr *)&addr, &len), 0);
    host->port = ntohs(addr.sin_port);
    cr_assert_eq(vd_thread_start(&host->thread, "host", serve, host, NULL), 0);
}

static void finish(struct host *host)
{
    (void)shutdown(host->fd, SHUT_RDWR);
    (void)pthread_join(host->thread, NULL);
    close(host->fd);
}

static enum vd_fault fault_of(const char *says, struct vd_err *err)
{
    enum vd_fault fault = VD_FAULT_NONE;
    struct vd_source *source = NULL;
    struct host host;
    char url[64];

    start(&host, says);
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%d/s", host.port);
    opts.url = url;
    cr_assert_lt(vd_source_open(&source, &opts, &fault, err), 0);
    cr_assert_null(source);
    finish(&host);
    return fault;
}

Test(source, names_each_refusal_of_a_camera)
{
    static const struct {
        const char *says;
        enum vd_fault fault;
    } cases[] = {
        {"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", VD_FAULT_AUTH},
        {"RTSP/1.0 403 Forbidden\r\nCSeq: 1\r\n\r\n", VD_FAULT_AUTH},
        {"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", VD_FAULT_NOT_FOUND},
        {"RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: 1\r\n\r\n", VD_FAULT_BUSY},
        {"RTSP/1.0 503 Service Unavailable\r\nCSeq: 1\r\n\r\n", VD_FAULT_BUSY},
        {"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>", VD_FAULT_PROTO},
        {"<!DOCTYPE html><html></html>\r\n\r\n", VD_FAULT_PROTO},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", VD_FAULT_PROTO},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vd_err err = {0};
        enum vd_fault fault = fault_of(cases[i].says, &err);

        cr_assert_eq(fault, cases[i].fault, "case %zu: %s, not %s: %s", i, vd_fault_name(fault),
                     vd_fault_name(cases[i].fault), err.msg);
        cr_assert_neq(err.msg[0], '\0');
    }
}

Test(source, gives_up_on_a_silent_host_in_time)
{
    int64_t begun_us = now_us();
    struct vd_err err = {0};
    enum vd_fault fault = fault_of(NULL, &err);

    cr_assert_eq(fault, VD_FAULT_TIMEOUT, "%s: %s", vd_fault_name(fault), err.msg);
    cr_assert_lt(now_us() - begun_us, 4000000);
}

Test(source, tells_a_closed_port_from_an_unknown_host)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;
    struct vd_err err = {0};

    opts.url = "rtsp://127.0.0.1:1/x";
    cr_assert_lt(vd_source_open(&source, &opts, &fault, &err), 0);
    cr_assert_eq(fault, VD_FAULT_REFUSED, "%s: %s", vd_fault_name(fault), err.msg);
    opts.url = "rtsp://no-such-host.invalid/x";
    cr_assert_lt(vd_source_open(&source, &opts, &fault, &err), 0);
    cr_assert_eq(fault, VD_FAULT_DNS, "%s: %s", vd_fault_name(fault), err.msg);
}

Test(source, leaves_at_once_when_stop_is_wished)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;
    int64_t begun_us = now_us();

    opts.open_timeout_us = 20000000;
    opts.url = "rtsp://127.0.0.1:1/x";
    vd_stop_request(&stop);
    cr_assert_eq(vd_source_open(&source, &opts, &fault, NULL), VD_ESTOP);
    cr_assert_lt(now_us() - begun_us, 1500000);
}

Test(source, never_says_the_password)
{
    struct vd_source *source = NULL;
    enum vd_fault fault;
    struct vd_err err = {0};
    struct host host;
    char url[64];

    start(&host, "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
                 "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n");
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%d/s", host.port);
    opts.url = url;
    opts.user = "viewer";
    opts.password = "s3cr@t:/#?%";
    cr_assert_lt(vd_source_open(&source, &opts, &fault, &err), 0);
    finish(&host);
    cr_assert_eq(fault, VD_FAULT_AUTH);
    cr_assert_null(strstr(err.msg, "s3cr"), "%s", err.msg);
}

Test(source, every_fault_has_a_name_and_advice)
{
    for (int i = 1; i < VD_N_FAULTS; i++) {
        cr_assert_not_null(vd_fault_name((enum vd_fault)i));
        cr_assert_gt(strlen(vd_fault_advice((enum vd_fault)i)), 20);
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(vd_fault_name((enum vd_fault)i), vd_fault_name((enum vd_fault)k));
    }
}
