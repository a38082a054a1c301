-- A day of LiteLLM's own table as CSV, with the columns that finops.toml maps. From the proxy's PostgreSQL:
--
--   psql "$DATABASE_URL" -v day=2026-11-23 -f litellm_spend_logs.sql > logs/litellm-2026-11-23.csv
--
-- Times are UTC without saying so; `prompt_tokens` counts cached tokens in; `end_user` is `user` of the request, and
-- `feature` stands in its metadata. `api_key` is LiteLLM's own, no provider's, so it is left out.
copy (
    select
        request_id,
        to_char("startTime", 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as start_time,
        custom_llm_provider,
        model,
        nullif(end_user, '') as end_user,
        coalesce(metadata -> 'requester_metadata' ->> 'feature', metadata -> 'spend_logs_metadata' ->> 'feature') as feature,
        coalesce(status, 'success') as status,
        prompt_tokens,
        coalesce(metadata #>> '{usage_object,prompt_tokens_details,cached_tokens}', '0') as cached_tokens,
        coalesce(metadata #>> '{usage_object,prompt_tokens_details,cache_creation_tokens}', '0') as cache_creation_tokens,
        completion_tokens
    from "LiteLLM_SpendLogs"
    where "startTime" >= :'day'::date and "startTime" < :'day'::date + 1
        and coalesce(cache_hit, '') <> 'True'  -- LiteLLM's own cache answered: no provider saw the request
    order by "startTime", request_id
) to stdout with (format csv, header true);
