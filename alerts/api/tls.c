#include "alerts/api/tls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "config/secret.h"

enum { PEM_MAX = 64 * 1024, VALID_DAYS = 825 };

static int tls_fail(int rc, const char *what, struct vd_err *err)
{
    return vd_err_set(err, VD_EIO, "TLS: %s: %s", what, gnutls_strerror(rc));
}

static int read_pem(const char *folder, const char *file, char **ret_text, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    size_t len;
    int rc = vd_secret_path(folder, file, path, sizeof path, err);

    if (rc == 0)
        rc = vd_fs_read(path, PEM_MAX, ret_text, &len, err);
    if (rc < 0)
        return rc;
    if (strstr(*ret_text, "-----BEGIN ") == NULL) {
        free(*ret_text);
        *ret_text = NULL;
        return vd_err_set(err, VD_EINVAL, "TLS: '%s' is no PEM file", path);
    }
    return 0;
}

static int fill(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
    static const unsigned char loopback[4] = {127, 0, 0, 1};
    unsigned char serial[16];
    char host[256] = "vedette";
    int rc;

    gethostname(host, sizeof host - 1);
    vd_random(serial, sizeof serial);
    serial[0] &= 0x7f; /* a positive number */
    if ((rc = gnutls_x509_crt_set_version(cert, 3)) < 0 ||
        (rc = gnutls_x509_crt_set_key(cert, key)) < 0 ||
        (rc = gnutls_x509_crt_set_serial(cert, serial, sizeof serial)) < 0 ||
        (rc = gnutls_x509_crt_set_activation_time(cert, time(NULL) - 3600)) < 0 ||
        (rc = gnutls_x509_crt_set_expiration_time(cert, time(NULL) + (time_t)VALID_DAYS * 24 *
                                                                         3600)) < 0 ||
        (rc = gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, host,
                                            (unsigned)strlen(host))) < 0 ||
        (rc = gnutls_x509_crt_set_subject_alt_name(
             cert, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host), GNUTLS_FSAN_SET)) < 0 ||
        (rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                   GNUTLS_FSAN_APPEND)) < 0 ||
        (rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, loopback, 4,
                                                   GNUTLS_FSAN_APPEND)) < 0 ||
        (rc = gnutls_x509_crt_set_basic_constraints(cert, 0, -1)) < 0 ||
        (rc = gnutls_x509_crt_set_key_purpose_oid(cert, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0)
        return rc;
    return gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0);
}

static int write_pair(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key, const char *cert_path,
                      const char *key_path, struct vd_err *err)
{
    gnutls_datum_t cert_pem = {0}, key_pem = {0};
    int rc = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &cert_pem);

    if (rc >= 0)
        rc = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem);
    if (rc < 0)
        rc = tls_fail(rc, "export", err);
    else if ((rc = vd_fs_write(key_path, key_pem.data, key_pem.size, 0600, err)) >= 0)
        rc = vd_fs_write(cert_path, cert_pem.data, cert_pem.size, 0644, err);
    if (key_pem.data != NULL)
        vd_secret_wipe(key_pem.data, key_pem.size);
    gnutls_free(cert_pem.data);
    gnutls_free(key_pem.data);
    return rc;
}

static int generate(const char *cert_path, const char *key_path, struct vd_err *err)
{
    gnutls_x509_crt_t cert = NULL;
    gnutls_x509_privkey_t key = NULL;
    int rc;

    if ((rc = gnutls_x509_crt_init(&cert)) < 0 || (rc = gnutls_x509_privkey_init(&key)) < 0 ||
        (rc = gnutls_x509_privkey_generate(
             key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)) < 0 ||
        (rc = fill(cert, key)) < 0)
        rc = tls_fail(rc, "certificate", err);
    else
        rc = write_pair(cert, key, cert_path, key_path, err);
    if (cert != NULL)
        gnutls_x509_crt_deinit(cert);
    if (key != NULL)
        gnutls_x509_privkey_deinit(key);
    return rc;
}

static int load_pair(const char *folder, const char *cert, const char *key, char **ret_cert,
                     char **ret_key, struct vd_err *err)
{
    int rc = read_pem(folder, cert, ret_cert, err);

    if (rc == 0 && (rc = read_pem(folder, key, ret_key, err)) < 0) {
        free(*ret_cert);
        *ret_cert = NULL;
    }
    return rc;
}

int vd_tls_load(const struct vd_config *cfg, const char *state, char **ret_cert, char **ret_key,
                struct vd_err *err)
{
    const struct vd_tls_cfg *tls = &cfg->console.tls;
    char cert[VD_PATH_MAX], key[VD_PATH_MAX];
    int rc;

    if (tls->cert != NULL && tls->key != NULL)
        return load_pair(cfg->folder, tls->cert, tls->key, ret_cert, ret_key, err);
    if (!tls->is_generated)
        return 0;
    if ((rc = vd_fs_join(cert, sizeof cert, state, "console", err)) < 0 ||
        (rc = vd_fs_mkdirs(cert, 0700, err)) < 0 ||
        (rc = vd_fs_join(cert, sizeof cert, state, "console/cert.pem", err)) < 0 ||
        (rc = vd_fs_join(key, sizeof key, state, "console/key.pem", err)) < 0)
        return rc;
    if ((access(cert, R_OK) != 0 || access(key, R_OK) != 0) &&
        (rc = generate(cert, key, err)) < 0)
        return rc;
    return load_pair(NULL, cert, key, ret_cert, ret_key, err);
}
