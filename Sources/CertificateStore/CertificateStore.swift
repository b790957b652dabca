// CertificateStore
