# One image for every process of Stepgraph: `serve`, `worker`, `migrate` and the client commands.

# The files of the console and of the playground.
FROM node:24-slim AS pages
WORKDIR /build/console/app
COPY console/app/package.json console/app/package-lock.json console/app/.npmrc ./
RUN npm ci
WORKDIR /build/console/graphiql
COPY console/graphiql/package.json console/graphiql/package-lock.json console/graphiql/.npmrc ./
RUN npm ci
COPY console/graphiql/ ./
RUN npm run build
WORKDIR /build/console/app
COPY graphql_api/schema.graphql /build/graphql_api/schema.graphql
COPY console/app/ ./
RUN npm run build

# What the lock names, and the project as a wheel; every download is checked against the lock's hashes.
FROM python:3.11-slim AS build
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
WORKDIR /build
COPY requirements.lock ./
RUN awk '/^[a-z]/ { mine = /^uv==/ } mine' requirements.lock > uv.txt \
  && python -m pip install --no-cache-dir --require-hashes --no-deps -r uv.txt \
  && uv venv /opt/stepgraph
COPY pyproject.toml README.md LICENSE ./
RUN uv pip install --python /opt/stepgraph --require-hashes --constraint requirements.lock -r pyproject.toml
COPY domain/ domain/
COPY persistence/ persistence/
COPY actors/ actors/
COPY graphql_api/ graphql_api/
COPY stepgraph/ stepgraph/
COPY example_service/ example_service/
COPY examples/ examples/
COPY --from=pages /build/graphql_api/static/ graphql_api/static/
RUN uv build --wheel --build-constraints requirements.lock --require-hashes --out-dir dist \
  && uv pip install --python /opt/stepgraph --no-deps dist/*.whl

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Stepgraph" \
      org.opencontainers.image.description="Durable workflows over APIs, with a GraphQL face and live subscriptions." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin stepgraph
COPY --from=build /opt/stepgraph /opt/stepgraph
ENV PATH=/opt/stepgraph/bin:$PATH PYTHONUNBUFFERED=1 STEPGRAPH_LOG_FORMAT=json
USER 10001
WORKDIR /tmp
EXPOSE 8000
# For `serve`; a container of another command switches it off.
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s \
  CMD ["python", "-c", "from urllib.request import *; \
    build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/readyz', timeout=3)"]
ENTRYPOINT ["stepgraph"]
# On an address that others can reach the API asks for a key: `stepgraph keys create --in-database` makes the first one.
CMD ["serve"]
