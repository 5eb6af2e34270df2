"""What a careful person would write by hand for the same rows as `benchmarks.dispatch` asks for."""

_SERVING = "('active', 'commissioned', 'renewal_due', 'terms_agreed', 'terms_sent')"
_ABLE = f"""SELECT e.person_id, e.application_id, e.weekly_off, e.opens, e.closes, a.prefecture
  FROM expert_specialities s JOIN experts e ON e.person_id = s.person_id
  JOIN applications a ON a.id = e.application_id
  WHERE s.speciality = %(field)s AND e.accepting AND a.state IN {_SERVING}"""
_SHOWN = """SELECT p.person_id, a.name, a.prefecture, a.answers, e.weekly_off, e.opens, e.closes, e.hidden, p.visits
  FROM page p JOIN experts e ON e.person_id = p.person_id JOIN applications a ON a.id = e.application_id"""
_IN_FORCE = """coalesce((SELECT max(ends) FROM commission_letters l WHERE l.application_id = o.application_id
  AND accepted_at IS NOT NULL), %(today)s) >= %(today)s"""
FREE = f"""WITH able AS MATERIALIZED ({_ABLE} AND a.prefecture = %(region)s),
taken AS MATERIALIZED (SELECT expert_id, starts, ends FROM dispatches
  WHERE day BETWEEN %(first_day)s AND %(last_day)s AND status IN ('confirmed', 'report_due', 'reported', 'completed')
  AND expert_id IS NOT NULL AND (starts < %(b)s AND ends > %(a)s OR starts < %(d)s AND ends > %(c)s)),
off AS MATERIALIZED (SELECT person_id, day FROM days_off WHERE day = ANY(%(days)s)),
free AS (SELECT * FROM able WHERE opens <= 780 AND closes >= 960 AND (
  (strpos(weekly_off, (%(weekdays)s::text[])[1]) = 0
   AND NOT EXISTS (SELECT 1 FROM off WHERE off.person_id = able.person_id AND off.day = %(day_a)s)
   AND NOT EXISTS (SELECT 1 FROM taken t WHERE t.expert_id = able.person_id AND t.starts < %(b)s AND t.ends > %(a)s))
  OR (strpos(weekly_off, (%(weekdays)s::text[])[2]) = 0
   AND NOT EXISTS (SELECT 1 FROM off WHERE off.person_id = able.person_id AND off.day = %(day_c)s)
   AND NOT EXISTS (SELECT 1 FROM taken t WHERE t.expert_id = able.person_id AND t.starts < %(d)s AND t.ends > %(c)s)))),
counted AS (SELECT person_id, application_id, count(*) OVER () AS total,
  (SELECT count(*) FROM visits v WHERE v.expert_id = free.person_id AND came_at IS NOT NULL) AS visits FROM free),
page AS (SELECT * FROM counted o WHERE {_IN_FORCE} ORDER BY visits DESC, person_id LIMIT 20)
{_SHOWN} ORDER BY p.visits DESC, p.person_id"""
NEAR = f"""WITH able AS MATERIALIZED ({_ABLE}),
far (prefecture, metres) AS (VALUES ('東京都', 1), ('愛知県', 2), ('大阪府', 3), ('北海道', 4), ('福岡県', 5)),
first AS (SELECT prefecture FROM (SELECT prefecture, sum(count(*)) OVER (ORDER BY metres) - count(*) AS nearer
  FROM able JOIN far USING (prefecture) GROUP BY prefecture, metres) AS held WHERE nearer < 70),
counted AS (SELECT person_id, application_id, metres,
  (SELECT count(*) FROM visits v WHERE v.expert_id = able.person_id AND came_at IS NOT NULL) AS visits,
  (SELECT count(*) FROM able) AS total
  FROM able JOIN first USING (prefecture) JOIN far USING (prefecture)),
page AS (SELECT * FROM counted o WHERE {_IN_FORCE} ORDER BY metres, visits DESC, person_id LIMIT 20)
{_SHOWN} ORDER BY p.metres, p.visits DESC, p.person_id"""
LIST = """WITH page AS MATERIALIZED (SELECT * FROM dispatches WHERE {0} ORDER BY {1} LIMIT 50 OFFSET {2})
SELECT d.id, d.number, d.version, d.status, d.status_since, d.received_at, d.day, d.starts, d.ends, d.why, d.title, d.topic,
  b.name, o.name, d.expert_id, a.name, v.grade, v.evidence, v.yen
  FROM page d JOIN businesses b ON b.id = d.business_id JOIN organisations o ON o.id = d.organisation_id
  LEFT JOIN experts e ON e.person_id = d.expert_id LEFT JOIN applications a ON a.id = e.application_id
  LEFT JOIN visits v ON v.dispatch_id = d.id AND v.expert_id = d.expert_id ORDER BY {1}"""  # noqa: E501
EXCEPTIONS = """WITH page AS MATERIALIZED (SELECT v.* FROM visits v JOIN dispatches d ON d.id = v.dispatch_id
  WHERE evidence = 'waiting' AND d.status IN ('confirmed', 'report_due', 'reported', 'completed')
  ORDER BY evidence_since, dispatch_id LIMIT 50 OFFSET %(skip)s)
SELECT v.dispatch_id, d.number, v.version, d.day, b.name, d.title, o.name, v.expert_id, a.name, v.came_at, v.went_at,
  v.grade, v.reasons, v.evidence, v.evidence_since, v.yen
  FROM page v JOIN dispatches d ON d.id = v.dispatch_id JOIN businesses b ON b.id = d.business_id
  JOIN organisations o ON o.id = d.organisation_id LEFT JOIN experts e ON e.person_id = v.expert_id
  LEFT JOIN applications a ON a.id = e.application_id ORDER BY v.evidence_since, v.dispatch_id"""
