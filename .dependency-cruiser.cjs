// The order of rooms, and where SQL and BullMQ may be touched. `npm run lint` also plants violations of each rule and expects
// them to be found (scripts/planted-violations.js).
const rooms = ['kernel', 'access', 'operations', 'catalogue', 'broadcasts', 'orders', 'inventory', 'forecast', 'production', 'returns', 'accountability', 'desk', 'connectors', 'lab', 'cli'];

const looksLeft = rooms.map((room, i) => ({
  name: 'looks-left',
  comment: `${room} imports only rooms to its left`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: rooms.slice(i + 1).map((right) => `^src/${right}/`).join('|') || '^$' },
}));

module.exports = {
  forbidden: [
    ...looksLeft,
    {
      name: 'front-door',
      comment: "another room is entered by its index.ts, its math/index.ts or its offline.ts (what works without the service); the kernel's SQL by repositories alone",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/[^/]+/math/index\\.ts$', '^src/[^/]+/offline\\.ts$', '^src/kernel/database/sql\\.ts$', '^src/app(\\.module)?\\.ts$'] },
    },
    {
      name: 'math-is-pure',
      comment: 'mathematics imports mathematics, and nothing that touches the world',
      severity: 'error',
      from: { path: '^src/.*/math/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^src/.*/math/' },
    },
    {
      name: 'bullmq-in-kernel-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernel/jobs/' },
      to: { path: '(^|/)node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'sql-in-repositories-only',
      comment: 'services hand an opaque Tx on; only repositories open it',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.repository\\.ts$', '\\.entity\\.ts$', '/sql/', '^src/kernel/database/'] },
      to: { path: '^src/kernel/database/sql\\.ts$' },
    },
    {
      name: 'pg-in-kernel-database-only',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/kernel/database/', '^src/kernel/jobs/queues\\.ts$'] },
      to: { path: '(^|/)node_modules/pg/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'cli-and-app-are-the-roof', severity: 'error', from: { path: '^src/(kernel|access|operations|catalogue|broadcasts|orders|inventory|forecast|production|returns|accountability|desk|connectors|lab)/' }, to: { path: '^src/app(\\.module)?\\.ts$' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
