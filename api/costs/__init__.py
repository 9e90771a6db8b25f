"""What the installation spent, for operators: sums of the daily bills."""
