// Files in: each kind of file is taken in by the room that owns what it says; the whole file applies or nothing of it.
import { Inject, Injectable } from '@nestjs/common';
import { join } from 'node:path';
import { actorOf, type Principal } from '../access/index.js';
import { BROADCAST_COLUMNS, BroadcastsService, checkBroadcastRow } from '../broadcasts/index.js';
import { CATALOGUE_COLUMNS, CatalogueService, checkCatalogueRow, type NamedSuppliers } from '../catalogue/index.js';
import { StockService } from '../inventory/index.js';
import { CONFIGURATION, Database, importFile, reject, type Configuration, type FileFormat, type ImportPlan, type IntakeAnswer, type LinedRow, type OnError, type Tx } from '../kernel/index.js';
import { checkReturnRow, RETURN_COLUMNS, returnRow, ReturnsService } from '../returns/index.js';
import { checkOrderRow, IntakeService, ORDER_COLUMNS, orderEvent } from '../orders/index.js';

export type ImportKind = 'catalogue' | 'broadcasts' | 'orders' | 'returns';
const CHUNK = 2_000;

@Injectable()
export class ImportsService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(StockService) private readonly stock: StockService,
    @Inject(ReturnsService) private readonly returns: ReturnsService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** Operators and admins: shops, suppliers and anchors that a file names and nobody knows are created. */
  run(kind: ImportKind, source: AsyncIterable<Uint8Array>, format: FileFormat, onError: OnError, principal: Principal, progress?: (lines: number) => void): Promise<IntakeAnswer> {
    const plan = { catalogue: this.cataloguePlan(principal), broadcasts: this.broadcastsPlan(principal), orders: this.ordersPlan(principal), returns: this.returnsPlan(principal) }[kind];
    return importFile(this.database, join(this.configuration.dataDirectory, 'spool'), source, format, onError, progress === undefined ? plan : { ...plan, progress });
  }

  private cataloguePlan(principal: Principal): ImportPlan {
    const named: NamedSuppliers = new Map();
    return {
      columns: CATALOGUE_COLUMNS, check: checkCatalogueRow, chunk: CHUNK,
      apply: async (tx, rows, answer) => {
        const refused = await this.stock.setOpening(tx, await this.catalogue.importRows(tx, principal, rows, answer, true, named));
        for (const [sku, detail] of refused) {
          answer.accepted--;
          reject(answer, { line: rows.findLast((r) => r.row['sku'] === sku)?.line ?? 0, code: 'stock-promised', detail });
        }
      },
    };
  }

  private broadcastsPlan(principal: Principal): ImportPlan {
    return { columns: BROADCAST_COLUMNS, check: checkBroadcastRow, chunk: CHUNK, apply: (tx, rows, answer) => this.broadcasts.importRows(tx, principal, rows, answer, true, () => 'USD') };
  }

  /** Creates the shops that a file names, each looked at once. */
  private ensuringShops(principal: Principal): (tx: Tx, rows: readonly LinedRow[]) => Promise<void> {
    const ensured = new Set<string>();
    return async (tx, rows) => {
      for (const { row } of rows) {
        const shop = String(row['shop']);
        if (ensured.has(shop)) continue;
        ensured.add(shop);
        await this.catalogue.ensureShop(tx, principal, shop, String(row['currency'] ?? 'USD'));
      }
    };
  }

  private returnsPlan(principal: Principal): ImportPlan {
    const ensure = this.ensuringShops(principal);
    return {
      columns: RETURN_COLUMNS, check: checkReturnRow, chunk: CHUNK,
      apply: async (tx, rows, answer) => {
        await ensure(tx, rows);
        const outcomes = await this.returns.takeInLines(tx, rows.map((r) => returnRow(r.row)), actorOf(principal));
        outcomes.forEach((outcome, i) => {
          if (outcome.kind === 'accepted') answer.accepted++;
          else if (outcome.kind === 'duplicate') answer.duplicates++;
          else reject(answer, { line: rows[i]?.line ?? 0, code: outcome.code, detail: outcome.detail });
        });
      },
    };
  }

  private ordersPlan(principal: Principal): ImportPlan {
    const ensure = this.ensuringShops(principal);
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
