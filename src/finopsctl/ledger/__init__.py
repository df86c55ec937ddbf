"""The ledger: one frame of requests, usage buckets and money lines, whatever the source."""
