"""An emulator of Supabase Storage: the calls and signed addresses that we rely on, as the real server was measured.

It keeps the real server's shapes (HTTP 400 with the true status as a string in the body) and its weaknesses: an upload
address works again once its object is gone, a chunked body is held to no limit, whether a key is taken is asked before
the body is read, and the type is believed as declared. The tests drive it through the official SDK.

It cannot prove:
    - that the hosted product still behaves as the server of November 2026 did, nor its CDN (which may keep serving for
      a minute after an object is gone), its limits per project, its rate limits or its network;
    - anything about row level security: every valid key is the service role;
    - what `list-v2` and asking for a bucket answer, how many a removal may name, and that a bucket that is not there
      looks empty to listing, removing and signing many: written after the server's source, not measured;
    - buckets that keep versions of their objects: it has none;
    - resumable (TUS) uploads, the S3 protocol, public buckets, image transformation: they are not here;
    - that objects outlive it: what it knows of them is in memory, only their bytes are on the disk;
    - rotation and revocation of signing keys: it has one for everything.
"""

from tests.support.supabase_storage.server import SupabaseStorage, supabase_storage_emulator

__all__ = ["SupabaseStorage", "supabase_storage_emulator"]
