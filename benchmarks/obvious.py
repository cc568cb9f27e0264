"""The obvious application: what a good engineer would first write, and many have.

All arrays in memory from the start, a page with one <img> per thumbnail, each a PNG by Pillow.
``OBVIOUS_FILE`` names the data set.
"""

import io
import os
from typing import Annotated

import numpy as np
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment
from PIL import Image

PER_PAGE = 100
SPLITS = ("train", "val", "test")
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>{{ title }}, page {{ page }}</title>
  <style>
    main { display: flex; flex-wrap: wrap; gap: 8px }
    figure { margin: 0 }
    img { width: 84px; height: 84px; image-rendering: pixelated }
  </style>
</head>
<body>
  <h1>{{ title }}: {{ total }} images</h1>
  <main>
    {% for item in items %}
    <figure>
      <a href="/image/{{ item.split }}/{{ item.index }}.png">
        <img src="/image/{{ item.split }}/{{ item.index }}.png" alt="{{ item.name }}">
      </a>
      <figcaption>{{ item.name }}</figcaption>
    </figure>
    {% endfor %}
  </main>
  <nav>
    {% if page > 1 %}<a href="/?page={{ page - 1 }}">Previous</a>{% endif %}
    {% if page < pages %}<a href="/?page={{ page + 1 }}">Next</a>{% endif %}
  </nav>
</body>
</html>
"""

with np.load(os.environ["OBVIOUS_FILE"]) as archive:
    images = {split: archive[f"{split}_images"] for split in SPLITS}
    labels = {split: archive[f"{split}_labels"] for split in SPLITS}
places = [(split, index) for split in SPLITS for index in range(len(images[split]))]
pages = -(-len(places) // PER_PAGE)

app = FastAPI()
templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": PAGE}), autoescape=True))


@app.get("/")
def grid(request: Request, page: Annotated[int, Query(ge=1, le=pages)] = 1) -> HTMLResponse:
    shown = places[(page - 1) * PER_PAGE : page * PER_PAGE]
    items = [
        {"split": split, "index": index, "name": f"{split} {index}: {labels[split][index, 0]}"}
        for split, index in shown
    ]
    context = {
        "title": "PathMNIST",
        "total": len(places),
        "items": items,
        "page": page,
        "pages": pages,
    }
    return templates.TemplateResponse(request, "page", context)


@app.get("/image/{split}/{index}.png")
def image(split: str, index: int) -> Response:
    if split not in images or not 0 <= index < len(images[split]):
        raise HTTPException(404)
    file = io.BytesIO()
    Image.fromarray(images[split][index]).save(file, "PNG")
    return Response(file.getvalue(), media_type="image/png")
