# The api and the worker are one image; ROLE says which of them a container is.

FROM node:20-bookworm-slim AS build
WORKDIR /app
# This npm runs the install scripts that package.json allows (allowScripts) and no others; the base image's npm runs all.
RUN npm install --global npm@11.19.1
# The sources come before `npm ci`, because it ends with the build (the script `prepare`).
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/var/lib/castline
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/bin ./bin
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/web/public ./web/public
COPY --from=build /app/dist ./dist
# The program belongs to root and is only read; the data folder alone can be written.
RUN install --directory --owner=node --group=node --mode=0750 /var/lib/castline
VOLUME /var/lib/castline
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/castline.js", "serve"]
