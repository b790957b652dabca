// JobLedger
