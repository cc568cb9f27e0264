# docker build -t lightbox .
# docker run -p 8000:8000 -v "$PWD/data:/data:ro" -v lightbox-cache:/cache -v lightbox-reviews:/reviews lightbox

FROM node:24-slim AS htmx
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM python:3.11-slim AS builder
WORKDIR /src
COPY requirements/setup.txt requirements/image.txt requirements/
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements/setup.txt \
 && python -m venv --without-pip /opt/lightbox \
 && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/lightbox/bin/python \
    --require-hashes -r requirements/image.txt
COPY pyproject.toml hatch_build.py README.md ./
COPY templates templates
COPY static static
COPY locale locale
COPY app app
COPY --from=htmx /src/node_modules node_modules
RUN /opt/tools/bin/hatchling build -t wheel \
 && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/lightbox/bin/python \
    --no-deps dist/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin lightbox \
 && mkdir /data /cache /reviews \
 && chown lightbox:lightbox /data /cache /reviews
COPY --from=builder /opt/lightbox /opt/lightbox
ENV PATH=/opt/lightbox/bin:$PATH \
    LIGHTBOX_DATA_DIR=/data \
    LIGHTBOX_CACHE_DIR=/cache \
    LIGHTBOX_DATABASE_URL=sqlite:////reviews/reviews.sqlite
VOLUME ["/data", "/cache", "/reviews"]
EXPOSE 8000
USER 10001
# urlopen raises, so Python exits 1, for any status from 400 up.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["lightbox", "serve", "--host", "0.0.0.0", "--public"]
