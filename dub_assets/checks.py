"""The asset checks of the stages, and of bills: one result a partition, so that each shows its own."""

import warnings

import dagster as dg

from dub_assets.partitions import dub_jobs

EVERY_LANGUAGE = "every_language"
"""Name of the check that fails when a stage lost a language."""


def build_check(
    asset: str, name: str, description: str, partitions_def: dg.PartitionsDefinition = dub_jobs
) -> dg.AssetCheckSpec:
    """Declare a check of a stage, or of what else has partitions."""
    with warnings.catch_warnings():
        # Checks by partition are a preview in this release of Dagster, to which the family is pinned.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, partitions_def=partitions_def, description=description)


def build_language_check(asset: str) -> dg.AssetCheckSpec:
    """Declare the check that every stage with languages has."""
    return build_check(asset, EVERY_LANGUAGE, "Every language came through; the metadata says which did not and why.")
