"""Dead letters as people work with them: listed, priced, replayed, discarded.

What a letter is and when it is settled belongs to `resources.database.dead_letters`.
"""
