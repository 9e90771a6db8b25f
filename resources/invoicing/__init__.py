"""Vendors' invoices: read from a file or from the emulator, and held against the ledger.

What is decided is in `dubbing.reconciling`; what is kept in `resources.database.invoices`.
"""
