"""What this process has counted, for a Prometheus."""
