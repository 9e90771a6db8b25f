"""The file of the key with which this installation signs its own tokens."""

import json
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from dubbing.errors import SettingsError
from resources.key_files import load_or_make

KEY_FILE = "token-signing-key.json"


def load_signing_key(folder: Path) -> jwt.PyJWK:
    """Read the key, making it first where there is none; processes that start at once end with the same key.

    Raises:
        SettingsError: the folder cannot be written, or the file holds no key.
    """
    return _parse(load_or_make(folder / KEY_FILE, lambda: json.dumps(_make_jwk()).encode()))


def _make_jwk() -> dict[str, Any]:
    numbers = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    return {**numbers, "kid": str(uuid.uuid4()), "alg": "ES256"}


def _parse(content: bytes) -> jwt.PyJWK:
    try:
        jwk = json.loads(content)
        key = jwt.PyJWK({part: jwk[part] for part in ("kty", "crv", "x", "y", "d", "kid")}, "ES256")
    except (ValueError, TypeError, KeyError, RecursionError, jwt.PyJWTError):
        raise SettingsError(
            f"The file {KEY_FILE} in the folder keys of DUBLINE_DATA_DIR holds no key; delete it and start again."
        ) from None
    return key
