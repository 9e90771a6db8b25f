"""The lines of a dub: read, and changed one by one."""
