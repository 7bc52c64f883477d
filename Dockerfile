# ndesbot serve, as a user without rights, on a root file system that may be read-only.
# docs/operating.md says how to run it. It holds no secret and takes none while it is built.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore PIP_CACHE_DIR=/var/cache/pip
WORKDIR /build
COPY requirements-build.txt requirements-serve.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    python -m venv /build/tools && /build/tools/bin/pip install --require-hashes -r requirements-build.txt
RUN --mount=type=cache,target=/var/cache/pip \
    python -m venv /opt/ndesbot && \
    /opt/ndesbot/bin/pip install --require-hashes --only-binary :all: -r requirements-serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY connectors connectors
COPY knowledge knowledge
COPY manifest manifest
RUN /build/tools/bin/python -m hatchling build -t wheel -d /build/dist && \
    /opt/ndesbot/bin/pip install --no-deps --no-index /build/dist/*.whl

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 ndesbot && \
    useradd --uid 10001 --gid 10001 --home-dir /var/lib/ndesbot --no-create-home --shell /usr/sbin/nologin ndesbot && \
    install -d -o ndesbot -g ndesbot -m 0700 /var/lib/ndesbot /var/cache/ndesbot
COPY --from=build /opt/ndesbot /opt/ndesbot
ENV PATH=/opt/ndesbot/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    NDESBOT_LOG=json \
    NDESBOT_SETTINGS=/etc/ndesbot/ndesbot.toml \
    NDESBOT_DATABASE=sqlite+aiosqlite:////var/lib/ndesbot/ndesbot.db \
    NDESBOT_CACHE=/var/cache/ndesbot
USER 10001:10001
# The entries, checked now and not at each start.
RUN ndesbot knowledge list > /dev/null
WORKDIR /var/lib/ndesbot
VOLUME /var/lib/ndesbot
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["ndesbot"]
CMD ["serve"]
