#include "ingest/source/gst_decoder.h"

#include <stdlib.h>
#include <string.h>

struct listener {
    GstPadProbeCallback probe;
    void *arg;
};

static void listen_to(const struct listener *l, GstElement *element)
{
    GstElementFactory *factory = gst_element_get_factory(element);
    const gchar *class =
        factory != NULL ? gst_element_factory_get_metadata(factory, "klass") : NULL;
    GstPad *pad;

    if (GST_IS_BIN(element) || class == NULL || strstr(class, "Decoder") == NULL ||
        (strstr(class, "Video") == NULL && strstr(class, "Image") == NULL))
        return;
    pad = gst_element_get_static_pad(element, "sink");
    if (pad == NULL)
        return;
    (void)gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                            l->probe, l->arg, NULL);
    gst_object_unref(pad);
}

static void element_added(GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer arg)
{
    (void)bin;
    (void)sub_bin;
    listen_to(arg, element);
}

static void forget(gpointer arg, GClosure *closure)
{
    (void)closure;
    free(arg);
}

int vd_gst_on_decoder(GstElement *pipeline, GstPadProbeCallback probe, void *arg,
                      struct vd_err *err)
{
    struct listener *l = malloc(sizeof *l);
    GstIterator *elements;
    GValue item = G_VALUE_INIT;

    if (l == NULL)
        return vd_err_set(err, VD_ENOMEM, "pipeline: out of memory");
    *l = (struct listener){probe, arg};
    (void)g_signal_connect_data(pipeline, "deep-element-added", G_CALLBACK(element_added), l,
                                forget, 0);
    elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
    while (gst_iterator_next(elements, &item) == GST_ITERATOR_OK) {
        listen_to(l, g_value_get_object(&item));
        g_value_reset(&item);
    }
    g_value_unset(&item);
    gst_iterator_free(elements);
    return 0;
}
