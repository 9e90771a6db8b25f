"""The line, put together over a container: the command line and tests run it as it is here.

Dagster's own processes load `sensors.definitions`, which adds what launches and watches runs.
"""

import dagster as dg

from dub_assets.billing import bill, billing_daily
from dub_assets.captions import captions
from dub_assets.failure_hook import tell_failure
from dub_assets.io_managers import JobRecordsIOManager
from dub_assets.manifest import manifest
from dub_assets.mixed_audio import mixed_audio
from dub_assets.rerun import RERUN, Rerun
from dub_assets.retention import retention, sweep
from dub_assets.run_trace import RUN_TRACE, build_run_trace
from dub_assets.source import source
from dub_assets.transcript import transcript
from dub_assets.translation import translation
from dub_assets.tts_audio import tts_audio
from resources.container import Container

STAGES = (transcript, translation, tts_audio, mixed_audio, captions, manifest)

dub = dg.define_asset_job(
    "dub",
    selection=dg.AssetSelection.assets(*STAGES),
    hooks={tell_failure},
    description=(
        "One job from recording to manifest. The partition is the job's id. Safe to run again: what was bought is "
        "found again, and only what is missing is made. Launched again by hand, it begins anew the languages that "
        "failed; where none has, it makes again what was delivered. To work on some languages only, name them in the "
        "launchpad: resources: {rerun: {config: {languages: [es]}}}. To make one asset anew, materialise it for the "
        "partition; that works on delivered languages. While the job is under way, a run by hand is refused. A run "
        "that failed has the tags dub/error_code and dub/failure: transient ones are worth running again as they "
        "are, permanent ones after what the error names was mended."
    ),
)


def build_definitions(container: Container) -> dg.Definitions:
    """Put the line together over the adapters of a container."""
    return dg.Definitions(
        assets=[source, *STAGES, retention, billing_daily],
        jobs=[dub, sweep, bill],
        resources={
            "container": container,
            RERUN: Rerun(),
            RUN_TRACE: build_run_trace(container),
            "io_manager": _build_io_manager(container),
        },
        executor=dg.in_process_executor,
    )


def _build_io_manager(container: Container) -> dg.IOManagerDefinition:
    # Every stage needs it, so through it every run shows what it may be started with, has it checked, and is traced.
    return dg.IOManagerDefinition(
        resource_fn=lambda _: JobRecordsIOManager(container), required_resource_keys={RERUN, RUN_TRACE}
    )
