#include "alerts/router/numbers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/metrics.h"
#include "base/str.h"

enum { NAME_MAX_BYTES = 63, LABELS_MAX = 63, HELP_MAX = 127 };

#define PREFIX "vedette_ingest_"

struct number {
    char name[NAME_MAX_BYTES + 1];
    char labels[VD_ID_MAX + LABELS_MAX + 12]; /* worker="w1", and its own */
    char help[HELP_MAX + 1];
    bool is_histogram;
    int64_t value;
    uint64_t buckets[VD_METRIC_BUCKETS];
};

struct worker {
    char name[VD_ID_MAX + 1];
    int64_t heard_us;
    int n;
    struct number numbers[VD_NUMBERS_MAX];
};

struct vd_numbers {
    pthread_mutex_t lock; /* guards what follows */
    struct worker *workers[VD_NUMBERS_WORKERS_MAX];
    int n;
};

int vd_numbers_new(struct vd_numbers **ret_numbers, struct vd_err *err)
{
    struct vd_numbers *numbers = calloc(1, sizeof *numbers);

    if (numbers == NULL)
        return vd_err_set(err, VD_ENOMEM, "metrics: out of memory");
    (void)pthread_mutex_init(&numbers->lock, NULL);
    *ret_numbers = numbers;
    return 0;
}

void vd_numbers_free(struct vd_numbers **numbers)
{
    struct vd_numbers *gone = *numbers;

    *numbers = NULL;
    if (gone == NULL)
        return;
    for (int i = 0; i < gone->n; i++)
        free(gone->workers[i]);
    (void)pthread_mutex_destroy(&gone->lock);
    free(gone);
}

/* The worker of that name, made if need be; the one that was silent longest gives way. NULL: no
 * memory, or all others talk. */
static struct worker *worker_of(struct vd_numbers *numbers, const char *name, int64_t mono_us)
{
    struct worker *w = NULL, *oldest = NULL;

    for (int i = 0; i < numbers->n; i++) {
        w = numbers->workers[i];
        if (strcmp(w->name, name) == 0)
            return w;
        if (oldest == NULL || w->heard_us < oldest->heard_us)
            oldest = w;
    }
    if (numbers->n < VD_NUMBERS_WORKERS_MAX) {
        w = calloc(1, sizeof *w);
        if (w != NULL)
            numbers->workers[numbers->n++] = w;
    } else {
        w = mono_us - oldest->heard_us > VD_NUMBERS_SILENT_US ? oldest : NULL;
    }
    if (w != NULL)
        (void)vd_str_copy(w->name, sizeof w->name, name);
    return w;
}

/* label="value", once. */
static bool is_label(const char *text, size_t len)
{
    size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    size_t value = key > 0 && strncmp(text + key, "=\"", 2) == 0
                       ? strspn(text + key + 2, "abcdefghijklmnopqrstuvwxyz0123456789-")
                       : 0;

    return value > 0 && key + 2 + value + 1 == len && text[len - 1] == '"';
}

/* Splits "name" or "name{label}". */
static bool take_name(struct number *number, const char *worker, const char *key)
{
    size_t len = strlen(key), name_len = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const char *label = key + name_len + (name_len < len);
    size_t label_len = strcspn(label, "}"), at = 0;

    if (name_len > NAME_MAX_BYTES || label_len > LABELS_MAX ||
        strncmp(key, PREFIX, strlen(PREFIX)) != 0 ||
        (name_len < len && (key[name_len] != '{' || name_len + label_len + 2 != len ||
                            !is_label(label, label_len))))
        return false;
    memcpy(number->name, key, name_len);
    return vd_str_add(number->labels, sizeof number->labels, &at, "worker=\"%s\"%s%.*s", worker,
                      label_len > 0 ? "," : "", (int)label_len, label);
}

static bool take_value(struct number *number, const struct vd_json *value)
{
    int64_t n;

    if (vd_json_as_int(value, &number->value))
        return true;
    number->is_histogram = vd_json_count(value) == VD_METRIC_BUCKETS + 1;
    for (size_t i = 0; number->is_histogram && i < VD_METRIC_BUCKETS; i++) {
        if (!vd_json_as_int(vd_json_at(value, i), &n) || n < 0)
            return false;
        number->buckets[i] = (uint64_t)n;
    }
    return number->is_histogram &&
           vd_json_as_int(vd_json_at(value, VD_METRIC_BUCKETS), &number->value);
}

/* One line of text, whatever came. */
static void take_help(struct number *number, const char *help)
{
    (void)vd_str_copy(number->help, sizeof number->help, help != NULL ? help : "Of a worker.");
    for (char *c = number->help; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == '\\')
            *c = ' ';
}

struct taking {
    struct worker *worker;
    const struct vd_json *help;
};

static int take_one(void *arg, const char *key, const struct vd_json *value)
{
    struct taking *t = arg;
    struct number *number = &t->worker->numbers[t->worker->n];

    if (t->worker->n == VD_NUMBERS_MAX)
        return 1;
    memset(number, 0, sizeof *number);
    if (!take_name(number, t->worker->name, key) || !take_value(number, value))
        return 0;
    take_help(number, vd_json_get_text(t->help, number->name));
    t->worker->n++;
    return 0;
}

void vd_numbers_take(struct vd_numbers *numbers, const char *worker,
                     const struct vd_json *hello, int64_t mono_us)
{
    const struct vd_json *metrics = vd_json_get(hello, "metrics");
    struct taking taking = {.help = vd_json_get(hello, "help")};

    if (!vd_json_is_object(metrics) || !vd_id_is_valid(worker))
        return; /* the later parts of a hello have none */
    pthread_mutex_lock(&numbers->lock);
    taking.worker = worker_of(numbers, worker, mono_us);
    if (taking.worker != NULL) {
        taking.worker->heard_us = mono_us;
        taking.worker->n = 0;
        (void)vd_json_each(metrics, take_one, &taking);
    }
    pthread_mutex_unlock(&numbers->lock);
}

static void fill(struct vd_metric *metric, const struct number *number)
{
    size_t len = strlen(number->name);
    bool is_counter = len > 6 && strcmp(number->name + len - 6, "_total") == 0;

    metric->name = number->name;
    metric->labels = number->labels;
    metric->help = number->help;
    metric->type = number->is_histogram ? VD_METRIC_HISTOGRAM
                   : is_counter         ? VD_METRIC_COUNTER
                                        : VD_METRIC_GAUGE;
    vd_metric_set(metric, number->value);
    for (int i = 0; i < VD_METRIC_BUCKETS; i++)
        atomic_store_explicit(&metric->buckets[i], number->buckets[i], memory_order_relaxed);
}

/* Adds the rows of that name, of every worker that talks. */
static size_t gather(const struct vd_numbers *numbers, const char *name, int64_t mono_us,
                     struct vd_metric *metrics, size_t n)
{
    for (int i = 0; i < numbers->n; i++) {
        const struct worker *w = numbers->workers[i];

        for (int j = 0; j < w->n && mono_us - w->heard_us <= VD_NUMBERS_SILENT_US; j++)
            if (strcmp(w->numbers[j].name, name) == 0)
                fill(&metrics[n++], &w->numbers[j]);
    }
    return n;
}

static bool is_there(const struct vd_metric *metrics, size_t n, const char *name)
{
    for (size_t i = n; i-- > 0;) /* the last is the likeliest */
        if (strcmp(metrics[i].name, name) == 0)
            return true;
    return false;
}

size_t vd_numbers_print(struct vd_numbers *numbers, int64_t mono_us, char *buf, size_t size)
{
    struct vd_metric *metrics;
    size_t n = 0, len = 0;

    pthread_mutex_lock(&numbers->lock);
    metrics = calloc((size_t)numbers->n * VD_NUMBERS_MAX + 1, sizeof *metrics);
    for (int i = 0; metrics != NULL && i < numbers->n; i++) {
        const struct worker *w = numbers->workers[i];

        for (int j = 0; j < w->n && mono_us - w->heard_us <= VD_NUMBERS_SILENT_US; j++)
            if (!is_there(metrics, n, w->numbers[j].name))
                n = gather(numbers, w->numbers[j].name, mono_us, metrics, n);
    }
    if (metrics != NULL)
        len = vd_metrics_print(metrics, n, buf, size);
    pthread_mutex_unlock(&numbers->lock);
    free(metrics);
    return len;
}
