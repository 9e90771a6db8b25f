"""The film of a language, where the recording was one: made when its dub and captions are."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from dub_assets.files import store_artifact
from dub_assets.stage import Stage
from dubbing.errors import MediaError
from dubbing.languages import name_language
from dubbing.stages import Artifact
from resources.database.tables import Upload
from resources.media.video import Labels, mux_video

VIDEO = "video"
"""Kind of the artifact."""

UNKNOWN_LANGUAGE = "und"


def make_video(
    stage: Stage, language: str, dub: Artifact, captions: Sequence[Artifact], upload: Upload, folder: Path
) -> Artifact | None:
    """Put a dub into the film it was made for, beside the original sound, with its captions, and store it.

    The dub is delivered whatever becomes of the film: one that cannot be written is logged and left out.

    Args:
        dub: the finished sound.
        captions: of the same language; those without cues make no track.
        folder: of the caller's, for the file while it is made.

    Returns:
        The stored film, not yet recorded; None where the recording has no moving pictures or the film failed.

    Raises:
        DiskFullError, StorageError: as anywhere.
    """
    container = stage.container
    media = container.intake.get_media(upload)
    if not media.has_video:
        return None
    out = folder / "film"
    with ExitStack() as files:
        recording = files.enter_context(container.store.fetch(upload.storage_key))
        sound = files.enter_context(container.store.fetch(dub.storage_key))
        texts = {
            file.kind.removeprefix("captions_"): files.enter_context(container.store.fetch(file.storage_key))
            for file in captions
            if file.measurements["cues"]
        }
        try:
            film = mux_video(
                recording,
                media,
                sound,
                dub.media_type,
                texts,
                _label(stage, language, upload),
                out,
                container.ffmpeg,
            )
        except MediaError as error:
            stage.check_wanted()  # what breaks because it was stopped is no failure
            stage.log.warning("No film in %s: %s %s", language, error.code, error.message)
            return None
    return store_artifact(
        container.store,
        stage.job_id,
        out,
        kind=VIDEO,
        path=f"{language}/video.{film.suffix}",
        media_type=film.media_type,
    )


def _label(stage: Stage, language: str, upload: Upload) -> Labels:
    with stage.container.database.transaction() as tx:
        original = tx.jobs.get(stage.job_id).source_language or UNKNOWN_LANGUAGE
    return Labels(f"{Path(upload.file_name).stem} ({name_language(language)})", language, original)
