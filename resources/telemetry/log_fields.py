"""Every field that a log line can have. What is not here never leaves the process; `docs/logs.md` lists the same."""

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "timestamp": "When, in UTC, to the millisecond.",
    "level": "`debug`, `info`, `warning`, `error` or `critical`.",
    "service": "The process: `api`, `code`, `run`, `daemon`, `web`, `cli`, `up`, `metrics`.",
    "logger": "The module that says it.",
    "event": "What happened: constant dotted words, or the sentence of a library.",
}
"""What every line has."""

ADDED: Mapping[str, str] = {
    "trace_id": "Of the span that is open.",
    "span_id": "Of the span that is open.",
    "exception": "Kinds of the error and of what caused it, codes of ours, and the frames; never what they say.",
    "dropped": "How many fields were left out because they are not in this list or hold no plain value.",
}
"""What is put in by the log itself."""

FIELDS: Mapping[str, str] = {
    # Whom it is about
    "request_id": "The request that it was said in.",
    "job": "The job.",
    "language": "The language of the job.",
    "stage": "The stage of the line.",
    "attempt": "Which attempt at the job.",
    "run_id": "Dagster's run.",
    "sensor": "The sensor that was evaluated.",
    "command": "The command of the command line.",
    # How it went
    "state": "The state that it came to.",
    "outcome": "How it ended: `ok`, `broken`, or an error code.",
    "error_code": "Code of the error (`docs/errors.md`).",
    "seconds": "How long it took.",
    "duration_ms": "How long it took.",
    "latency_ms": "How long an engine took to answer.",
    "tries": "How often it was tried.",
    "exit_code": "With which code a process ended.",
    "signal": "Which signal ended a process.",
    # Requests
    "method": "Method of the request.",
    "route": "Route of the request, with the names of its parameters and not their values.",
    "status": "Status of the reply.",
    "size_bytes": "How many bytes.",
    "address": "Where a service of this machine listens.",
    "host": "Where a service listens.",
    "port": "Where a service listens.",
    "dependency": "What the service stands on.",
    # Engines and money
    "vendor": "Who was called.",
    "operation": "What for.",
    "model": "The vendor's model.",
    "voice": "The vendor's voice.",
    "usd_micros": "Money, micro-dollars.",
    "day": "The day of a bill.",
    "rule": "The rule of an alert.",
    "kind": "The kind of what is counted.",
    "lines": "How many lines, of a bill or a text.",
    # Figures
    "count": "How many.",
    "erased": "How many were erased.",
    "overdue": "How many are kept longer than they may be.",
    "refused": "How often the store refused.",
    "in_flight": "How many were passed over because somebody works on them.",
    "is_provisional": "Whether a bill can still change.",
    "reading": "The part of the metrics that could not be read.",
    "name": "Name of a service, a metric or a setting.",
}
"""What code may say with a line, and bind to all lines of a block."""
