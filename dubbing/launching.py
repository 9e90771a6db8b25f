"""When work on a job is not wanted any more."""

from collections.abc import Sequence

from dubbing.jobs import LanguageState


def ended_by_cancel(languages: Sequence[LanguageState]) -> bool:
    """Tell whether a cancel was what ended the work on a job last.

    It ends everything that is under way, so an older one is followed by what has ended otherwise since.

    Args:
        languages: in the order in which they ended, those under way last.

    >>> ended_by_cancel([LanguageState.COMPLETED, LanguageState.CANCELLED])
    True
    >>> ended_by_cancel([LanguageState.CANCELLED, LanguageState.COMPLETED])
    False
    >>> ended_by_cancel([LanguageState.CANCELLED, LanguageState.SYNTHESIZING])
    False
    """
    return bool(languages) and languages[-1] is LanguageState.CANCELLED
