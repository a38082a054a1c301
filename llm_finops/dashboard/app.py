"""The web application: an address comes in, one look at the ledger is taken, a page goes out. GET alone; no cookie."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jinja2
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from llm_finops.config import Config
from llm_finops.core.explain import ExplainError
from llm_finops.dashboard import pages
from llm_finops.dashboard.asking import PERIODS, BadAddress, address
from llm_finops.dashboard.blocks import Table
from llm_finops.dashboard.drawn import drawn
from llm_finops.dashboard.files import as_csv, as_parquet
from llm_finops.dashboard.guarded import Guarded
from llm_finops.dashboard.opening import NotReady, Opened
from llm_finops.dashboard.pages.sought import offers
from llm_finops.dashboard.view import Page, View
from llm_finops.ledger import LedgerError, LedgerTooNew, SumTooLarge
from llm_finops.ledger.queries import Reader, choices

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("llm_finops.dashboard"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def application(config: Config, hosts: Iterable[str] = ()) -> Guarded:
    """The dashboard of a configuration's ledger. Nothing is opened before the first request.

    `hosts`: by which names it may be asked for, besides localhost and any address.
    """
    dashboard = _Dashboard(config)
    routes = [Route(page.path, dashboard.page(page)) for page in pages.ALL]
    static = Mount("/static", StaticFiles(packages=[("llm_finops.dashboard", "static")]))
    app = Starlette(
        routes=[*routes, Route("/file", dashboard.file), static],
        middleware=[Middleware(GZipMiddleware)],
        exception_handlers={404: dashboard.not_found, 405: dashboard.only_reads, 500: dashboard.broken},
    )
    return Guarded(app, hosts)


class _Dashboard:
    """Every answer; the threads of the server share the ledger's engine."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._opened = Opened(config.database_url, config.now)

    def page(self, page: Page) -> Callable[[Request], Response]:
        """The answer of a page's address."""

        def answer(request: Request) -> Response:
            return self._guarded(page.title, lambda: self._shown(page, dict(request.query_params)))

        return answer

    def file(self, request: Request) -> Response:
        """A table of a page, `?page=/customers&table=customers&as=csv`, with all that the page was asked."""
        return self._guarded("File", lambda: self._file(dict(request.query_params)))

    def not_found(self, request: Request, _: Exception) -> Response:
        """An address that no page has."""
        return self._message("Not found", f"There is no page {request.url.path}.", 404)

    def only_reads(self, request: Request, _: Exception) -> Response:
        """A method that would change something."""
        return self._message(
            "Nothing can be changed here", f"{request.method} is not answered: only GET and HEAD.", 405
        )

    def broken(self, _: Request, __: Exception) -> Response:
        """A fault of ours: the server's log has it whole, the page nothing of it."""
        return self._message("This page is broken", "Its fault is in the log of `llm-finops dashboard`.", 500)

    def _shown(self, page: Page, params: Mapping[str, str]) -> Response:
        with self._opened.reading() as reader:
            view = self._view(page, reader, params)
            blocks = [drawn(view, block) for block in offers(view) or page.show(view)]
            return HTMLResponse(_render("page.html", **self._frame(page, view), blocks=blocks))

    def _file(self, params: dict[str, str]) -> Response:
        path, name, kind = (params.pop(key, "") for key in ("page", "table", "as"))
        page = next((page for page in pages.ALL if page.path == path), None)
        if page is None or kind not in {"csv", "parquet"}:
            raise BadAddress(f"page={path}, as={kind}: expected a page's path, and csv or parquet")
        with self._opened.reading() as reader:
            view = self._view(page, reader, params, exporting=True)
            tables = {block.name: block for block in offers(view) or page.show(view) if isinstance(block, Table)}
        if name not in tables:
            raise BadAddress(f"table={name}: expected one of {', '.join(tables)}")
        body = as_csv(tables[name], view.currency) if kind == "csv" else as_parquet(tables[name], view.currency)
        called = f"llm-finops-{name}-{view.asked.first}-{view.asked.last}.{kind}"
        told = {"Content-Disposition": f'attachment; filename="{re.sub(r"[^a-z0-9.-]", "-", called)}"'}
        media = "text/csv; charset=utf-8" if kind == "csv" else "application/vnd.apache.parquet"
        return Response(body, media_type=media, headers=told)

    def _view(self, page: Page, reader: Reader, params: Mapping[str, str], *, exporting: bool = False) -> View:
        found = address(reader, params, self._config.reporting.currency or "USD")
        if found is None:
            raise NotReady("The ledger has no day yet.", "Run `llm-finops backfill --days 90`, then open this again.")
        return View(reader, found, self._config, page.path, page.filters, exporting)

    def _frame(self, page: Page, view: View) -> dict[str, Any]:
        """What stands around the blocks of every page."""
        kept = {name: view.param(name) for name in page.keeps if view.param(name)}
        return {
            "page": page,
            "view": view,
            "menu": [
                (other.title, view.link(other.path), other.path == page.path) for other in pages.ALL if other.in_menu
            ],
            "periods": [(name, label, view.link(period=name, **kept)) for name, label in PERIODS.items()],
            "kept": kept,
            "choices": choices(view.reader, view.asked),
        }

    def _guarded(self, title: str, answer: Callable[[], Response]) -> Response:
        """What goes wrong is said on a page, with what to do; a figure is never half shown."""
        try:
            return answer()
        except NotReady as error:
            return self._message(error.what, error.do, 200)
        except (BadAddress, ExplainError, SumTooLarge) as error:
            return self._message(f"{title}: this cannot be shown", str(error), 400)
        except LedgerTooNew as error:
            return self._message("The ledger cannot be read", str(error), 503)
        except (LedgerError, SQLAlchemyError) as error:
            said = str(error) if isinstance(error, LedgerError) else "The ledger's database does not answer"
            return self._message("The ledger cannot be read", f"{said}. Is it there, and may it be read?", 503)

    def _message(self, what: str, do: str, status: int) -> Response:
        menu = [(page.title, page.path, False) for page in pages.ALL if page.in_menu]
        return HTMLResponse(_render("message.html", what=what, do=do, menu=menu), status)


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(**values)
