"""What a job would cost, told before it is submitted."""
