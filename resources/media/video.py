"""A film with its dub: the picture as it came, the dub beside the original sound, the captions as a text track.

Nothing of the picture is encoded again: its packets are copied bit for bit, and so is the original sound. Of the
film's own tags, chapters, data and pictures beside it nothing is carried over: they may say where and by whom it was
filmed, and are in the source's language.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import langcodes

from dubbing.errors import MediaError
from dubbing.languages import get_iso_639_2, name_language
from resources.media.containers import build_input_arguments, get_container
from resources.media.ffmpeg import Ffmpeg, name_file, start_ffmpeg, written_whole
from resources.media.inspection import SourceAudio

SYNTHETIC_SPEECH_NOTE = "The speech in the first sound track of this film is synthetic."
"""Written into every film: viewers must be able to learn it. Source: EU AI Act, Article 50."""

_HEAD_BYTES = 64
"""How far into a Matroska file its kind may stand, bytes; writers put it in the first element."""


@dataclass(frozen=True, slots=True)
class Film:
    """A container that films are delivered in.

    Attributes:
        muxer: ffmpeg's name of it.
        takes: codecs of the original sound that its players know; None where any will do.
        copies: media types of dubs whose sound it takes as it is, by the codec that others are encoded to.
        captions: the file it takes captions from, and how they are encoded.
        name_tag: where its players look for the name of a track.
    """

    suffix: str
    muxer: str
    media_type: str
    takes: frozenset[str] | None
    copies: frozenset[str]
    encoding: tuple[str, ...]
    captions: tuple[str, str]
    name_tag: str = "title"
    options: tuple[str, ...] = ()


_AAC = ("aac", "-b:a:0", "160k")

MP4 = Film(
    "mp4",
    "mp4",
    "video/mp4",
    takes=frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}),
    copies=frozenset({"audio/mp4"}),
    encoding=_AAC,
    captions=("srt", "mov_text"),
    name_tag="handler_name",
    options=("-movflags", "+faststart"),
)
WEBM = Film(
    "webm",
    "webm",
    "video/webm",
    takes=frozenset({"opus", "vorbis"}),
    copies=frozenset({"audio/ogg"}),
    encoding=("libopus", "-b:a:0", "128k"),
    captions=("vtt", "copy"),
)
MATROSKA = Film(
    "mkv",
    "matroska",
    "video/x-matroska",
    takes=None,
    copies=frozenset({"audio/mp4", "audio/mpeg", "audio/flac", "audio/ogg"}),
    encoding=_AAC,
    captions=("srt", "copy"),
)
"""Takes what the others refuse."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What players show.

    Attributes:
        title: of the film.
        dub, original: canonical tags of the languages.
    """

    title: str
    dub: str
    original: str


def mux_video(
    recording: Path,
    source: SourceAudio,
    dub: Path,
    dub_media_type: str,
    captions: Mapping[str, Path],
    labels: Labels,
    out: Path,
    ffmpeg: Ffmpeg,
) -> Film:
    """Write a film with its dub as the first and default sound, and the original sound as the second.

    The kind of container is the recording's own where its players know all that goes in, else Matroska. Nothing is
    made longer or shorter: a dub that runs past the picture is heard to its end, and a picture past the sound is seen.

    Args:
        recording: a film that passed inspection, as ``source`` says.
        dub_media_type: of the file ``dub``; its sound is copied where the container takes it, else encoded.
        captions: of the dub's language, files with cues by suffix, "srt" and "vtt"; none where there are no cues.
        out: the file; its name proves nothing.

    Returns:
        What it is.

    Raises:
        DiskFullError, MediaError: nothing is left behind.
    """
    film = _choose_film(recording, source)
    if film is not MATROSKA:
        with suppress(MediaError):  # what it does not take is known when its header is to be written
            return _mux(film, recording, source.picture, dub, dub_media_type, captions, labels, out, ffmpeg)
    return _mux(MATROSKA, recording, source.picture, dub, dub_media_type, captions, labels, out, ffmpeg)


def _choose_film(recording: Path, source: SourceAudio) -> Film:
    container = get_container(recording)
    film = MATROSKA
    if container == "mov":
        film = MP4
    elif container == "matroska" and _is_webm(recording):
        film = WEBM
    return film if film.takes is None or source.codec in film.takes else MATROSKA


def _is_webm(recording: Path) -> bool:
    with recording.open("rb") as file:
        return b"webm" in file.read(_HEAD_BYTES)


def _mux(
    film: Film,
    recording: Path,
    picture: int,
    dub: Path,
    dub_media_type: str,
    captions: Mapping[str, Path],
    labels: Labels,
    out: Path,
    ffmpeg: Ffmpeg,
) -> Film:
    suffix, caption_codec = film.captions
    text = captions.get(suffix)
    inputs = [*build_input_arguments(recording), *build_input_arguments(dub, is_first=False)]
    streams = ["-map", f"0:V:{picture}", "-map", "1:a:0", "-map", "0:a:0"]
    if text is not None:
        inputs += ["-f", "webvtt" if suffix == "vtt" else suffix, "-i", name_file(text)]
        streams += ["-map", "2:s:0", "-c:s", caption_codec]
    encoding = ("copy",) if dub_media_type in film.copies else film.encoding
    with written_whole(out) as part:
        arguments = [
            *inputs,
            *streams,
            *("-c:v", "copy", "-c:a:1", "copy", "-c:a:0", *encoding),
            *_build_tags(film, labels, has_text=text is not None),
            *("-fflags", "+bitexact", "-flags:a:0", "+bitexact"),  # the same bytes when made again
            *film.options,
            *("-f", film.muxer, name_file(part)),
        ]
        with start_ffmpeg(ffmpeg, arguments, purpose="put the dub into the film"):
            pass
    return film


def _build_tags(film: Film, labels: Labels, *, has_text: bool) -> list[str]:
    options = ["-map_metadata", "-1", "-map_chapters", "-1"]
    options += ["-metadata", f"title={labels.title}", "-metadata", f"comment={SYNTHETIC_SPEECH_NOTE}"]
    tracks = {
        "a:0": (labels.dub, name_language(labels.dub), "default+dub"),
        "a:1": (labels.original, f"{name_language(labels.original)} (original)", "original"),
    }
    if has_text:
        tracks["s:0"] = (labels.dub, name_language(labels.dub), "0")
    for track, (language, name, disposition) in tracks.items():
        tags = {"language": _get_language_code(film, language), film.name_tag: name}
        options += [word for tag, value in tags.items() for word in (f"-metadata:s:{track}", f"{tag}={value}")]
        options += [f"-disposition:{track}", disposition]
    return options


def _get_language_code(film: Film, tag: str) -> str:
    """MP4 has the terminologic codes of ISO 639-2, Matroska the bibliographic ones: "deu" and "ger"."""
    return str(langcodes.get(tag).to_alpha3(variant="T")) if film is MP4 else get_iso_639_2(tag)
