"""Dead letters, for operators: listed, replayed, discarded."""
