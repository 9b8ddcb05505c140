# The browser front end.
FROM node:20-bookworm-slim AS page
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY frontend frontend
RUN npx --no-install vite build --config frontend/vite.config.ts

# The program, with the front end inside.
FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY *.go ./
COPY ot ot
COPY persistence persistence
COPY collab collab
COPY server server
COPY frontend/embed.go frontend/embed.go
COPY frontend/dist/README.md frontend/dist/README.md
COPY --from=page /src/frontend/dist/ui frontend/dist/ui
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/coscribe . && mkdir -m 0700 /out/data

# Nothing but the program: no shell, no package manager, no root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=program /out/coscribe /coscribe
COPY --from=program --chown=nonroot:nonroot /out/data /data
# Inside a container the network is its own; publish the port to choose who reaches it.
ENV COSCRIBE_LISTEN=0.0.0.0:8080 COSCRIBE_DATA=/data
VOLUME /data
EXPOSE 8080
# Stopping takes up to 25 s: people are told to come back and what they typed is committed. Docker by itself
# kills after 10 s: docker run --stop-timeout 30.
STOPSIGNAL SIGTERM
# With a certificate, or on another port, COSCRIBE_URL says where to ask: https://127.0.0.1:8443.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s CMD ["/coscribe", "healthcheck"]
ENTRYPOINT ["/coscribe"]
CMD ["serve"]
