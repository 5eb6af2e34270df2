"""A million dispatches and a million visits over three years, beside the desk's 100,000 experts."""

from collections.abc import Sequence

import psycopg

from models.rules.normalise import search_key
from tests.support.factories import TERMS_VERSION
from tests.support.postgres import plain_url

DISPATCHES, VISITS, BUSINESSES = 1_150_000, 1_000_000, 200_000
FIRST_DAY, TODAY = "2024-04-01", "2026-11-18"
TITLES = ("原価管理の見直し", "ECサイトでの販路拡大", "事業承継の準備", "補助金申請の相談", "就業規則の整備")
"""`TODAY` is where the clock of `factories` stands. Of 100 dispatches 87 have been visited."""


def fill(url: str, organisations: Sequence[str], requesters: Sequence[str], experts: int, scale: float = 1.0) -> None:
    """Letters of the desk's experts, businesses, dispatches with their slots while open, visits with fees.

    Without triggers for foreign keys, and the indexes made afterwards: a minute instead of a quarter of an hour.
    """
    values = {
        "organisations": list(organisations), "requesters": list(requesters), "experts": experts,
        "dispatches": int(DISPATCHES * scale), "businesses": int(BUSINESSES * scale), "titles": list(TITLES),
        "keys": [search_key(title) for title in TITLES], "first": FIRST_DAY, "today": TODAY,
        "terms": TERMS_VERSION,
    }  # fmt: skip
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        indexes = connection.execute(_INDEXES, {"tables": list(TABLES)}).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for statement in STATEMENTS:
            connection.execute(statement.encode(), values)
        for _, definition in indexes:
            connection.execute(definition.encode())
        connection.execute("VACUUM ANALYZE")


TABLES = ("dispatches", "slots", "visits", "visit_acts", "fees")
_INDEXES = """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%(tables)s) AND indexname LIKE 'ix%%'"""
_STATUS = """CASE WHEN n %% 100 < 87 THEN (ARRAY['completed', 'reported', 'report_due'])[
                  CASE WHEN n %% 100 < 83 THEN 1 WHEN n %% 100 < 85 THEN 2 ELSE 3 END]
                 WHEN n %% 100 < 90 THEN 'confirmed' WHEN n %% 100 < 92 THEN 'requested'
                 WHEN n %% 100 = 92 THEN 'counter_proposed' WHEN n %% 100 = 93 THEN 'needs_coordination'
                 WHEN n %% 100 < 97 THEN 'declined' ELSE 'cancelled' END"""
_DAY = """CASE WHEN n %% 100 IN (87, 88, 89, 90, 91, 92, 93) THEN %(today)s::date + (n %% 60)::int
               ELSE %(first)s::date + (n %% 960)::int END"""
STATEMENTS = (
    """INSERT INTO commission_letters (id, number, application_id, fiscal_year, terms_version, starts, ends, issued_on,
                                       accepted_at)
       SELECT md5('l' || n), 'C-2026-' || lpad(n::text, 6, '0'), md5('a' || n), 2026, %(terms)s, '2026-04-01',
              '2027-03-31', '2026-04-01', '2026-04-02'::timestamptz FROM generate_series(1, %(experts)s) AS n""",
    """INSERT INTO days_off (person_id, day)
       SELECT md5('p' || n), %(today)s::date + (n %% 90)::int FROM generate_series(1, %(experts)s, 3) AS n""",
    """INSERT INTO businesses (id, corporate_number, name, search_key, address, prefecture, organisation_id, created_at)
       SELECT md5('b' || n), (1000000000000 + n)::text, 'みほん' || n || '商店', 'ミホン' || n || '商店',
              '東京都千代田区丸の内1-9-' || n %% 50, '東京都',
              (%(organisations)s::text[])[1 + n %% array_length(%(organisations)s::text[], 1)], %(first)s::timestamptz
       FROM generate_series(1, %(businesses)s) AS n""",
    f"""INSERT INTO dispatches (id, number, organisation_id, requester_id, business_id, expert_id, status, status_since,
                               version, received_at, day, starts, ends, why, title, search_key, topic, accompany, place,
                               place_source, latitude, longitude, prefecture)
       SELECT md5('d' || n), 'D-' || extract(year FROM day) || '-' || lpad(n::text, 7, '0'),
              (%(organisations)s::text[])[1 + n %% array_length(%(organisations)s::text[], 1)],
              (%(requesters)s::text[])[1 + n %% array_length(%(requesters)s::text[], 1)],
              md5('b' || (1 + n * 7919::bigint %% %(businesses)s)),
              CASE WHEN n %% 100 = 93 THEN NULL ELSE md5('p' || (1 + n * 104729::bigint %% %(experts)s)) END,
              status, day::timestamptz - interval '3 days' + (n %% 86400) * interval '1 second', 3,
              day::timestamptz - interval '9 days', day,
              CASE WHEN fixed THEN day::timestamptz + interval '4 hours' END,
              CASE WHEN fixed THEN day::timestamptz + interval '7 hours' END,
              CASE WHEN n %% 100 = 93 THEN 'no_expert' END, (%(titles)s::text[])[1 + n %% 5],
              (%(keys)s::text[])[1 + n %% 5] || 'ミホン' || (1 + n * 7919::bigint %% %(businesses)s) || '商店',
              (ARRAY['経営戦略', '販路開拓', 'IT活用', '税務・会計', '人事・労務'])[1 + n %% 5], true,
              '東京都千代田区丸の内1-9-1', 'address', 35.681236, 139.767125, '東京都'
       FROM (SELECT n, {_STATUS} AS status, {_DAY} AS day, n %% 100 < 90 AS fixed
             FROM generate_series(1, %(dispatches)s) AS n) AS made""",
    """INSERT INTO dispatch_details (dispatch_id, wishes, contact_name, contact_phone, contact_mail)
       SELECT id, '原価を下げたい。', '田中 一郎', '03-1234-5678', 'tanaka@example.jp' FROM dispatches""",
    """INSERT INTO slots (id, dispatch_id, round, side, starts, ends)
       SELECT md5(id || k), id, 0, 'organisation', day::timestamptz + (k * 24 + 4) * interval '1 hour',
              day::timestamptz + (k * 24 + 7) * interval '1 hour'
       FROM dispatches, generate_series(0, 2) AS k
       WHERE status IN ('requested', 'counter_proposed', 'needs_coordination')""",
    """INSERT INTO visits (dispatch_id, expert_id, version, came_at, went_at, non_payable, certified_at, grade, reasons,
                           evidence, evidence_since, yen)
       SELECT id, expert_id, 3, starts, ends, 0, ends, grade,
              CASE grade WHEN 'A' THEN '' WHEN 'B' THEN 'far' ELSE 'photo' END,
              CASE WHEN grade = 'A' THEN 'clear' WHEN day < %(today)s::date - 14 THEN 'accepted' ELSE 'waiting' END,
              ends, 15840
       FROM (SELECT *, CASE right(number, 1) WHEN '8' THEN 'B' WHEN '9' THEN 'C' ELSE 'A' END AS grade
             FROM dispatches WHERE status IN ('completed', 'reported', 'report_due')) AS held""",
    """INSERT INTO visit_acts (dispatch_id, expert_id, "end", source, at, received_at, distance, accuracy, by_kind)
       SELECT dispatch_id, expert_id, side, 'gps', at, at, 42, 12, 'person'
       FROM visits, LATERAL (VALUES ('in', came_at), ('out', went_at)) AS ends (side, at)""",
    """INSERT INTO fees (dispatch_id, expert_id, day, starts, ends, non_payable, schedule_from, yen_per_hour,
                         unit_minutes, cap_yen, payable, units, yen, at, by_kind)
       SELECT dispatch_id, expert_id, came_at::date, came_at, went_at, 0, '2021-04-01', 5280, 30, 31680, 180, 6, 15840,
              went_at, 'person' FROM visits""",
)  # fmt: skip
