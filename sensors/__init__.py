"""The ears: what happens in the product's tables becomes runs, and what becomes of runs goes back to the tables.

Belongs here: sensors, each a pure `plan_*` and a thin shell, and `definitions`, where Dagster's own processes find
everything put together. Does not: work on a recording (`dub_assets`), what happens by the clock (`schedules`).

Every sensor is level-triggered: it compares what is with what should be, and keeps no memory of its own that a
crash could lose.
"""
