"""Vendors' invoices held against the ledger, for operators: compared, listed, read."""
