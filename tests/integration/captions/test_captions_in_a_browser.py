"""What a browser makes of our captions: its own WebVTT parser, and its own layout of text that runs both ways.

Cannot be proved here: what television sets and other players do, and how a browser draws a cue over a film; the cue's
text is laid out in a box with the style that the WebVTT standard gives to cues.
"""

import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dubbing.caption_formats import parse_srt, render_srt, render_vtt
from dubbing.caption_pieces import CaptionLine
from dubbing.captions import Cue, plan_cues
from tests.support.waiting import wait_for

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium: run scripts/install-test-tools, or `apt-get install chromium`"
)

DEADLINE_S = 60.0

PAGE = """<!doctype html><meta charset="utf-8">
<video><track kind="captions" src="captions.vtt"></video><div id="box"></div>
<script>
const measure = (text, lines, style) => {
  const box = document.getElementById("box");
  box.style = "position:absolute;white-space:pre;font:20px monospace;" + style;
  box.textContent = text;
  const node = box.firstChild, at = {};
  for (const [n, letters] of lines.entries())
    for (const letter of letters) {
      const range = document.createRange();
      const from = text.indexOf(letter, text.split("\\n").slice(0, n).join("\\n").length);
      range.setStart(node, from); range.setEnd(node, from + letter.length);
      (at[n] ??= {})[letter] = range.getBoundingClientRect().left;
    }
  return at;
};
const track = document.querySelector("track");
const report = (answer) => fetch("answer", {method: "POST", body: JSON.stringify(answer)});
track.onerror = () => report({error: "the track did not load"});
track.onload = async () => {
  const cues = [...track.track.cues].map(cue => ({
    start_ms: Math.round(cue.startTime * 1000), end_ms: Math.round(cue.endTime * 1000),
    text: cue.getCueAsHTML().textContent, children: cue.getCueAsHTML().children.length}));
  const wanted = await (await fetch("wanted.json")).json();
  report({cues,
    vtt: wanted.letters.map((lines, n) => measure(cues[n].text, lines, "unicode-bidi:plaintext")),
    srt: wanted.letters.map((lines, n) => measure(wanted.srt[n], lines, "direction:ltr"))});
};
track.track.mode = "hidden";
</script>"""

HOSTILE = (
    Cue(0, 900, ("R&D &amp; <b>bold</b> <v Ann>", "00:00:01.000 --> 00:00:02.000")),
    Cue(1000, 1900, ("NOTE x", "WEBVTT")),
    Cue(2000, 2900, ("1",)),
    Cue(3_723_004, 3_725_000, ("日本語と👩‍👩‍👧", "ที่นี่ हिन्दी")),
)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, answers: list[bytes], **more: Any) -> None:
        self._answers = answers
        super().__init__(*args, **more)

    def do_POST(self) -> None:
        self._answers.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path, answers: list[bytes]) -> Iterator[str]:
    handler = partial(_Handler, answers=answers, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def show(
    folder: Path, cues: Sequence[Cue], letters: Sequence[Sequence[str]] = (), *, right_to_left: bool = False
) -> Any:
    """Load captions as a browser does.

    Args:
        letters: of the first cues, by line: what to look for on screen, each found once in its line.
    """
    (folder / "captions.vtt").write_text(render_vtt(cues, right_to_left=right_to_left), encoding="utf-8")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    blocks = render_srt(cues, right_to_left=right_to_left).strip().split("\n\n")
    srt = ["\n".join(block.split("\n")[2:]) for block in blocks]
    (folder / "wanted.json").write_text(json.dumps({"letters": letters, "srt": srt}), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    options += ["--disable-extensions", "--disable-background-networking", "--disable-sync"]
    answers: list[bytes] = []
    with served(folder, answers) as url:
        browser = subprocess.Popen(
            [CHROMIUM, *options, f"--user-data-dir={folder / 'profile'}", f"{url}/index.html"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(lambda: bool(answers), "the browser's answer", DEADLINE_S, pause_s=0.05)
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
    return json.loads(answers[0])


def test_a_browser_reads_every_cue_with_its_words_and_times(tmp_path: Path):
    lines = [
        CaptionLine(f"Line {n}, said by {n % 3}. And so on!", n * 1500, n * 1500 + 1800, str(n % 3)) for n in range(9)
    ]
    planned = plan_cues(lines, language="en")
    cues = (*planned, *(Cue(c.start_ms + 60_000, c.end_ms + 60_000, c.lines) for c in HOSTILE))
    seen = show(tmp_path, cues)["cues"]
    assert [(cue["start_ms"], cue["end_ms"], tuple(cue["text"].split("\n"))) for cue in seen] == [
        (cue.start_ms, cue.end_ms, cue.lines) for cue in cues
    ]
    assert not any(cue["children"] for cue in seen)
    assert parse_srt(render_srt(cues)) == cues


def test_lines_that_run_from_right_to_left_do_so_on_screen(tmp_path: Path):
    cues = (
        Cue(0, 900, ("-NASA قالت إن الرحلة تبدأ في 12 مايو.", "-شكرا!")),
        Cue(1000, 1900, ("WHO אמרה: 50% בלבד?",)),
    )
    answer = show(
        tmp_path,
        cues,
        [[["-", "N", "ق", "1", "2", "."], ["-", "ش", "!"]], [["W", "א", "5", "0", "?"]]],
        right_to_left=True,
    )
    for laid_out in (answer["vtt"], answer["srt"]):
        arabic, thanks, hebrew = laid_out[0]["0"], laid_out[0]["1"], laid_out[1]["0"]
        assert arabic["-"] > arabic["N"] > arabic["ق"] > arabic["2"] > arabic["1"] > arabic["."]
        assert thanks["-"] > thanks["ش"] > thanks["!"]
        assert hebrew["W"] > hebrew["א"] > hebrew["0"] > hebrew["5"] > hebrew["?"]
