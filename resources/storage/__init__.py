"""The object store: one port and its adapters."""
