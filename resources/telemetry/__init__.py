"""What operators see: log lines, metrics, traces. Customers' words, keys and signed addresses are in none of them."""
