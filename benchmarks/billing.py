"""How long the bill of a busy day takes, and a report over it: a million calls into a hundred thousand lines."""

import json
import resource
import statistics
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
from rich.console import Console
from sqlalchemy import text

from resources.container import Container
from resources.database.connection import Database
from resources.database.cost_views import CostQuery, Group, list_costs
from resources.settings import Settings

CALLS, JOBS, USERS = 1_000_000, 9_091, 100
DAY = date(2026, 3, 14)
REPORTS = (("day",), ("vendor", "model"), ("user",), ("language",), ("job",))
RUNS = 5
RESULTS = Path("out") / "billing.json"

_FILL = (
    "INSERT INTO users (id) SELECT uuid_in(md5('user' || n)::cstring) FROM generate_series(1, :users) n",
    """INSERT INTO uploads (id, user_id, file_name, media_type, storage_key, sha256, size_bytes)
    SELECT uuid_in(md5('upload' || n)::cstring), uuid_in(md5('user' || n)::cstring), 'a.wav', 'audio/wav', 'u' || n,
        'x', 1 FROM generate_series(1, :users) n""",
    """INSERT INTO dubbing_jobs (id, user_id, upload_id, request_key, engines, state, finished_at)
    SELECT uuid_in(md5('job' || n)::cstring), uuid_in(md5('user' || 1 + n % :users)::cstring),
        uuid_in(md5('upload' || 1 + n % :users)::cstring), 'k', '{}', 'completed', :noon
    FROM generate_series(1, :jobs) n""",
    """INSERT INTO language_tasks (id, job_id, language, state, finished_at)
    SELECT gen_random_uuid(), uuid_in(md5('job' || n)::cstring), language,
        CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'completed' END, :noon
    FROM generate_series(1, :jobs) n, unnest(ARRAY['es', 'fr', 'de', 'pt-BR', 'ko']) language""",
    # Of eleven calls of a job one recognises, and two are for each language, as in the line.
    """INSERT INTO vendor_calls (id, job_id, language, operation, vendor, model, engine, content_key, state, usage,
        cost_usd_micros, estimated_usd_micros, price_effective_from, vendor_request_id, started_at, settled_at)
    SELECT gen_random_uuid(), uuid_in(md5('job' || 1 + n / 11 % :jobs)::cstring),
        CASE WHEN n % 11 = 0 THEN NULL ELSE (ARRAY['es', 'fr', 'de', 'pt-BR', 'ko'])[1 + n % 11 % 5] END,
        CASE WHEN n % 11 = 0 THEN 'recognize' WHEN n % 11 <= 5 THEN 'translate' ELSE 'synthesize' END,
        CASE WHEN n % 11 = 0 THEN 'deepgram' WHEN n % 11 <= 5 THEN 'openai' ELSE 'elevenlabs' END,
        CASE WHEN n % 11 = 0 THEN 'nova' WHEN n % 11 <= 5 THEN 'gpt' ELSE 'eleven' END,
        'engine', md5(n::text),
        CASE WHEN n % 97 = 0 THEN 'failed' WHEN n % 991 = 0 THEN 'spend_unknown' ELSE 'settled' END,
        CASE WHEN n % 11 = 0 THEN '{"ms": 90000}'
            WHEN n % 11 <= 5 THEN '{"input_tokens": 900, "cached_input_tokens": 200, "output_tokens": 300}'
            ELSE '{"characters": 120}' END::jsonb,
        CASE WHEN n % 97 = 0 OR n % 991 = 0 THEN 0 ELSE 100 + n % 1000 END, 1200, :noon, 'req-' || n,
        CAST(:start AS timestamptz) + n * interval '86 milliseconds',
        CAST(:start AS timestamptz) + n * interval '86 milliseconds' + interval '1 second'
    FROM generate_series(1, :calls) n""",
)


def main() -> None:
    """Measure, print and write."""
    figures = measure_billing()
    Console().print(figures)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")


def measure_billing() -> dict[str, float]:
    """Seconds and memory of one bill, and milliseconds of reports; on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        settings = Settings(data_dir=Path(folder) / "data", cache_dir=Path(folder) / "cache")
        with Container(settings) as container:
            _fill(container.database)
            return _bill(container) | _report(container.database)


def _fill(database: Database) -> None:
    sizes = {"calls": CALLS, "jobs": JOBS, "users": USERS}
    times = {"start": datetime(2026, 3, 14, tzinfo=UTC), "noon": datetime(2026, 3, 14, 12, tzinfo=UTC)}
    with database.transaction() as tx:
        for statement in _FILL:
            tx.session.execute(text(statement), sizes | times)
    with database.open_session() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _bill(container: Container) -> dict[str, float]:
    begin = time.perf_counter()
    with container.database.transaction() as tx:
        made = tx.bills.make(DAY)
        summed_s = time.perf_counter() - begin
        server = psutil.Process(tx.session.scalar(text("SELECT pg_backend_pid()"))).pid
        server_mb = _read_peak_mb(server)
    begin = time.perf_counter()
    billed = container.biller.make(DAY)
    if billed.exports is None or any(not check.passed for check in (*made.checks, *billed.bill.checks)):
        raise SystemExit(f"The bill is not right: {billed}")
    return {
        "bill_lines": float(made.lines),
        "bill_sum_s": summed_s,
        "bill_again_with_exports_s": time.perf_counter() - begin,
        "bill_server_peak_mb": server_mb,
        "bill_process_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _read_peak_mb(pid: int) -> float:
    """Most memory of a server process, the shared buffers that it touched included, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _report(database: Database) -> dict[str, float]:
    figures = {}
    for names in REPORTS:
        query = CostQuery(DAY, DAY, tuple(Group(name) for name in names), limit=1000)
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            with database.transaction() as tx:
                list_costs(tx, query)
            times.append(1000 * (time.perf_counter() - begin))
        figures[f"report_by_{'_and_'.join(names)}_ms"] = statistics.median(times)
    begin = time.perf_counter()
    with database.transaction() as tx:
        tx.bills.mark_stale()
    return figures | {"find_stale_ms": 1000 * (time.perf_counter() - begin)}


if __name__ == "__main__":
    main()
