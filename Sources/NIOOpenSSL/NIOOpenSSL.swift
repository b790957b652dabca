// NIOOpenSSL
