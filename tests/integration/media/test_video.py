"""Films: the picture copied bit for bit, the dub in front of the original sound, captions and tags for players."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from dubbing.caption_formats import render_srt, render_vtt
from dubbing.captions import Cue
from dubbing.errors import MediaError, UnsafeMediaError
from resources.media import video
from resources.media.bed import prepare_bed
from resources.media.decoding import decode_mono
from resources.media.ffmpeg import Ffmpeg, name_file
from resources.media.inspection import SourceAudio, inspect_media
from resources.media.video import SYNTHETIC_SPEECH_NOTE, Film, Labels, mux_video
from tests.support.audio import PNG, encode, make_clicks, make_tone, run_tool

RATE_HZ = 48_000
PICTURE = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2"]
H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2"]
FILMS = {
    "film.mp4": [*H264, "-c:a", "aac"],
    "film.mov": [*H264, "-c:a", "aac"],
    "prores.mov": ["-c:v", "prores", "-c:a", "aac"],
    "pcm.mov": [*H264, "-c:a", "pcm_s16le"],
    "film.mkv": [*H264, "-c:a", "aac"],
    "film.webm": ["-c:v", "libvpx", "-c:a", "libopus"],
    "film.avi": ["-c:v", "mpeg4", "-c:a", "mp3"],
}
SECRETS = ["-metadata", "artist=Secret", "-metadata", "location=+12.34-056.78/", "-metadata:s:v:0", "title=Secret"]
DUBS = {
    "audio/mp4": ["-c:a", "aac", "-f", "ipod"],
    "audio/ogg": ["-c:a", "libopus", "-f", "ogg"],
    "audio/wav": ["-f", "wav"],
}
LABELS = Labels("-i Título [a];b (Arabic)", "ar", "de")
CUES = (Cue(300, 1200, ("BBC قالت: نعم.",)), Cue(1300, 2200, ("<b>لا</b>!",)))


class Scene:
    """A film, a dub with a click at its first second, and captions."""

    def __init__(self, ffmpeg: Ffmpeg, folder: Path, name: str, *, dub: str = "audio/mp4", dub_ms: int = 2500) -> None:
        self.ffmpeg, self.recording, self.out = ffmpeg, folder / name, folder / "out"
        sound = folder / "sound.wav"
        encode(ffmpeg, make_tone(440, 2100, RATE_HZ), RATE_HZ, sound, "-f", "wav")
        run_tool(ffmpeg, [*PICTURE, "-i", str(sound), *FILMS[name], *SECRETS, str(self.recording)])
        self.source: SourceAudio = inspect_media(self.recording, ffmpeg, max_duration_ms=60_000)
        self.dub_media_type = dub
        self.dub = encode(ffmpeg, make_clicks([1000], dub_ms, RATE_HZ), RATE_HZ, folder / "dub", *DUBS[dub])
        self.captions = {"srt": folder / "captions.srt", "vtt": folder / "captions.vtt"}
        self.captions["srt"].write_text(render_srt(CUES, right_to_left=True), encoding="utf-8")
        self.captions["vtt"].write_text(render_vtt(CUES, right_to_left=True), encoding="utf-8")

    def mux(self) -> Film:
        return mux_video(
            self.recording,
            self.source,
            self.dub,
            self.dub_media_type,
            self.captions,
            LABELS,
            self.out,
            self.ffmpeg,
        )


def ask(ffmpeg: Ffmpeg, file: Path, *arguments: str) -> bytes:
    command = [str(ffmpeg.path), "-v", "error", "-i", name_file(file), *arguments, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def hash_packets(ffmpeg: Ffmpeg, file: Path, stream: str) -> bytes:
    return ask(ffmpeg, file, "-map", stream, "-c", "copy", "-f", "hash")


def find_onset_ms(samples: np.ndarray) -> float:
    return int(np.argmax(np.abs(samples) > 0.2)) * 1000 / RATE_HZ


def find_click_ms(ffmpeg: Ffmpeg, file: Path, track: int = 0) -> float:
    layout = ["-map", f"0:a:{track}", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "f32le"]
    return find_onset_ms(np.frombuffer(ask(ffmpeg, file, *layout), "<f4"))


def describe(file: Path) -> dict[str, Any]:
    """Read a film in a process of its own, as another program does."""
    program = (
        "import av, json, sys\n"
        "with av.open(sys.argv[1]) as c: print(json.dumps({'tags': dict(c.metadata), 'chapters': len(c.chapters()),"
        "'streams': [[s.type, s.codec_context.codec.canonical_name if s.codec_context else '',"
        "bool(s.disposition & av.stream.Disposition.default), dict(s.metadata)] for s in c.streams]}))"
    )
    answer = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, check=True)
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("film.mp4", "mp4"),
        ("film.mov", "mp4"),
        ("prores.mov", "mkv"),
        ("pcm.mov", "mkv"),
        ("film.mkv", "mkv"),
        ("film.webm", "webm"),
        ("film.avi", "mkv"),
    ],
)
def test_picture_and_original_sound_are_copied_bit_for_bit(ffmpeg: Ffmpeg, tmp_path: Path, name: str, suffix: str):
    scene = Scene(ffmpeg, tmp_path, name)
    assert scene.mux().suffix == suffix
    assert hash_packets(ffmpeg, scene.out, "0:v:0") == hash_packets(ffmpeg, scene.recording, "0:v:0")
    assert hash_packets(ffmpeg, scene.out, "0:a:1") == hash_packets(ffmpeg, scene.recording, "0:a:0")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.webm"])
@pytest.mark.parametrize("dub", DUBS)
def test_the_dub_comes_first_and_where_it_was_whatever_its_format(ffmpeg: Ffmpeg, tmp_path: Path, name: str, dub: str):
    scene = Scene(ffmpeg, tmp_path, name, dub=dub)
    film = scene.mux()
    assert find_click_ms(ffmpeg, scene.out) == pytest.approx(1000, abs=2)
    is_copied = hash_packets(ffmpeg, scene.out, "0:a:0") == hash_packets(ffmpeg, scene.dub, "0:a:0")
    assert is_copied == (dub in film.copies)
    kinds = [(kind, codec) for kind, codec, _, _ in describe(scene.out)["streams"]]
    codec = {"audio/mp4": "aac", "audio/ogg": "opus"}[dub] if is_copied else film.encoding[0].removeprefix("lib")
    assert [kind for kind, _ in kinds] == ["video", "audio", "audio", "subtitle"]
    assert kinds[1][1] == codec


@pytest.mark.parametrize(
    ("name", "german", "note"),
    [("film.mp4", "deu", "comment"), ("film.mkv", "ger", "COMMENT"), ("film.webm", "ger", "COMMENT")],
)
def test_players_see_languages_names_and_the_disclosure_and_nothing_of_the_sources_tags(
    ffmpeg: Ffmpeg, tmp_path: Path, name: str, german: str, note: str
):
    scene = Scene(ffmpeg, tmp_path, name)
    film = scene.mux()
    seen = describe(scene.out)
    picture, dub, original, text = (tags for _, _, _, tags in seen["streams"])
    assert [tags.get("language") for tags in (dub, original, text)] == ["ara", german, "ara"]
    assert [tags[film.name_tag] for tags in (dub, original, text)] == ["Arabic", "German (original)", "Arabic"]
    assert [is_default for kind, _, is_default, _ in seen["streams"] if kind == "audio"] == [True, False]
    assert (seen["tags"]["title"], seen["tags"][note]) == (LABELS.title, SYNTHETIC_SPEECH_NOTE)
    assert b"Secret" not in scene.out.read_bytes()
    assert b"056.78" not in scene.out.read_bytes()
    assert "title" not in picture


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.webm"])
def test_the_captions_in_the_film_are_the_captions(ffmpeg: Ffmpeg, tmp_path: Path, name: str):
    scene = Scene(ffmpeg, tmp_path, name)
    scene.mux()
    text = ask(ffmpeg, scene.out, "-map", "0:s:0", "-f", "webvtt").decode()
    assert "00:00.300 --> 00:01.200" in text
    assert "00:01.300 --> 00:02.200" in text
    assert "BBC قالت: نعم." in text
    assert {"film.webm": "\u200fBBC"}.get(name, "\u202bBBC") in text


def test_a_film_without_cues_has_no_text_track(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = Scene(ffmpeg, tmp_path, "film.mp4")
    scene.captions = {}
    scene.mux()
    assert [kind for kind, *_ in describe(scene.out)["streams"]] == ["video", "audio", "audio"]


@pytest.mark.parametrize("dub_ms", [1500, 4000])
def test_neither_a_longer_dub_nor_a_longer_picture_is_cut(ffmpeg: Ffmpeg, tmp_path: Path, dub_ms: int):
    scene = Scene(ffmpeg, tmp_path, "film.mp4", dub_ms=dub_ms)
    scene.mux()
    with av.open(str(scene.out)) as container:
        lengths = [float((stream.duration or 0) * stream.time_base) for stream in list(container.streams)[:2]]
    assert lengths == pytest.approx([2.0, dub_ms / 1000], abs=0.03)


def test_a_film_made_again_has_the_same_bytes(ffmpeg: Ffmpeg, tmp_path: Path):
    for name in ("film.webm", "film.mp4"):
        scene = Scene(ffmpeg, tmp_path, name)
        scene.mux()
        first = scene.out.read_bytes()
        scene.mux()
        assert scene.out.read_bytes() == first


def test_a_film_can_be_played_before_it_is_downloaded(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = Scene(ffmpeg, tmp_path, "film.mp4")
    scene.mux()
    data = scene.out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


LATE_SOUND = {
    "ts": ["-c:v", "mpeg4", "-c:a", "aac", "-f", "mpegts"],
    "ogg": ["-c:v", "libtheora", "-c:a", "libopus", "-f", "ogg"],
    "mp4": ["-c:v", "mpeg4", "-c:a", "aac"],
    "mkv": ["-c:v", "mpeg4", "-c:a", "aac"],
}


@pytest.mark.parametrize("suffix", LATE_SOUND)
def test_sound_that_begins_after_the_picture_is_at_one_time_for_all_who_read_it(
    ffmpeg: Ffmpeg, tmp_path: Path, suffix: str
):
    """A tone at 1000 ms of the film, in sound that begins at 700 ms: heard, kept as the bed, and put into the film."""
    recording, out, bed = tmp_path / f"film.{suffix}", tmp_path / "out", tmp_path / "bed.wav"
    tone = np.concatenate([np.zeros(RATE_HZ * 300 // 1000, np.float32), make_tone(440, 1000, RATE_HZ)])
    sound = encode(ffmpeg, tone, RATE_HZ, tmp_path / "sound.wav", "-f", "wav")
    late = ["-itsoffset", "0.7", "-i", str(sound)]
    run_tool(ffmpeg, [*PICTURE, *late, "-map", "0:v", "-map", "1:a", *LATE_SOUND[suffix], str(recording)])
    source = inspect_media(recording, ffmpeg, max_duration_ms=60_000)
    heard = np.concatenate(list(decode_mono(recording, ffmpeg, rate_hz=RATE_HZ)))
    layout = {"rate_hz": RATE_HZ, "channels": 1}
    prepare_bed(recording, source, "duck", (), ffmpeg, **layout, out=bed, separator=lambda: pytest.fail("asked for"))
    dub = encode(ffmpeg, heard, RATE_HZ, tmp_path / "dub", *DUBS["audio/ogg"])
    mux_video(recording, source, dub, "audio/ogg", {}, LABELS, out, ffmpeg)
    assert source.duration_ms == pytest.approx(2000, abs=50)
    assert find_onset_ms(heard) == pytest.approx(1000, abs=5)
    assert find_click_ms(ffmpeg, bed) == pytest.approx(find_onset_ms(heard), abs=1)
    assert [find_click_ms(ffmpeg, out, track) for track in (0, 1)] == pytest.approx([1000, 1000], abs=5)


def test_the_largest_picture_is_the_film(ffmpeg: Ffmpeg, tmp_path: Path):
    recording, out = tmp_path / "film.mp4", tmp_path / "out"
    preview = ["-f", "lavfi", "-i", "color=red:size=16x16:rate=10:duration=0.2"]
    tone = encode(ffmpeg, make_tone(440, 2000, RATE_HZ), RATE_HZ, tmp_path / "tone.wav", "-f", "wav")
    streams = ["-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:a", "aac"]
    run_tool(ffmpeg, [*preview, *PICTURE, "-i", str(tone), *streams, str(recording)])
    source = inspect_media(recording, ffmpeg, max_duration_ms=60_000)
    mux_video(recording, source, tone, "audio/wav", {}, LABELS, out, ffmpeg)
    assert hash_packets(ffmpeg, out, "0:v:0") == hash_packets(ffmpeg, recording, "0:v:1")


def test_a_cover_is_no_picture_of_a_film(ffmpeg: Ffmpeg, tmp_path: Path):
    (tmp_path / "cover.png").write_bytes(PNG)
    tone = encode(ffmpeg, make_tone(440, 2000, RATE_HZ), RATE_HZ, tmp_path / "tone.wav", "-f", "wav")
    song = tmp_path / "song.m4a"
    cover = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v:0", "attached_pic", "-c:a", "aac"]
    run_tool(ffmpeg, ["-i", str(tone), "-i", str(tmp_path / "cover.png"), *cover, str(song)])
    source = inspect_media(song, ffmpeg, max_duration_ms=60_000)
    assert not source.has_video
    with pytest.raises(MediaError):
        mux_video(song, source, tone, "audio/wav", {}, LABELS, tmp_path / "out", ffmpeg)
    assert not (tmp_path / "out").exists()


def test_a_film_that_cannot_be_written_leaves_nothing_behind(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scene = Scene(ffmpeg, tmp_path, "film.mkv")
    monkeypatch.setattr(video, "build_input_arguments", lambda file, **_: ["-i", str(tmp_path / "gone")])
    before = set(tmp_path.iterdir())
    with pytest.raises(MediaError, match="could not put the dub into the film"):
        scene.mux()
    assert set(tmp_path.iterdir()) == before


def test_a_film_that_names_another_file_is_not_followed(ffmpeg: Ffmpeg, tmp_path: Path):
    scene = Scene(ffmpeg, tmp_path, "film.mp4")
    scene.recording.write_text(f"#EXTM3U\n#EXTINF:10,\n{scene.dub}\n")
    with pytest.raises(UnsafeMediaError):
        scene.mux()
