"""The mixing of one job: what its languages share, and how one of them is mixed, written in its formats and proved."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dub_assets.files import store_artifact
from dub_assets.placed_takes import place_takes
from dub_assets.proof import prove_dub
from dub_assets.stage import Report, Stage
from dubbing.delivery import AudioFormat, Delivery, get_dub_kind
from dubbing.languages import get_iso_639_2, name_language
from dubbing.mixing import PRESETS, Master, assess_loudness, plan_mix
from dubbing.stages import Artifact, Measurements, SegmentedTranscript, VoicedSegment
from dubbing.units import frames_to_ms
from resources.database.tables import Take
from resources.machine_slots import MachineSlots
from resources.media.bed import Bed
from resources.media.codecs import CODECS, Tags
from resources.media.ffmpeg import Ffmpeg
from resources.media.inspection import SourceAudio
from resources.media.kept_speech import widen_spans
from resources.media.mix_graph import MixInputs
from resources.media.mixing import (
    Finished,
    Mix,
    finish_dub,
    measure_under_speech,
    render_mix,
    render_voice,
    settle_master,
    write_dub,
)
from resources.media.null_test import find_free_spans, run_null_test
from resources.media.voice_track import write_voice_track
from resources.separation.windows import PAD_MS
from resources.telemetry.context import ContextPool
from resources.workspaces import open_workspace

VOICE = "voice"

PLACED_SHARE = 0.3
MIXED_SHARE = 0.4
WRITTEN_SHARE = 0.8
FINISHED_SHARE = 0.9
"""Share of a language that is done when its takes lie at their places, when they are mixed, when the dub is written,
and when the files beside it are; then it is proved. 0-1."""

FILES_AT_A_TIME = 2
"""Files of one language that are written or tested beside the dub itself."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file of a language, to be stored."""

    file: Path
    kind: str
    media_type: str
    measurements: Measurements


@dataclass(frozen=True, slots=True)
class MixingDesk:
    """What the languages of a job share.

    Attributes:
        title: of the recording.
        recording: the original, there for as long as the desk is used.
        source: what it is.
        takes: by content key.
        slots: of this machine, for the part that keeps processors busy.
    """

    stage: Stage
    delivery: Delivery
    title: str
    recording: Path
    source: SourceAudio
    bed: Bed
    transcript: SegmentedTranscript
    takes: Mapping[str, Take]
    slots: MachineSlots

    def mix_language(self, language: str, lines: Sequence[VoicedSegment], report: Report) -> tuple[Artifact, ...]:
        """Make all that is heard of a language: first the dub, with what was measured of it."""
        with open_workspace("mix") as folder:
            with self.slots.hold(self.stage.build_order(language)):
                inputs = self._prepare(lines, folder, report)
                mix = render_mix(inputs, folder / "mix.wav", self._ffmpeg)
                report(MIXED_SHARE)
                tags = Tags(f"{self.title} ({name_language(language)})", get_iso_639_2(language))
                dub, *others = self._finish(mix, inputs, find_spans_of_takes(lines), tags, folder, report)
            report(FINISHED_SHARE)
            # The proof may wait for a vendor, and keeps no slot from others meanwhile.
            proved, pictures = prove_dub(
                self.stage,
                language,
                transcript=self.transcript,
                lines=lines,
                track=inputs.track.path,
                mix=mix,
                bed=self.bed,
                folder=folder,
            )
            beside = [self._store(language, made) for made in others]
            return (self._store(language, dub, proved), *beside, *pictures)

    @property
    def _ffmpeg(self) -> Ffmpeg:
        return self.stage.container.ffmpeg

    def _prepare(self, lines: Sequence[VoicedSegment], folder: Path, report: Report) -> MixInputs:
        """Put the takes at their places and choose the levels."""
        placed = place_takes(self.stage.container, lines, self.takes, lambda share: report(share * PLACED_SHARE))
        with closing(placed):
            track = write_voice_track(
                placed,
                self._ffmpeg,
                total_ms=self.source.duration_ms,
                rate_hz=self.bed.rate_hz,
                out=folder / "track.wav",
                kept=find_kept_spans(lines),
            )
        report(PLACED_SHARE)
        is_separate = self.delivery.bed == "separate"
        plan = plan_mix(
            self.source.loudness,
            track.loudness,
            rate_hz=track.rate_hz,
            source_channels=self.source.channels,
            preset=PRESETS[self.delivery.loudness],
            bed=self.delivery.bed,
            under_speech=measure_under_speech(self.bed, track, self._ffmpeg) if is_separate else None,
        )
        return MixInputs(self.bed, self.delivery.bed, track, plan, self._find_original_spans(lines))

    def _find_original_spans(self, lines: Sequence[VoicedSegment]) -> tuple[tuple[int, int], ...]:
        """Find when the original is put into a bed without speech: as far around kept lines as it was taken out."""
        kept = {line.number for line in lines if line.is_original}
        replaced = [(each.start_ms, each.end_ms) for each in self.transcript.segments if each.number not in kept]
        return widen_spans(find_kept_spans(lines), [*replaced, *find_spans_of_takes(lines)], PAD_MS)

    def _finish(
        self,
        mix: Mix,
        inputs: MixInputs,
        takes: Sequence[tuple[int, int]],
        tags: Tags,
        folder: Path,
        report: Report,
    ) -> list[Made]:
        """Write every file, the dub first, and test the mix beside that."""
        first, *others = self.delivery.formats
        master = settle_master(mix, CODECS[first], self._ffmpeg)
        free = self._find_free_spans(takes)

        def write(name: AudioFormat, master: Master | None = None, report: Report = lambda _: None) -> Finished:
            file = folder / f"dub.{name}"
            return finish_dub(mix, CODECS[name], file, self._ffmpeg, tags=tags, master=master, report=report)

        with running_beside() as pool:
            tested = pool.submit(run_null_test, self.recording, mix, master, free, self._ffmpeg)
            written = [pool.submit(write, name) for name in others]
            dub = write(first, master, lambda share: report(MIXED_SHARE + share * (WRITTEN_SHARE - MIXED_SHARE)))
            report(WRITTEN_SHARE)
            null = tested.result()
            if dub.master != master:  # it was corrected after it had been measured
                null = run_null_test(self.recording, mix, dub.master, free, self._ffmpeg)
            finished = dict(zip(others, [future.result() for future in written], strict=True))
        proved: Measurements = {"null_residual_db": null.residual_db, "bed_gain_db": null.gain_db} if null else {}
        made = [self._describe(mix, first, dub, folder, proved)]
        made += [self._describe(mix, name, finished[name], folder) for name in others]
        return [*made, self._write_voice(inputs, dub, tags, folder)] if self.delivery.with_voice else made

    def _describe(
        self, mix: Mix, name: AudioFormat, finished: Finished, folder: Path, proved: Measurements | None = None
    ) -> Made:
        measurements: Measurements = {
            **asdict(finished.loudness),
            "duration_ms": frames_to_ms(mix.frames, mix.rate_hz),
            "on_target": assess_loudness(finished.loudness, mix.preset).is_on_target,
            **(proved or {}),
        }
        kind = get_dub_kind(self.delivery, name)
        return Made(folder / f"dub.{name}", kind, CODECS[name].media_type, measurements)

    def _write_voice(self, inputs: MixInputs, dub: Finished, tags: Tags, folder: Path) -> Made:
        """Write the voice alone, at its level in the finished dub."""
        voice, codec = render_voice(inputs, folder / "alone.wav", self._ffmpeg), CODECS["wav"]
        file = folder / "voice.wav"
        write_dub(voice, dub.master, codec, file, self._ffmpeg, tags=tags)
        return Made(file, VOICE, codec.media_type, {"duration_ms": frames_to_ms(voice.frames, voice.rate_hz)})

    def _find_free_spans(self, takes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Find where the dub has to be the original times one gain; nowhere where the original is dropped."""
        if self.delivery.bed == "none":
            return []
        spoken = [(segment.start_ms - PAD_MS, segment.end_ms + PAD_MS) for segment in self.transcript.segments]
        is_separate = self.delivery.bed == "separate"
        return find_free_spans(takes, self.source.duration_ms, changed=spoken if is_separate else [])

    def _store(self, language: str, made: Made, proved: Measurements | None = None) -> Artifact:
        return store_artifact(
            self.stage.container.store,
            self.stage.job_id,
            made.file,
            kind=made.kind,
            path=f"{language}/{made.file.name}",
            media_type=made.media_type,
            measurements={**made.measurements, **(proved or {})},
        )


def find_spans_of_takes(lines: Sequence[VoicedSegment]) -> list[tuple[int, int]]:
    """Find when the dub speaks, (start, end) in ms."""
    return [(line.start_ms, line.start_ms + line.duration_ms) for line in lines if line.take_key is not None]


def find_kept_spans(lines: Sequence[VoicedSegment]) -> tuple[tuple[int, int], ...]:
    """Find when the source's own speech stays, (start, end) in ms."""
    return tuple((line.start_ms, line.start_ms + line.duration_ms) for line in lines if line.is_original)


@contextmanager
def running_beside() -> Iterator[ContextPool]:
    """Run work beside the caller's; what has not begun when that fails is never begun."""
    with ContextPool(FILES_AT_A_TIME, "finish") as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
