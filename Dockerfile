# syntax=docker/dockerfile:1
# One image for every process of Stallholder: `portal web`, `portal worker`, `portal migrate`, `portal sandbox`.
# compose.yaml and docs/deployment.md say how they belong together. No secret goes in here.

FROM python:3.11-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /usr/local/bin/uv
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
WORKDIR /opt/stallholder
# What the product needs changes less often than the product: a layer of its own.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project
COPY README.md LICENSE ./
COPY migrations migrations
COPY static static
COPY templates templates
COPY worker worker
COPY portal portal
RUN uv sync --frozen --no-default-groups \
    && .venv/bin/pybabel --quiet compile --directory portal/translations --domain messages \
    && .venv/bin/python -m compileall -q migrations portal worker

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 stallholder \
    && useradd --system --uid 10001 --gid stallholder --home-dir /var/lib/stallholder stallholder \
    && install --directory --owner stallholder --group stallholder --mode 0700 \
        /var/lib/stallholder /var/lib/stallholder/uploads
# Owned by root: the product reads its own code and changes nothing of it.
COPY --from=build /opt/stallholder /opt/stallholder
ENV PATH=/opt/stallholder/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORTAL_STATE=/var/lib/stallholder \
    PORTAL_PORT=8000 \
    PORTAL_LAN=1
WORKDIR /opt/stallholder
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["portal"]
CMD ["web"]
