"""Who is calling: tokens are checked here, and an installation without Supabase issues its own.

What a caller may see is the database's to decide, by row-level security on the claims; how a token travels
is the API's business.
"""
