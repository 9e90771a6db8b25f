"""The local engine: recognition, translation and synthesis with no key and no network.

Heavy packages are imported inside the functions that need them; every weights file is verified before use.
"""
