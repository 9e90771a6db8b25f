"""Run as a program: one reading by the espeak-ng library. Text comes on stdin, 16-bit samples go out on stdout.

It must not import anything of ours or installed: it is started with neither.
"""

import ctypes
import sys

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF_8 = 1
_BY_CHARACTER = 1
_RATE = 1


def main(library_path: str, data_path: str, voice: str, words_per_minute: str) -> int:
    """Speak stdin; the answer is the exit code."""
    text = sys.stdin.buffer.read() + b"\0"
    library = ctypes.CDLL(library_path)
    receiver = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

    def receive(samples: int | None, frames: int, _events: int | None) -> int:
        if samples and frames > 0:
            sys.stdout.buffer.write(ctypes.string_at(samples, 2 * frames))
        return 0

    callback = receiver(receive)
    if library.espeak_Initialize(_SYNCHRONOUS, 0, data_path.encode(), _DO_NOT_EXIT) <= 0:
        return 1
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        return 2
    library.espeak_SetParameter(_RATE, int(words_per_minute), 0)
    if library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, _BY_CHARACTER, 0, _UTF_8, None, None) != 0:
        return 3
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
