"""What the page answers when it does not do what is asked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """One sentence for a person."""

    problem: str


_WHY = {
    400: "not a request",
    401: "show your token first",
    403: "not yours to do, or asked by another site",
    404: "there is no such thing",
    408: "too slow",
    409: "the line refuses",
    413: "too large",
    421: "not the name of this page",
    422: "not what is expected",
    429: "too many wrong tokens",
    503: "not now",
}
# the schema as such and not as a model, which would be described as of the path's own kind, a JPEG say
_JSON = {"application/json": {"schema": Problem.model_json_schema()}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": why, "content": _JSON} for status, why in _WHY.items()
}
