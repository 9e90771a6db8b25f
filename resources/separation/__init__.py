"""Taking the speech out of a recording: separators, and putting what they give into its place.

Belongs here: everything about what separates. What lies under a dub is decided in `resources.media.bed`.
"""
