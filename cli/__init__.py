"""The command `dubline`.

Belongs here: arguments, progress display, tables, exit codes. Does not: anything a service would need too.
Commands import what they need when they are called, so that ``dubline --help`` answers at once.
"""
