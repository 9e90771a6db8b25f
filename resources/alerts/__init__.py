"""Watching the money: what is read, what is raised and cleared. Who is told of it belongs to whoever reads `alerts`."""
