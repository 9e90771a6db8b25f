"""Engines of vendors: Deepgram, OpenAI and ElevenLabs, each through its official package, loaded at first use.

An adapter makes one call at a time and says what it used; whether and when to call is `resources.purchasing`'s.
"""
