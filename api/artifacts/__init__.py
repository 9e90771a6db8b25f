"""Files that were made, and addresses for them."""
