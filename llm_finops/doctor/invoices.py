"""Invoices: whether their files can be read, which months they hold, and which of them would be refused."""

from collections.abc import Iterator
from datetime import date

from llm_finops.config import Config
from llm_finops.core.invoices import take
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.inputs.files import InputError
from llm_finops.inputs.invoices import read_invoices


def examine_invoices(config: Config, name: str, day: date) -> Iterator[Check]:
    """`[invoices.NAME]`; `day` is the one whose month may still be running."""
    subject, table = f"invoices.{name}", config.invoices[name]
    if not (paths := config.files(table.paths)):
        patterns = ", ".join(table.paths)
        yield problem(subject, f"No file matches {patterns} (looked for from {config.root}).")
        return
    try:
        found = read_invoices(table.account, paths, table.columns)
    except InputError as error:
        yield problem(subject, f"{error}.")
        return
    taken = take({}, found.documents)
    months = sorted({of.invoice.month for of in taken.kept.values()})
    if months:
        said = f"{len(taken.kept):,} invoices of {table.account}, for {months[0]} to {months[-1]}."
        before = (day.replace(day=1).toordinal() - 1) if day.day > table.due_days else 0
        due = f"{date.fromordinal(before):%Y-%m}" if before else ""
        late = f" That of {due} is not there, although it was due {table.due_days} days after the month's end."
        yield warning(subject, said + late) if due > months[-1] else ok(subject, said)
    else:
        yield problem(subject, f"None of {found.rows:,} rows is an invoice that can be counted.")
    reasons = [f"{bad.file} {bad.place}: {bad.reason}" for bad in found.bad]
    reasons += [f"{of.document.file}: {of.reason}" for of in taken.refused]
    if reasons:
        yield warning(subject, f"{len(reasons):,} invoices or rows cannot be counted, such as {reasons[0]}.")
