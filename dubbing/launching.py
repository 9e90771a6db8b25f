"""When work on a job is not wanted any more."""

from collections.abc import Collection

from dubbing.jobs import FINAL_LANGUAGE_STATES, LanguageState


def is_called_off(languages: Collection[LanguageState]) -> bool:
    """Tell whether somebody cancelled what was left of a job.

    A language that was cancelled earlier does not stop work on another.

    >>> is_called_off([LanguageState.CANCELLED, LanguageState.FAILED])
    True
    >>> is_called_off([LanguageState.CANCELLED, LanguageState.SYNTHESIZING])
    False
    >>> is_called_off([LanguageState.COMPLETED, LanguageState.FAILED])
    False
    """
    states = set(languages)
    return LanguageState.CANCELLED in states and states <= FINAL_LANGUAGE_STATES
