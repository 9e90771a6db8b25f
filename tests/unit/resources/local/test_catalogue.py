from pathlib import PurePosixPath

from resources.local.catalogue import CATALOGUE, KOKORO, VOICES, WHISPER, identify_groups

PUBLISHED = {
    "model.bin": ("d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9", 145_217_532),
    "kokoro-v1.0.int8.onnx": ("6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb", 92_361_271),
}
"""What the authors of the models publish: Systran/faster-whisper-base, and kokoro-onnx's release."""


def test_joined_models_are_the_ones_their_authors_publish():
    joined = {file.name: (file.sha256, file.size_bytes) for file in CATALOGUE if file.group in {WHISPER, KOKORO}}
    assert PUBLISHED.items() <= joined.items()


def test_no_two_files_have_the_same_place():
    assert len({(file.group, file.name) for file in CATALOGUE}) == len(CATALOGUE)


def test_no_path_leaves_its_package():
    paths = [PurePosixPath(part.path) for file in CATALOGUE for part in file.parts]
    assert not any(path.is_absolute() or ".." in path.parts for path in paths)


def test_other_data_have_another_identity():
    assert len({identify_groups(WHISPER), identify_groups(KOKORO), identify_groups(KOKORO, VOICES)}) == 3
