// Files in: each kind of file is taken in by the room that owns what it says; the whole file applies or nothing of it.
import { Inject, Injectable } from '@nestjs/common';
import { join } from 'node:path';
import type { Principal } from '../access/index.js';
import { BROADCAST_COLUMNS, BroadcastsService, checkBroadcastRow } from '../broadcasts/index.js';
import { CATALOGUE_COLUMNS, CatalogueService, checkCatalogueRow } from '../catalogue/index.js';
import { StockService } from '../inventory/index.js';
import { CONFIGURATION, Database, importFile, reject, type Configuration, type FileFormat, type ImportPlan, type IntakeAnswer, type LinedRow, type OnError, type Tx } from '../kernel/index.js';
import { checkOrderRow, IntakeService, ORDER_COLUMNS, orderEvent } from '../orders/index.js';

export type ImportKind = 'catalogue' | 'broadcasts' | 'orders';
const CHUNK = 2_000;

@Injectable()
export class ImportsService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(StockService) private readonly stock: StockService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Operators and admins: shops, suppliers and anchors that a file names and nobody knows are created. */
  run(kind: ImportKind, source: AsyncIterable<Uint8Array>, format: FileFormat, onError: OnError, principal: Principal, progress?: (lines: number) => void): Promise<IntakeAnswer> {
    const plan = { catalogue: this.cataloguePlan(principal), broadcasts: this.broadcastsPlan(principal), orders: this.ordersPlan(principal) }[kind];
    return importFile(this.database, join(this.configuration.dataDirectory, 'spool'), source, format, onError, progress === undefined ? plan : { ...plan, progress });
  }

  private cataloguePlan(principal: Principal): ImportPlan {
    return {
      columns: CATALOGUE_COLUMNS, check: checkCatalogueRow, chunk: CHUNK,
      apply: async (tx, rows, answer) => {
        const refused = await this.stock.setOpening(tx, await this.catalogue.importRows(tx, principal, rows, answer, true));
        for (const [sku, detail] of refused) {
          answer.accepted--;
          reject(answer, { line: rows.find((r) => r.row['sku'] === sku)?.line ?? 0, code: 'stock-promised', detail });
        }
      },
    };
  }

  private broadcastsPlan(principal: Principal): ImportPlan {
    return { columns: BROADCAST_COLUMNS, check: checkBroadcastRow, chunk: CHUNK, apply: (tx, rows, answer) => this.broadcasts.importRows(tx, principal, rows, answer, true, () => 'USD') };
  }

  private ordersPlan(principal: Principal): ImportPlan {
    const ensured = new Set<string>();
    const ensure = async (tx: Tx, rows: readonly LinedRow[]): Promise<void> => {
      for (const { row } of rows) {
        const shop = String(row['shop']);
        if (ensured.has(shop)) continue;
        ensured.add(shop);
        await this.catalogue.ensureShop(tx, principal, shop, String(row['currency'] ?? 'USD'));
      }
    };
    return {
      columns: ORDER_COLUMNS, check: checkOrderRow, chunk: CHUNK,
      apply: async (tx, rows, answer) => {
        await ensure(tx, rows);
        const outcomes = await this.intake.takeIn(tx, rows.map((r) => orderEvent(r.row, this.intake.hashBuyer)));
        outcomes.forEach((outcome, i) => {
          if (outcome.kind === 'accepted') answer.accepted++;
          else if (outcome.kind === 'duplicate') answer.duplicates++;
          else if (outcome.kind === 'quarantined') answer.quarantined++;
          else reject(answer, { line: rows[i]?.line ?? 0, code: outcome.code, detail: outcome.detail });
        });
      },
    };
  }
}
