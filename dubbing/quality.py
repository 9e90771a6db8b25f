"""What a finished dub must be to count as completed without remark."""

from dubbing.jobs import FinalState, LanguageState
from dubbing.timing import TimingReport


def list_issues(
    timing: TimingReport, *, doubtful_lines: int, caption_violations: int, loudness_on_target: bool
) -> tuple[str, ...]:
    """Name what people should know of a dub that is delivered all the same.

    Args:
        doubtful_lines: lines whose translation lost a fact, by the checks.

    >>> timing = TimingReport(9, 8, 0, 0, 1.1, 1.0, 0)
    >>> list_issues(timing, doubtful_lines=0, caption_violations=0, loudness_on_target=True)
    ('lines_lost',)
    """
    found = {
        "lines_lost": timing.voiced < timing.segments,
        "doubtful_translation": doubtful_lines > 0,
        "overflow": timing.overflowing > 0,
        "caption_violations": caption_violations > 0,
        "loudness_off_target": not loudness_on_target,
    }
    return tuple(name for name, is_so in found.items() if is_so)


def plan_final_state(issues: tuple[str, ...]) -> FinalState:
    """Choose the state a delivered language ends in."""
    return LanguageState.COMPLETED_WITH_ISSUES if issues else LanguageState.COMPLETED
