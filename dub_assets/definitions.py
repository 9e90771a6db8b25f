"""The line, put together over a container: the command line and tests run it as it is here.

Dagster's own processes load `sensors.definitions`, which adds what launches and watches runs.
"""

import dagster as dg

from dub_assets.captions import captions
from dub_assets.io_managers import JobRecordsIOManager
from dub_assets.manifest import manifest
from dub_assets.mixed_audio import mixed_audio
from dub_assets.source import source
from dub_assets.transcript import transcript
from dub_assets.translation import translation
from dub_assets.tts_audio import tts_audio
from resources.container import Container

STAGES = (transcript, translation, tts_audio, mixed_audio, captions, manifest)

dub = dg.define_asset_job(
    "dub",
    selection=dg.AssetSelection.assets(*STAGES),
    description=(
        "One job from recording to manifest. The partition is the job's id. Safe to run again: what was bought is "
        "found again, and only what is missing is made. To make one asset anew, materialise it for the partition."
    ),
)


def build_definitions(container: Container) -> dg.Definitions:
    """Put the line together over the adapters of a container."""
    return dg.Definitions(
        assets=[source, *STAGES],
        jobs=[dub],
        resources={"container": container, "io_manager": JobRecordsIOManager(container)},
        executor=dg.in_process_executor,
    )
