"""The least that FastAPI and Jinja can do: a page with nothing on it."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment

PAGE = '<!doctype html><html lang="en"><title>{{ title }}</title><p>{{ title }}</p></html>'

app = FastAPI()
templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": PAGE}), autoescape=True))


@app.get("/")
def page(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "page", {"title": "Empty"})
