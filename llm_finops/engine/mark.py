"""What of a staged row does not count in full: repeats of one id, costs beyond 64 bits, all but an operation's last.

Only rows whose hash occurs twice are looked at closely, so a day without repeats costs one pass over hashes.
"""

from llm_finops.engine.mapping import DIMENSIONS
from llm_finops.engine.reading import Reading
from llm_finops.engine.rows import CONFLICT

DUPLICATE = "duplicate"
TOO_DEAR = "list cost beyond 64 bits"
_ID = ("day", "account", "provider", "id")


def mark(log: Reading, first: int, last: int) -> None:
    """(Re)make tables `dropped` (staged_row, kind) and `earlier` (staged_row) for the days first..last."""
    prepare(log)
    days = {"first": first, "last": last}
    log.connection.execute(_repeats(log), days)
    log.connection.execute(
        f"insert into dropped select staged_row, '{TOO_DEAR}' from too_dear where day between $first and $last", days
    )
    if "operation" in log.mapped.theirs:
        log.connection.execute(_earlier(log), days)


def prepare(log: Reading) -> None:
    """The tables, empty."""
    log.connection.execute("create or replace temp table dropped (staged_row bigint, kind varchar)")
    log.connection.execute("create or replace temp table earlier (staged_row bigint)")


def _content(log: Reading) -> str:
    """All that a row says, as one text: rows are the same if it is, and the greater of its bytes wins a tie."""
    fields = ("moment", "id", "operation", *DIMENSIONS, *log.mapped.tag_columns, *log.mapped.meters)
    return f"to_json(struct_pack({', '.join(f'{field} := {field}' for field in fields)}))::varchar"


def _repeats(log: Reading) -> str:
    good = "reason is null and id is not null and day between $first and $last"
    key = ", ".join(_ID)
    return f"""
        insert into dropped
        with repeated as (
            select hash({key}) as h from staged where {good} group by h having count(*) > 1),
        candidate as (
            select staged_row, file, {key}, moment, {_content(log)} as content
            from staged where {good} and hash({key}) in (from repeated)),
        ranked as (
            select staged_row,
                row_number() over (partition by {key}, content order by file, staged_row) as copy,
                dense_rank() over (partition by {key} order by moment desc, content desc) as version
            from candidate)
        select staged_row, case when copy > 1 then '{DUPLICATE}' else '{CONFLICT}' end
        from ranked where copy > 1 or version > 1"""


def _earlier(log: Reading) -> str:
    # Prices do not matter here, so the rows come from `staged`: `kept` would price each of them once more. The
    # moment tells nearly all of them apart; what else they say is looked up where it does not.
    good = """from staged anti join dropped using (staged_row)
                where reason is null and operation is not null and day between $first and $last"""
    return f"""
        insert into earlier
        with repeated as (
            select hash(day, operation) as h {good} group by h having count(*) > 1),
        candidate as (
            select staged_row, day, operation, rank() over (partition by day, operation order by moment desc) as place
            {good} and hash(day, operation) in (from repeated)),
        tied as (
            select staged_row from candidate where place = 1
            qualify count(*) over (partition by day, operation) > 1),
        ranked as (
            select staged_row, row_number() over (
                partition by day, operation
                order by id desc nulls last, account desc, provider desc, content desc) as place
            from (
                select staged_row, day, operation, id, account, provider,
                    case when id is null then {_content(log)} end as content
                from staged semi join tied using (staged_row)))
        select staged_row from candidate where place > 1
        union all select staged_row from ranked where place > 1"""
