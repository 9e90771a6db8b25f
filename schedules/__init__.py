"""The clock: what happens at fixed times.

Belongs here: schedules, and nothing of what they start (`dub_assets`). Does not: what happens because something else
did (`sensors`, whose `definitions` put everything together).
"""
