"""What a job on the vendors' engines is estimated to cost, beside what its ledger says it cost."""

from dubbing.estimating import JobEstimate
from tests.integration.line.cloud import DURATION_MS, CloudLine


def test_what_a_job_cost_lies_within_every_estimate_and_each_is_sharper_than_the_one_before(line: CloudLine) -> None:
    languages = ("es", "pt-BR")
    job_id = line.voice(*languages)
    with line.container.database.transaction() as tx:
        heard = tx.values.load_transcript(job_id)
        translated = tx.values.load_translations(job_id)
        estimator = line.container.estimator
        guessed = estimator.estimate(tx, languages, DURATION_MS, source="en")
        listened = estimator.estimate(tx, languages, DURATION_MS, source="en", transcript=heard.segments)
        texts = {language: {line.number: line.text for line in lines} for language, lines in translated.items()}
        read = estimator.estimate(
            tx, languages, DURATION_MS, source="en", transcript=heard.segments, translations=texts
        )
    assert [measure_width(each) for each in (guessed, listened, read)] == sorted(
        (measure_width(each) for each in (guessed, listened, read)), reverse=True
    )
    assert {each.basis for each in read.languages.values()} == {"translation"}
    assert guessed.lowest_usd_micros <= listened.lowest_usd_micros <= read.lowest_usd_micros
    calls = line.calls(job_id)
    for estimate in (guessed, listened, read):
        for language, part in [(None, estimate.shared), *estimate.languages.items()]:
            spent = sum(call.cost_usd_micros for call in calls if call.language == language)
            reserved = sum(call.estimated_usd_micros for call in calls if call.language == language)
            assert part.low_usd_micros <= spent <= reserved <= part.high_usd_micros, (estimate, language)


def measure_width(estimate: JobEstimate) -> int:
    return estimate.worst_usd_micros - estimate.lowest_usd_micros
