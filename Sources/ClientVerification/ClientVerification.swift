// ClientVerification
