# syntax=docker/dockerfile:1
# Two stages: one that builds the wheel from the hashed locks, one that carries only what runs, as nobody in particular.
# BASE is any image with python3 (3.11 or newer), its venv module and useradd; a release pins it by digest.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python3 -m venv /opt/watcher \
 && /opt/watcher/bin/pip install --quiet --require-hashes -r requirements/runtime.txt \
 && python3 -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY requirements/bom.cdx.json requirements/
COPY migrations migrations
COPY watcher watcher
RUN /opt/build/bin/pip wheel . --quiet --no-deps --no-build-isolation --wheel-dir /dist \
 && /opt/watcher/bin/pip install --quiet --no-deps --no-index /dist/mx_watcher-*.whl \
 && /opt/watcher/bin/pip uninstall --quiet --yes pip

FROM ${BASE}
LABEL org.opencontainers.image.title="watcher" \
      org.opencontainers.image.description="Watches the lookalikes of protected names and tells defenders when one becomes able to receive mail" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home --shell /usr/sbin/nologin watcher
COPY --from=build /opt/watcher /opt/watcher
COPY --chmod=755 tools/container_start /usr/local/bin/container_start
ENV PATH=/opt/watcher/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WATCHER_DATABASE_URL=sqlite:////data/watcher.db \
    WATCHER_API__LISTEN=0.0.0.0:8080
WORKDIR /data
VOLUME /data
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["watcher", "healthcheck"]
ENTRYPOINT ["container_start"]
CMD ["serve"]
