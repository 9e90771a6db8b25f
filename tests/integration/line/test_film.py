"""A film comes back as a film, and the source is captioned beside its dubs."""

from collections.abc import Callable

import pytest

from dubbing.errors import MediaError
from tests.integration.line.conftest import Line
from tests.support.audio import run_tool


def make_film(line: Line) -> None:
    film = line.recording.with_name("film.mp4")
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=5"]
    run_tool(line.container.ffmpeg, [*picture, "-i", str(line.recording), "-c:v", "libx264", "-c:a", "aac", str(film)])
    line.recording = film


def test_a_film_comes_back_as_a_film_and_one_that_cannot_be_made_costs_no_dub(
    build_line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
):
    line = build_line()
    make_film(line)
    job_id = line.submit("es")
    assert line.run(job_id).success
    with line.database.transaction() as tx:
        made = {language: {file.path for file in files} for language, files in tx.values.load_artifacts(job_id).items()}
    assert "es/video.mp4" in made["es"]
    assert {"source/captions.srt", "source/captions.vtt"} <= made[""]

    def refuse(*_: object) -> None:
        raise MediaError("ffmpeg could not put the dub into the film (exit code 1).")

    monkeypatch.setattr("dub_assets.video.mux_video", refuse)
    assert line.run(job_id, ["manifest"]).success
    assert line.states(job_id)["es"] == "completed"
    filmless = line.submit("es")
    assert line.run(filmless).success
    assert line.states(filmless)["es"] == "completed_with_issues"
