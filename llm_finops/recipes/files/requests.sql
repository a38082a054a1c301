-- Your application's own table as a request log, with the columns that finops.toml maps. Change the right-hand side
-- of each line to what your table has, and export the answer as CSV:
--
--   psql --csv -f requests.sql > logs/requests.csv
--
-- `input_total` counts cached tokens in, as OpenAI does. Anthropic's input_tokens leave them out: add
-- cache_read_input_tokens and cache_creation_input_tokens to it. Times without a zone are refused unless
-- `time_zone` says which.
select
    request_id as id,
    created_at as time,
    provider as provider,
    api_key_id as api_key,
    model as model,
    customer_id as customer,
    feature as feature,
    environment as environment,
    status as status,
    input_tokens as input_total,
    cached_tokens as cache_read,
    output_tokens as output
from llm_requests
where created_at >= '2026-11-23' and created_at < '2026-11-24'
order by created_at, request_id;
