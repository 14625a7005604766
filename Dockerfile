# syntax=docker/dockerfile:1
# Two stages: one that builds the wheel from the hashed locks, one that carries only what runs, as nobody in particular.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/watcher \
 && /opt/watcher/bin/pip install --quiet --require-hashes -r requirements/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY migrations migrations
COPY watcher watcher
RUN /opt/build/bin/pip wheel . --quiet --no-deps --no-build-isolation --wheel-dir /dist \
 && /opt/watcher/bin/pip install --quiet --no-deps --no-index /dist/mx_watcher-*.whl \
 && /opt/watcher/bin/pip uninstall --quiet --yes pip

FROM python:3.12-slim
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
