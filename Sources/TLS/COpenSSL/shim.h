// OpenSSL 3 for Swift: its headers, and its macros as inline functions, because Swift cannot import them.
#ifndef AGENTD_COPENSSL_SHIM_H
#define AGENTD_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// RFC 4514 as readable UTF-8: by default every byte above 127 would be escaped.
static const unsigned long cssl_name_flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

// Stacks.
static inline STACK_OF(X509) *cssl_X509_stack_new(void) { return sk_X509_new_null(); }
static inline int cssl_X509_stack_count(const STACK_OF(X509) *s) { return s == NULL ? 0 : sk_X509_num(s); }
static inline X509 *cssl_X509_stack_at(const STACK_OF(X509) *s, int i) { return sk_X509_value(s, i); }
// Returns the replaced element, which the caller then owns; the stack owns `x`.
static inline X509 *cssl_X509_stack_replace(STACK_OF(X509) *s, int i, X509 *x) { X509 *old = sk_X509_value(s, i); sk_X509_set(s, i, x); return old; }
static inline int cssl_X509_stack_push(STACK_OF(X509) *s, X509 *x) { return sk_X509_push(s, x); }
// Frees the stack and drops one reference to each element.
static inline void cssl_X509_stack_free_all(STACK_OF(X509) *s) { sk_X509_pop_free(s, X509_free); }
// Frees the stack but not its elements.
static inline void cssl_X509_stack_free(STACK_OF(X509) *s) { sk_X509_free(s); }

static inline int cssl_X509_CRL_stack_count(const STACK_OF(X509_CRL) *s) { return s == NULL ? 0 : sk_X509_CRL_num(s); }
static inline X509_CRL *cssl_X509_CRL_stack_at(const STACK_OF(X509_CRL) *s, int i) { return sk_X509_CRL_value(s, i); }

static inline int cssl_PKCS7_stack_count(const STACK_OF(PKCS7) *s) { return s == NULL ? 0 : sk_PKCS7_num(s); }
static inline PKCS7 *cssl_PKCS7_stack_at(const STACK_OF(PKCS7) *s, int i) { return sk_PKCS7_value(s, i); }
static inline void cssl_PKCS7_stack_free_all(STACK_OF(PKCS7) *s) { sk_PKCS7_pop_free(s, PKCS7_free); }

static inline int cssl_SAFEBAG_stack_count(const STACK_OF(PKCS12_SAFEBAG) *s) { return sk_PKCS12_SAFEBAG_num(s); }
static inline const PKCS12_SAFEBAG *cssl_SAFEBAG_stack_at(const STACK_OF(PKCS12_SAFEBAG) *s, int i) {
  return sk_PKCS12_SAFEBAG_value(s, i);
}
static inline void cssl_SAFEBAG_stack_free_all(STACK_OF(PKCS12_SAFEBAG) *s) {
  sk_PKCS12_SAFEBAG_pop_free(s, PKCS12_SAFEBAG_free);
}

static inline STACK_OF(X509_NAME) *cssl_X509_NAME_stack_new(void) { return sk_X509_NAME_new_null(); }
static inline int cssl_X509_NAME_stack_push(STACK_OF(X509_NAME) *s, X509_NAME *n) { return sk_X509_NAME_push(s, n); }
static inline int cssl_X509_NAME_stack_count(const STACK_OF(X509_NAME) *s) { return sk_X509_NAME_num(s); }
static inline X509_NAME *cssl_X509_NAME_stack_at(const STACK_OF(X509_NAME) *s, int i) { return sk_X509_NAME_value(s, i); }
static inline void cssl_X509_NAME_stack_free_all(STACK_OF(X509_NAME) *s) { sk_X509_NAME_pop_free(s, X509_NAME_free); }

static inline int cssl_GENERAL_NAME_stack_count(const GENERAL_NAMES *s) { return s == NULL ? 0 : sk_GENERAL_NAME_num(s); }
static inline GENERAL_NAME *cssl_GENERAL_NAME_stack_at(const GENERAL_NAMES *s, int i) { return sk_GENERAL_NAME_value(s, i); }

static inline GENERAL_NAMES *cssl_GENERAL_NAME_stack_new(void) { return sk_GENERAL_NAME_new_null(); }
static inline int cssl_GENERAL_NAME_stack_push(GENERAL_NAMES *s, GENERAL_NAME *n) { return sk_GENERAL_NAME_push(s, n); }

// Frees the stack and its elements.
static inline void cssl_X509_EXTENSION_stack_free_all(STACK_OF(X509_EXTENSION) *s) { sk_X509_EXTENSION_pop_free(s, X509_EXTENSION_free); }
static inline int cssl_X509_EXTENSION_stack_count(const STACK_OF(X509_EXTENSION) *s) { return s == NULL ? 0 : sk_X509_EXTENSION_num(s); }

static inline int cssl_X509_REVOKED_stack_count(STACK_OF(X509_REVOKED) *s) { return s == NULL ? 0 : sk_X509_REVOKED_num(s); }
static inline X509_REVOKED *cssl_X509_REVOKED_stack_value(STACK_OF(X509_REVOKED) *s, int i) { return sk_X509_REVOKED_value(s, i); }

static inline int cssl_DIST_POINT_stack_count(const STACK_OF(DIST_POINT) *s) { return s == NULL ? 0 : sk_DIST_POINT_num(s); }
static inline DIST_POINT *cssl_DIST_POINT_stack_at(const STACK_OF(DIST_POINT) *s, int i) { return sk_DIST_POINT_value(s, i); }
// Returns the full name of a distribution point; NULL if it has none, or one relative to its issuer.
static inline GENERAL_NAMES *cssl_DIST_POINT_NAME_full(const DIST_POINT_NAME *n) { return n == NULL || n->type != 0 ? NULL : n->name.fullname; }
static inline int cssl_GENERAL_SUBTREE_stack_count(const STACK_OF(GENERAL_SUBTREE) *s) { return s == NULL ? 0 : sk_GENERAL_SUBTREE_num(s); }
static inline GENERAL_SUBTREE *cssl_GENERAL_SUBTREE_stack_at(const STACK_OF(GENERAL_SUBTREE) *s, int i) { return sk_GENERAL_SUBTREE_value(s, i); }

// Memory BIOs.
static inline long cssl_BIO_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

// Errors.
static inline int cssl_ERR_LIB(unsigned long code) { return ERR_GET_LIB(code); }
static inline int cssl_ERR_REASON(unsigned long code) { return ERR_GET_REASON(code); }
static inline int cssl_ERR_is_system(unsigned long code) { return ERR_SYSTEM_ERROR(code) ? 1 : 0; }
#define CSSL_REASON_OFFSET 1000 // SSL_AD_REASON_OFFSET: reasons above it are alerts that the peer sent

// SSL_CTX and SSL.
static inline int cssl_SSL_CTX_set_min_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_min_proto_version(c, v); }
static inline int cssl_SSL_CTX_set_max_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_max_proto_version(c, v); }
static inline int cssl_SSL_CTX_get_min_proto_version(SSL_CTX *c) { return (int)SSL_CTX_get_min_proto_version(c); }
static inline int cssl_SSL_set_min_proto_version(SSL *s, int v) { return (int)SSL_set_min_proto_version(s, v); }
static inline int cssl_SSL_set_max_proto_version(SSL *s, int v) { return (int)SSL_set_max_proto_version(s, v); }
static const uint64_t cssl_options_server = SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
  SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t cssl_options_unsafe = SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT |
  SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_ANTI_REPLAY | SSL_OP_ALLOW_NO_DHE_KEX;
static const uint64_t cssl_options_client = SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
static inline int cssl_SSL_set_tlsext_host_name(SSL *s, const char *n) { return (int)SSL_set_tlsext_host_name(s, n); }
static inline int cssl_SSL_CTX_set1_groups_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_groups_list(c, l); }
static inline void cssl_SSL_CTX_set_max_cert_list(SSL_CTX *c, long n) { SSL_CTX_set_max_cert_list(c, n); }
static inline void cssl_SSL_CTX_set_session_cache_mode(SSL_CTX *c, long m) { SSL_CTX_set_session_cache_mode(c, m); }
static inline void cssl_SSL_CTX_set_mode(SSL_CTX *c, long m) { SSL_CTX_set_mode(c, m); }
static inline int cssl_SSL_app_data_index(void) { return SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL); }
static inline long cssl_SSL_get_negotiated_group(SSL *s) { return SSL_get_negotiated_group(s); }
static inline const char *cssl_SSL_cipher_name(const SSL *s) { return SSL_get_cipher_name(s); }

// Custom BIOs.
static inline void cssl_BIO_set_retry_read(BIO *b) { BIO_set_retry_read(b); }
static inline void cssl_BIO_clear_retry_flags(BIO *b) { BIO_clear_retry_flags(b); }

// Parts of a key; EVP_PKEY_fromdata(3), provider-keymgmt(7).
static const int cssl_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;
static const int cssl_EVP_PKEY_KEYPAIR = EVP_PKEY_KEYPAIR;
static const int cssl_SELECT_PRIVATE_KEY = OSSL_KEYMGMT_SELECT_PRIVATE_KEY;

// Type checks that are macros.
static inline int cssl_EVP_PKEY_is_a(const EVP_PKEY *k, const char *name) { return EVP_PKEY_is_a(k, name); }

#endif
