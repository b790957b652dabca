// CertificateImport
