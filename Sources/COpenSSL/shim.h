// OpenSSL 3 for Swift: the headers, with the macros that Swift cannot see as inline functions.
#ifndef AGENTD_COPENSSL_SHIM_H
#define AGENTD_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#endif
