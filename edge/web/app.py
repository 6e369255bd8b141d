"""The paths of the page."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from edge.problems import without_classes
from edge.web.door import Door
from edge.web.guard import App, Guard
from edge.web.hub import Hub
from edge.web.paths_asked import asking
from edge.web.paths_entry import entry
from edge.web.paths_metrics import measuring
from edge.web.paths_shown import showing
from edge.web_settings import WebSettings

PAGE = files("edge") / "web" / "page"
_KINDS = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_KINDS |= {"svg": "image/svg+xml", "webmanifest": "application/manifest+json"}


def build_app(hub: Hub, settings: WebSettings) -> App:
    """Return the whole page as an ASGI app."""
    app = FastAPI(title="edge-sort", docs_url=None, redoc_url=None, openapi_url=None)
    door = Door(settings.tokens)
    for routes in (entry(door), showing(hub, door), asking(hub, door), measuring(hub, door)):
        app.include_router(routes)
    _serve_files(app)

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        door.viewer(request)
        return JSONResponse(app.openapi())

    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _failed)
    return Guard(app, settings.names, proxied=settings.tokens is not None)


def _serve_files(app: FastAPI) -> None:
    """Serve exactly the files that come with the package, read once: no path of a request ever names one."""
    contents = {one.name: one.read_bytes() for one in PAGE.iterdir() if one.name.rpartition(".")[2] in _KINDS}

    def file(name: str) -> Response:
        headers = {"cache-control": "no-cache"}
        return Response(contents[name], media_type=_KINDS[name.rpartition(".")[2]], headers=headers)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return file("index.html")

    @app.get("/favicon.ico", include_in_schema=False)  # what browsers ask for unasked
    async def icon() -> Response:
        return file("icon.svg")

    @app.get("/page/{name}", include_in_schema=False)
    async def part_of_page(name: str) -> Response:
        if name not in contents:
            raise HTTPException(404, "there is no such file")
        return file(name)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"problem": str(error.detail)}, error.status_code, headers=error.headers)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    kind = request.headers.get("content-type", "none")
    if first["loc"] == ("body",) and kind.partition(";")[0].strip().lower() != "application/json":
        problem = f"expected a body of Content-Type application/json, found {kind}"
    else:
        where = ".".join(str(step) for step in first["loc"])
        problem = f"{where}: {without_classes(first['msg'].lower())}"
    return JSONResponse({"problem": problem}, 422)


async def _failed(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"problem": "the page has failed at this; the line goes on"}, 500)
