-- A company's month, as the server would have written it: :calls calls of 2,000 keys, 500 users, 60 teams, 20 models and
-- 5,000 end users in the last 30 days, in up to 20,000 combinations a day; and :keys keys, of 100,000 users and 10,000
-- teams in 100 organizations. The audit log has half as many rows as there are keys. What happened on one day lies together,
-- as it does where the days came one after the other.
\set ON_ERROR_STOP on
\set QUIET on
SET synchronous_commit = off;
SET work_mem = '256MB';
SET TIME ZONE 'UTC';

-- Steps that share no factor with what they are counted in visit everything.
CREATE TEMP TABLE calls AS
SELECT n,
       (now() - (n % 30) * interval '1 day' - (n % 997) * interval '1 second')::timestamptz(6) AS at,
       combination * 7919 % 2000 AS key,
       (combination * 7919 % 2000 + combination % 3) % 20 AS model,
       combination * 104729 % 5000 AS end_user,
       (n % 1000 + 1) * 1000 AS spend
FROM (SELECT n, (n / 30) % 20000 AS combination FROM generate_series(1, :calls) AS n) AS numbered;

INSERT INTO spend_logs (request_id, call_type, api_key, key_alias, spend, total_tokens, prompt_tokens, completion_tokens,
    cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens, start_time, end_time, completion_start_time,
    request_duration_ms, overhead_us, model, model_id, model_group, custom_llm_provider, api_base, user_id, team_id,
    organization_id, end_user, requester_ip_address, stream, status, status_code, response_id, cache_hit, request_tags,
    metadata, charges)
SELECT 'call-' || n, 'acompletion', encode(sha256(key::text::bytea), 'hex'), 'service-' || key, spend, 1200, 1000, 200,
    0, 0, 0, at, at + interval '700 milliseconds', NULL, 700, 50, 'upstream-' || model, 'deployment-' || model,
    'model-' || model, 'openai', NULL, 'user-' || key % 500, 'team-' || key % 60, 'organization-' || key % 60,
    'customer-' || end_user, NULL, false, 'success', 200, 'chatcmpl-' || n, 'False', '[]', '{}',
    '[["key","' || encode(sha256(key::text::bytea), 'hex') || '",0],["team","team-' || key % 60
        || '",1790000000000000],["gateway","gateway",0]]'
FROM calls ORDER BY at;

INSERT INTO daily_spend
SELECT (start_time AT TIME ZONE 'UTC')::date, organization_id, team_id, user_id, api_key, model_group, model,
    custom_llm_provider, end_user, sum(spend)::bigint, count(*), 0, sum(prompt_tokens)::bigint,
    sum(completion_tokens)::bigint, 0, 0, 0, 0, 0
FROM spend_logs GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1;

INSERT INTO daily_key_spend (date, user_id, team_id, organization_id, api_key, model_group, model, provider, spend,
    api_requests, failed_requests, prompt_tokens, completion_tokens, cache_read_tokens, cache_creation_tokens,
    reasoning_tokens)
SELECT date, user_id, team_id, organization_id, api_key, model_group, model, provider, sum(spend)::bigint,
    sum(api_requests)::bigint, 0, sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, 0, 0, 0
FROM daily_spend GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1;

INSERT INTO daily_team_spend (date, organization_id, team_id, model_group, provider, spend, api_requests, failed_requests,
    prompt_tokens, completion_tokens, cache_read_tokens, cache_creation_tokens, reasoning_tokens)
SELECT date, organization_id, team_id, model_group, provider, sum(spend)::bigint, sum(api_requests)::bigint, 0,
    sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, 0, 0, 0
FROM daily_key_spend GROUP BY 1, 2, 3, 4, 5 ORDER BY 1;

INSERT INTO daily_entity_spend (entity_kind, date, entity_id, spend, api_requests, failed_requests, prompt_tokens,
    completion_tokens, cache_read_tokens, cache_creation_tokens, reasoning_tokens)
SELECT kind, date, id, sum(spend)::bigint, sum(api_requests)::bigint, 0, sum(prompt_tokens)::bigint,
    sum(completion_tokens)::bigint, 0, 0, 0
FROM daily_spend, LATERAL (VALUES ('global', ''), ('key', api_key), ('user', user_id), ('team', team_id),
    ('organization', organization_id), ('end_user', end_user), ('model_group', model_group), ('provider', provider))
    AS entity (kind, id)
GROUP BY 1, 2, 3 ORDER BY 2;

INSERT INTO weekly_entity_spend (entity_kind, week, entity_id, spend, api_requests, failed_requests, prompt_tokens,
    completion_tokens, cache_read_tokens, cache_creation_tokens, reasoning_tokens)
SELECT entity_kind, date_trunc('week', date::timestamp)::date, entity_id, sum(spend)::bigint, sum(api_requests)::bigint, 0,
    sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, 0, 0, 0
FROM daily_entity_spend WHERE entity_kind IN ('key', 'user', 'end_user') GROUP BY 1, 2, 3 ORDER BY 2;

INSERT INTO daily_latency
SELECT date, model_group, 30 + bucket, sum(api_requests / 10)::bigint FROM daily_spend, generate_series(0, 9) AS bucket
GROUP BY 1, 2, 3;

INSERT INTO spend_totals
SELECT entity_kind, entity_id, sum(spend)::bigint, sum(api_requests)::bigint, now() FROM daily_entity_spend GROUP BY 1, 2;

INSERT INTO budget_spend (scope_kind, scope_id, window_start, spent, adjusted)
SELECT entity_kind, entity_id, 0, spend, 0 FROM spend_totals WHERE entity_kind = 'key'
UNION ALL SELECT 'team', entity_id, 1790000000000000, spend, 0 FROM spend_totals WHERE entity_kind = 'team'
UNION ALL SELECT 'gateway', 'gateway', 0, spend, 0 FROM spend_totals WHERE entity_kind = 'global';

-- What the triggers count one by one is counted at once below.
ALTER TABLE keys DISABLE TRIGGER USER;
INSERT INTO keys (token, key_name, key_alias, user_id, team_id, organization_id, models, budget_anchor_at, metadata, other, blocked,
    created_at, updated_at, max_budget, expires_at)
SELECT encode(sha256(n::text::bytea), 'hex'), 'sk-...' || right(n::text, 4), 'service-' || n, 'user-' || n % 100000,
    'team-' || n % 10000, 'organization-' || n % 100, '[]', now(), '{}', '{}', n % 50 = 0, now() - (:keys - n) * interval '37 seconds', now(),
    CASE WHEN n % 3 = 0 THEN n * 1000000::bigint END, CASE WHEN n % 20 = 0 THEN now() + n * interval '1 minute' END
FROM generate_series(0, :keys - 1) AS n;

ALTER TABLE keys ENABLE TRIGGER USER;

INSERT INTO key_counts
SELECT span, date_trunc(span, created_at, 'UTC'), count(*) FROM keys, (VALUES ('day'), ('hour')) AS spans (span)
GROUP BY 1, 2;

INSERT INTO customers (user_id, alias, blocked, models, metadata, created_at, updated_at)
SELECT 'customer-' || n, NULL, false, '[]', '{}', now(), now() FROM generate_series(1, :keys) AS n;

INSERT INTO organizations (organization_id, organization_alias, models, metadata, other, created_at, updated_at)
SELECT 'organization-' || n, 'Organization ' || n, '[]', '{}', '{}', now() - n * interval '1 hour', now()
FROM generate_series(0, 99) AS n;

INSERT INTO teams (team_id, team_alias, organization_id, models, metadata, other, blocked, created_at, updated_at)
SELECT 'team-' || n, 'Team ' || n, 'organization-' || n % 100, '[]', '{}', '{}', false, now() - n * interval '3 minutes',
    now()
FROM generate_series(0, 9999) AS n;

INSERT INTO users (user_id, user_email, user_role, models, metadata, other, blocked, created_at, updated_at)
SELECT 'user-' || n, 'person' || n || '@example.com', 'internal_user', '[]', '{}', '{}', false,
    now() - n * interval '5 minutes', now()
FROM generate_series(0, 99999) AS n;

INSERT INTO organization_members (organization_id, user_id, user_role, created_at)
SELECT 'organization-' || n % 100, 'user-' || n, CASE WHEN n < 100 THEN 'org_admin' ELSE 'internal_user' END, now()
FROM generate_series(0, 99999) AS n;

-- Everybody is in two teams of their organization; 100 people lead one each.
INSERT INTO team_members (team_id, user_id, role, created_at, other)
SELECT 'team-' || (n + step * 100) % 10000, 'user-' || n, CASE WHEN n BETWEEN 100 AND 199 AND step = 0 THEN 'admin' ELSE 'user' END,
    now(), '{}'
FROM generate_series(0, 99999) AS n, generate_series(0, 1) AS step;

INSERT INTO limits (scope_kind, scope_id, max_budget, budget_duration, budget_anchor_at, model_limits)
SELECT 'team', team_id, 100000000000, '1mo', now(), '{}'::json FROM teams
UNION ALL SELECT 'user', user_id, 50000000000, '1mo', now(), '{}'::json FROM users;

-- Each row's hash is over a JSON array of the hash before it and its own fields, as the server writes it.
DO $$
DECLARE
    at timestamptz;
    actor text;
    resource text;
    previous text := coalesce((SELECT hash FROM audit_logs ORDER BY id DESC LIMIT 1), '');
    rows bigint := (SELECT count(*) / 2 FROM keys);
    own text;
    change constant text[] := ARRAY['{"max_budget":1.0}', '{"max_budget":2.0}'];
BEGIN
    FOR n IN 1..rows LOOP
        at := date_trunc('second', now()) - (rows - n) * interval '60 seconds';
        actor := 'user-' || n % 100;
        resource := (ARRAY['key', 'team', 'user'])[1 + n % 3];
        own := encode(sha256(convert_to(format('["%s","%s","session","%s",null,"updated","%s","object-%s",%s,%s]',
            previous, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, resource, n % 50000,
            to_json(change[1]), to_json(change[2])), 'UTF8')), 'hex');
        INSERT INTO audit_logs (at, actor_kind, actor_id, action, resource, resource_id, before, after, previous_hash, hash)
        VALUES (at, 'session', actor, 'updated', resource, 'object-' || n % 50000, change[1], change[2], previous, own);
        previous := own;
    END LOOP;
END
$$;

VACUUM (ANALYZE);
