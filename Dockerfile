# The server. It runs as root in its container: the engine's socket and the folders of the sandboxes,
# which belong to another user, need that; docker-compose.yml takes away what root does not need.
ARG BASE_IMAGE=node:22-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Not `npm ci`: it refuses a lock file without the optional packages of other platforms.
RUN npm install --no-save --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node_modules/.bin/tsc -p tsconfig.build.json && npm prune --omit=dev --no-save --no-audit --no-fund

FROM ${BASE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY agent ./agent
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SANDBOX_API_PORT || 8080}/health`).then((answer) => answer.json()).then((body) => process.exit(body.status === 'healthy' ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
