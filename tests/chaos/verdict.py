"""What must hold after the chaos; each check gives a sentence for everything that it does not find as it should be."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from dubbing.jobs import DELIVERED_STATES
from resources.database.tables import CallState, DeadLetter, LetterState, VendorCall
from tests.chaos.books import MANIFEST, JobFiles
from vendor_emulator.invoice import InvoiceLine

Findings = list[str]
Jobs = Sequence[dict[str, Any]]

DELIVERED = {state.value for state in DELIVERED_STATES}
CLOSED = {LetterState.REPLAYED.value, LetterState.DISCARDED.value}


def check_ended(jobs: Jobs, wanted: int, within_s: float) -> Findings:
    """Every job that was submitted is there, and has ended."""
    missing = [f"{wanted - len(jobs)} of {wanted} jobs are not there"] if len(jobs) != wanted else []
    return missing + [
        f"job {job['id']} is {job['state']} {within_s:.0f} s after the faults ended: {_describe(job)}"
        for job in jobs
        if job["finished_at"] is None
    ]


def check_letters(jobs: Jobs, letters: Collection[DeadLetter]) -> Findings:
    """Whatever failed has a letter: of its language, or of its whole job."""
    addressed = {(str(letter.job_id), letter.language) for letter in letters if letter.state not in CLOSED}
    failed = [(job["id"], each["language"]) for job in jobs for each in job["languages"] if each["state"] == "failed"]
    return [
        f"{language} of job {job_id} failed, and no letter says so"
        for job_id, language in failed
        if not addressed & {(job_id, language), (job_id, None)}
    ]


def check_delivered(jobs: Jobs) -> Findings:
    """After the replays nothing is missing."""
    return [
        f"job {job['id']} is {job['state']} after all replays: {_describe(job)}"
        for job in jobs
        if any(each["state"] not in DELIVERED for each in job["languages"])
    ]


def check_ledger(calls: Collection[VendorCall], invoice: Collection[InvoiceLine]) -> Findings:
    """The ledger is the invoice, line by line; what a call of unknown outcome cost may be on the invoice or not."""
    lines = {line.request_id: line for line in invoice if line.usd_micros}
    known = [call for call in calls if call.cost_usd_micros]
    findings = [
        f"{call.operation} {call.id} is still {call.state}" for call in calls if call.state == CallState.STARTED
    ]
    for request_id, count in Counter(call.vendor_request_id for call in known).items():
        if request_id is None or count > 1:
            findings.append(f"{count} rows of the ledger name the request {request_id}")
    for call in known:
        line = lines.get(call.vendor_request_id or "")
        if line is None:
            findings.append(f"{call.operation} {call.id} is in the ledger, and on no invoice")
        elif line.usd_micros != call.cost_usd_micros:
            findings.append(
                f"{call.operation} {call.id}: {call.cost_usd_micros} in the ledger, {line.usd_micros} billed"
            )
    doubtful = Counter((call.vendor, call.operation) for call in calls if call.state == CallState.SPEND_UNKNOWN)
    accounted = {call.vendor_request_id for call in known}
    unknown = Counter((line.vendor, line.operation) for line in lines.values() if line.request_id not in accounted)
    return findings + [
        f"{count} calls to {' for '.join(kind)} were billed and are not in the ledger, {doubtful[kind]} are in doubt"
        for kind, count in unknown.items()
        if count > doubtful[kind]
    ]


def check_bought_once(calls: Iterable[VendorCall]) -> Findings:
    """What was settled once was not bought again; an answer of no use may be asked for again."""
    bought: dict[tuple[str, str], list[VendorCall]] = defaultdict(list)
    for call in calls:
        if call.state == CallState.SETTLED and call.error_code is None:
            bought[call.operation, call.content_key].append(call)
    return [
        f"{operation} {key[:12]} was bought {len(rows)} times, for {sorted({str(row.job_id) for row in rows})}"
        for (operation, key), rows in bought.items()
        if len(rows) > 1
    ]


def check_files(job: dict[str, Any], files: JobFiles) -> Findings:
    """Everything that the manifest promises is there once, and came as promised."""
    findings = []
    kinds = Counter((language, kind) for language, kind, _ in files.listed)
    findings += [f"job {job['id']} has {count} of {kind}" for kind, count in kinds.items() if count > 1]
    wanted = {(None, "manifest")} | {(each["language"], "dub") for each in job["languages"] if _is_delivered(each)}
    findings += [f"job {job['id']} has no {kind} of {language}" for language, kind in wanted - kinds.keys()]
    findings += [f"job {job['id']}: {path} did not come" for path in files.described.keys() - files.received.keys()]
    findings += [f"job {job['id']}: {path} is not on offer" for path in files.promised.keys() - files.described.keys()]
    for path, received in files.received.items():
        told = {"list": files.described.get(path), "manifest": files.promised.get(path)}
        if path == MANIFEST:
            del told["manifest"]
        findings += [
            f"job {job['id']}: {path} is not what the {who} says" for who, it in told.items() if it != received
        ]
    return findings


def check_nothing_left(what: str, found: Collection[str]) -> Findings:
    """Nothing of a kind is left."""
    return [f"{len(found)} {what} left: {', '.join(sorted(found)[:5])}"] if found else []


def collect(*checks: Callable[[], Findings]) -> Findings:
    """Make every check, whatever the others found; one that breaks is a finding too."""
    findings: Findings = []
    for check in checks:
        try:
            findings += check()
        except Exception as error:  # noqa: BLE001 - the others are to be made all the same
            findings.append(f"a check broke: {type(error).__name__}: {error}")
    return findings


def _is_delivered(language: dict[str, Any]) -> bool:
    return language["state"] in DELIVERED


def _describe(job: dict[str, Any]) -> str:
    return ", ".join(
        f"{each['language']} {each['state']} {each['progress']} %"
        + (f" waiting on {each['waiting_on']}" if each["waiting_on"] else "")
        + (f" {each['error']['code']}" if each["error"] else "")
        for each in job["languages"]
    )
