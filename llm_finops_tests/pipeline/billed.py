"""A company of accounts whose costs are files, and of their invoices: what the monthly match is tested with."""

from collections.abc import Sequence
from pathlib import Path

from llm_finops.core.settings import to_rows
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.outcome import Failed, failures
from llm_finops.pipeline.run import RunReport
from llm_finops_tests.pipeline.little import Little, write_csv

MONTH, DAY, NEXT = "2026-09", "2026-09-01", "2026-10"
COSTS = ["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargeCategory", "ChargeDescription"]
INVOICE = [
    "InvoiceId",
    "InvoiceIssuerName",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeDescription",
    "BilledCost",
    "BillingCurrency",
]
TAKEN = ("invoices", "invoice_matches")

Line = tuple[str, str]  # charge category, amount


class Billed(Little):
    """Accounts `[costs.NAME]`, each with the file costs/NAME.csv; an account's invoices are invoices/NAME/*.csv."""

    def __init__(self, root: Path, name: str = "home", ledger_url: str = "") -> None:
        super().__init__(root, name, ledger_url)
        self.prepaid: set[str] = set()
        self.accounts: list[str] = []
        self.invoiced: list[str] = []
        self.more: dict[str, str] = {}  # keys of a source's table

    def found(self) -> "Billed":
        self.root.mkdir(parents=True, exist_ok=True)
        self.set_clock("2026-10-05T06:30:00Z")
        return self

    def costs(self, account: str, lines: Sequence[Line], day: str = DAY, currency: str = "USD") -> None:
        """What is reported: lines on one day."""
        rows = [(amount, currency, day, category, f"{account} {n}") for n, (category, amount) in enumerate(lines)]
        write_csv(self.root / "costs" / f"{account}.csv", COSTS, rows)
        if account not in self.accounts:
            self.accounts.append(account)

    def invoice(
        self,
        account: str,
        lines: Sequence[Line],
        number: str = "INV-1",
        month: str = MONTH,
        file: str = "",
        currency: str = "USD",
    ) -> Path:
        """A document in a file of its own."""
        rows = self.invoice_rows(lines, number, month, currency, account)
        if account not in self.invoiced:
            self.invoiced.append(account)
        return write_csv(self.root / "invoices" / account / f"{file or number}.csv", INVOICE, rows)

    @staticmethod
    def invoice_rows(
        lines: Sequence[Line], number: str, month: str = MONTH, currency: str = "USD", whose: str = "a"
    ) -> list[tuple[str, ...]]:
        until = f"{month[:5]}{int(month[5:]) + 1:02d}-01"
        return [
            (number, "Vendor", f"{month}-01", until, category.title(), f"{category} of {whose}", amount, currency)
            for category, amount in lines
        ]

    def write_config(self, *more: str) -> None:
        """finops.toml as the company stands."""
        text = [f"start_date = {DAY}\n"]
        for account in self.accounts:
            billing = 'billing = "prepaid"\n' if account in self.prepaid else ""
            text.append(f'[costs.{account}]\npaths = "costs/{account}.csv"\n{billing}')
        for account in self.invoiced:
            paths = f'[invoices.{account}]\naccount = "{account}"\npaths = "invoices/{account}/*.csv"\n'
            text.append(paths + self.more.get(account, ""))
        (self.root / "finops.toml").write_text("\n".join([*text, *more]), encoding="utf-8")

    def book(self, *days: str) -> RunReport:
        """What a whole run of the days books of costs, invoices and matches, without the rest."""
        failed: list[Failed] = []
        computed = 0
        with self.finops.work("booked") as work:
            before = work.ledger.seq()
            with work.ledger.commit("settings") as commit:  # the price book says nothing here, and takes a second
                commit.book(d.SETTINGS, "*", "*", to_rows(work.settings()))
            for asset in declared(self.config):
                if asset.name in TAKEN or asset.name.endswith("_cost_lines"):
                    result = asset.step(work, list(days or [DAY]))
                    failed += failures(asset.name, result)
                    computed += result.computed
            made = work.ledger.versions_made(before)
        return RunReport(not failed, failed, made, computed, "booked")

    def matches(self, account: str = "", month: str = MONTH) -> dict[str, tuple[object, ...]]:
        """{account category: reported, invoiced, difference, state} of a month, by SQL."""
        found = self.rows(
            "select scope, charge_category, reported_nano, invoiced_nano, difference_nano, state "
            "from current_invoice_matches where month = :month",
            month=month,
        )
        return {f"{scope} {category}": tuple(rest) for scope, category, *rest in found if account in {"", scope}}

    def findings(self, kind: str) -> list[tuple[object, ...]]:
        return self.rows(
            "select day, account, subject, unit, amount, detail from current_findings "
            "where kind = :kind order by day, account, subject",
            kind=kind,
        )
