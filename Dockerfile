# The browser front end.
FROM node:20-bookworm-slim AS page
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY frontend frontend
RUN npx vite build --config frontend/vite.config.ts

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
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/coscribe . && mkdir /out/data

# Nothing but the program: no shell, no package manager, no root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=program /out/coscribe /coscribe
COPY --from=program --chown=nonroot:nonroot /out/data /data
# Inside a container the network is its own; publish the port to choose who reaches it.
ENV COSCRIBE_LISTEN=0.0.0.0:8080 COSCRIBE_DATA=/data
VOLUME /data
EXPOSE 8080
# Stopping takes up to 30 s: people are told to come back and what they typed is committed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s CMD ["/coscribe", "healthcheck"]
ENTRYPOINT ["/coscribe"]
CMD ["serve"]
